public import Units

/// The weight [out, in] of a linear layer in fewer bits, each group of inputs with scales and zero points of its own, as
/// GPTQ stores it (arXiv 2210.17323; the layout is that of AutoGPTQ and its successors).
public struct GroupedWeight: Hashable, Sendable {
  public var bits: Int
  public var input: Int
  public var output: Int
  public var groups: Int
  public var scaleType: DataType
  /// Whether a list tells the group of each input (`g_idx`).
  public var hasIndex: Bool

  public init(bits: Int, input: Int, output: Int, groups: Int, scaleType: DataType, hasIndex: Bool) {
    self.bits = bits
    self.input = input
    self.output = output
    self.groups = groups
    self.scaleType = scaleType
    self.hasIndex = hasIndex
  }

  /// What is held, by the names of the state dictionary.
  public var storages: [(name: String, shape: Shape, dataType: DataType)] {
    [
      ("qweight", [input * bits / 32, output], .int32), ("qzeros", [groups, output * bits / 32], .int32),
      ("scales", [groups, output], scaleType),
    ] + (hasIndex ? [("g_idx", [input], .int32)] : [])
  }
}
