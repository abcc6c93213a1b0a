public import Graph
public import Units

/// The parameters of one module: what `torch.nn.Linear`, `Embedding` or a norm owns.
public struct ModuleParameters: Hashable, Sendable {
  /// The module's path as the checkpoint spells it, without `.weight`: `model.layers.3.self_attn.q_proj`.
  public var path: String
  /// Shape of the weight as it is stored: `[out, in]` for a linear layer, `[in, out]` where ``isTransposed``,
  /// `[experts, …]` where one weight holds every expert. Nil where packing hides it, or it is not stored.
  public var weight: Shape?
  public var bias: Shape?
  /// Whether the weight is stored as `[in, out]` (GPT-2's Conv1D).
  public var isTransposed: Bool
  /// How GPTQ packed the weight, where it did.
  public var grouped: GroupedWeight?
  /// How tensor-parallel ranks share the module, of whose parameters the shapes are one rank's; nil where each has all.
  public var split: LinearSplit?

  public init(
    path: String, weight: Shape?, bias: Shape?, isTransposed: Bool = false, grouped: GroupedWeight? = nil
  ) {
    self.grouped = grouped
    self.path = path
    self.weight = weight
    self.bias = bias
    self.isTransposed = isTransposed
  }

  /// The module of the same kind with another number at the end of its path: `norms.3` for `norms.0`.
  func numbered(_ number: Int) -> ModuleParameters {
    var module = self
    module.path = path.lastIndex(of: ".").map { "\(path[...$0])\(number)" } ?? path
    return module
  }

  /// The features that come in and go out; nil unless the weight is stored as a matrix.
  public var features: (input: Int, output: Int)? {
    guard let weight, weight.rank == 2 else { return nil }
    return isTransposed ? (weight[0], weight[1]) : (weight[1], weight[0])
  }

  /// The features that the layer is given and gives, of which ranks that share it may gather or cut what a rank works on.
  var featuresOutside: (input: Int, output: Int)? {
    guard let features, let split, split.isWholeOutside else { return features }
    switch split.axis {
    case .outputs: return (features.input, features.output * split.ranks)
    case .inputs: return (features.input * split.ranks, features.output)
    }
  }
}
