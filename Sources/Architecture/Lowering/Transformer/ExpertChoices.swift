internal import Graph

/// How a family's mixture of experts runs (transformers 5.17).
struct ExpertChoices: Sendable {
  typealias Setting = ConfiguredValue

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
    /// In fp32, among the groups of experts whose largest softmax is largest (DeepSeek-V2).
    case groupedSoftmax
    /// In fp32, among the groups of experts whose two largest sigmoids are largest (DeepSeek-V3).
    case groupedSigmoid
    /// Two experts, each sampled near the largest logit (Phi-3.5-MoE).
    case sparseMixer
    /// The largest logits, under a sigmoid, and zero for every other expert (Llama 4).
    case sigmoidOfAll
  }

  /// An expert that every token passes.
  enum Shared: Sendable {
    /// Run first, and scaled by a gate of its own (Qwen2-MoE).
    case gatedFirst
    /// Run last, and added (DeepSeek).
    case last
    /// The same beside the block (Granite).
    case beside
  }

  var routing: Routing
  var shared: Shared?
  /// Whether an expert's matrices are stored as `[in, out]`.
  var isTransposed = false
  /// Whether an expert's layers have biases.
  var hasBiases = false
  /// Whether gate and up alternate, are clamped, and the gate is a sigmoid of 1.702 times itself (gpt-oss).
  var clampsInterleaved = false
  /// Whether the block owns the experts before the router.
  var ownsExpertsFirst = false
  /// The key of the noise that the block's input is multiplied by, and how often that happens.
  var noise: Noise?
  /// Whether PEFT adapts the stacks of experts and the router where it is told to adapt the layers that earlier versions
  /// of transformers had in their place, and by which names (peft/utils/transformers_weight_conversion.py).
  var adapted: AdaptedNames?
  /// How the experts ran as modules of their own before version 5 of transformers; nil where they never were.
  var loop: Loop?

  /// A loop over experts, each an MLP of linear layers, which bitsandbytes quantises like any other.
  struct Loop: Sendable {
    enum Kind: Sendable {
      /// The router is a linear layer, and its weights take the type of the hidden states (Mixtral, Qwen, OLMoE).
      case narrow
      /// The router owns a bare weight, and the results are summed in fp32, as its weights are (DeepSeek-V3).
      case wide
    }

    var kind: Kind
    var names: AdaptedNames
  }

  /// The loop that runs under these settings: where base weights are quantised, since stacks of experts could not be.
  func loop(_ settings: ForwardSettings) -> Loop? { settings.quantization == nil ? nil : loop }

  struct Noise: Sendable {
    var key: String
    var times: Int
  }

  struct AdaptedNames: Sendable {
    var gate: String
    var up: String
    var down: String
    let router = "gate"

    var all: [String] { [router, gate, up, down] }
  }

  static let mixtralNames = AdaptedNames(gate: "w1", up: "w3", down: "w2")
  static let usualNames = AdaptedNames(gate: "gate_proj", up: "up_proj", down: "down_proj")
}
