/// What the ranks that share a model's matrices exchange, seen from one of them: the functional collectives of
/// torch.distributed, whose results are new tensors.
public enum Collective: Hashable, Sendable {
  /// Partial sums become the sum on every rank, whose gradient every rank has already.
  case allReduce
  /// What every rank holds goes into work of which each does a part, so that its gradient is the sum of all ranks'.
  case share
  /// The pieces of a tensor along an axis become the whole on every rank, which keeps a piece of the gradient.
  case gather(axis: Int)
  /// The same for work of which each rank then does a part, so that the gradients are summed before they are cut.
  case gatherForParts(axis: Int)
  /// Partial sums become a piece of the sum on each rank; the pieces of the gradient are gathered.
  case reduceScatter(axis: Int)
  /// A piece of what every rank holds; the pieces of the gradient are gathered.
  case cut(axis: Int)
  /// Rows that each rank sends to those that want them, and as many as the others send; the gradients go the way back.
  case exchange

  /// The name under which PyTorch's dispatcher knows it.
  var name: String {
    switch self {
    case .allReduce: "all_reduce"
    case .share: "view"
    case .gather, .gatherForParts: "cat"
    case .reduceScatter: "reduce_scatter_tensor"
    case .cut: "clone"
    case .exchange: "all_to_all_single"
    }
  }
}
