/// How a family's mixture of experts runs (transformers 5.17).
struct ExpertChoices: Sendable {
  /// How the router picks experts and weighs them.
  enum Routing: Sendable {
    /// `softmax(logits.float())` over all experts, the largest of it divided by their sum (Mixtral).
    case softmaxThenTopK
    /// The same with `softmax(dtype=float32)`, divided where the configuration says so, and cast back (Qwen).
    case softmaxThenTopKCast
    /// The largest logits, then a softmax over them in their own type (gpt-oss).
    case topKThenSoftmax
    /// The same on logits in fp32, cast back (Granite).
    case wideTopKThenSoftmax
  }

  /// An expert that every token passes.
  enum Shared: Sendable {
    /// Run first, and scaled by a gate of its own (Qwen2-MoE).
    case gatedFirst
    /// Run last, and added (DeepSeek, Granite).
    case last
  }

  var routing: Routing
  var shared: Shared?
  /// Whether an expert's matrices are stored as `[in, out]`.
  var isTransposed = false
  /// Whether gate and up alternate, are clamped, and the gate is a sigmoid of 1.702 times itself (gpt-oss).
  var clampsInterleaved = false
  /// Whether an expert's layers have biases.
  var hasBiases = false
  /// The order in which the block owns its parts.
  var ownsExpertsFirst = false
}
