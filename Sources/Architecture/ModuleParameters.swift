public import Units

/// The parameters of one module: what `torch.nn.Linear`, `Embedding` or a norm owns.
public struct ModuleParameters: Hashable, Sendable {
  /// The module's path as the checkpoint spells it, without `.weight`: `model.layers.3.self_attn.q_proj`.
  public var path: String
  /// Shape of the weight as it is stored: `[out, in]` for a linear layer, `[in, out]` where ``isTransposed``.
  public var weight: Shape?
  public var bias: Shape?
  /// Whether the weight is stored as `[in, out]` (GPT-2's Conv1D).
  public var isTransposed: Bool

  public init(path: String, weight: Shape?, bias: Shape?, isTransposed: Bool = false) {
    self.path = path
    self.weight = weight
    self.bias = bias
    self.isTransposed = isTransposed
  }
}
