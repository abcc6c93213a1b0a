/// How tensor-parallel ranks share a linear layer as torch's DTensor runs it (torch/distributed/tensor/parallel/style.py).
public struct LinearSplit: Hashable, Sendable {
  public enum Axis: Hashable, Sendable {
    /// Each rank forms a part of the outputs from all inputs (`ColwiseParallel`).
    case outputs
    /// Each rank has a part of the inputs, and the outputs are a sum over the ranks (`RowwiseParallel`).
    case inputs
  }

  public var axis: Axis
  public var ranks: Int
  /// Whether what lies beyond the split axis is whole on every rank: outputs are gathered, inputs cut.
  public var isWholeOutside: Bool
  /// Whether ranks share what lies around attention and MLP along the sequence (`SequenceParallel`).
  public var isAlongSequence: Bool

  public init(_ axis: Axis, ranks: Int, isWholeOutside: Bool = false, isAlongSequence: Bool = false) {
    self.axis = axis
    self.ranks = ranks
    self.isWholeOutside = isWholeOutside
    self.isAlongSequence = isAlongSequence
  }
}
