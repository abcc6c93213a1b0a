/// What ranks send one another.
public enum CollectiveKind: Hashable, Sendable {
  /// Every rank ends with the sum. Bytes: of the tensor.
  case allReduce
  /// Every rank ends with all parts. Bytes: of all parts together.
  case allGather
  /// Every rank ends with its part of the sum. Bytes: of the whole tensor.
  case reduceScatter
  /// Every rank sends a part to each. Bytes: what one rank holds.
  case allToAll
  /// One rank to the next.
  case pointToPoint
}
