/// What the ranks that share a model's matrices exchange, seen from one of them: the functional collectives of
/// torch.distributed, whose results are new tensors.
public enum Collective: Hashable, Sendable {
  /// Partial sums become the sum on every rank, whose gradient every rank has already.
  case allReduce
  /// What every rank holds goes into work of which each does a part, so that its gradient is the sum of all ranks'.
  case share
  /// The pieces of a tensor along an axis become the whole on every rank, which keeps a piece of the gradient.
  case gather(axis: Int)
  /// A piece of what every rank holds; the pieces of the gradient are gathered.
  case cut(axis: Int)

  /// The name under which PyTorch's dispatcher knows it.
  var name: String {
    switch self {
    case .allReduce: "all_reduce"
    case .share: "view"
    case .gather: "cat"
    case .cut: "clone"
    }
  }
}
