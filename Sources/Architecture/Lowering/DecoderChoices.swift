/// What a family's implementation in transformers 5.17 does that neither the tensors nor the configuration of a
/// checkpoint show. A row per family; everything else follows from the checkpoint.
struct DecoderChoices: Sendable {
  enum Norm: Sendable {
    case layerNorm
    /// In fp32, multiplied by the weight after the cast back (Llama).
    case rms
    /// In fp32, multiplied by one plus the weight before the cast back (Gemma).
    case rmsOnePlus
  }

  enum Positions: Sendable {
    case none
    /// A learned table, looked up by `arange`.
    case learned
    /// A learned table, looked up by the running sum of the attention mask (OPT, BioGPT).
    case learnedFromMask
    /// Rotated queries and keys, cosines and sines computed once for all layers.
    case rotary
  }

  /// Where the probabilities of attention are formed.
  enum EagerSoftmax: Sendable {
    /// `softmax(dtype=float32)` and back (Llama).
    case upcast
    /// In the scores' own type, then cast to the values' (GPT-2).
    case plain
  }

  var norm = Norm.rms
  var positions = Positions.rotary
  var eagerSoftmax = EagerSoftmax.upcast
  /// Whether queries are scaled before attention, which then runs with a scale of one (OPT).
  var scalesQueries = false
  /// Whether the block's variables keep the outputs of attention and MLP until it returns (GPT-2).
  var holdsBranches = false
  /// The flag that, when false, moves the norms behind attention and MLP (OPT-350m).
  var preNormKey: String?
  /// Whether the MLP's input is flattened to a matrix first (OPT).
  var flattensMLP = false
  /// Whether the hidden states are multiplied by the root of their size after the embedding (Gemma).
  var scalesEmbedding = false
  /// Keys of the dropout probabilities, with transformers' defaults.
  var embeddingDropout: (key: String, value: Double)?
  var attentionDropout: (key: String, value: Double) = ("attention_dropout", 0)
  var residualDropout: (key: String, value: Double)?
  /// Key of the activation function, with transformers' default.
  var activation: (key: String, value: String) = ("hidden_act", "silu")
}

extension DecoderChoices {
  static let llama = DecoderChoices()

  static let gpt2 = DecoderChoices(
    norm: .layerNorm, positions: .learned, eagerSoftmax: .plain, holdsBranches: true,
    embeddingDropout: ("embd_pdrop", 0.1), attentionDropout: ("attn_pdrop", 0.1),
    residualDropout: ("resid_pdrop", 0.1), activation: ("activation_function", "gelu_new"))

  static let opt = DecoderChoices(
    norm: .layerNorm, positions: .learnedFromMask, scalesQueries: true, preNormKey: "do_layer_norm_before",
    flattensMLP: true,
    attentionDropout: ("attention_dropout", 0), residualDropout: ("dropout", 0.1),
    activation: ("activation_function", "relu"))

  /// What a model of an unknown family most likely does, from the parameters that it has.
  static func generic(_ description: ModelDescription) -> DecoderChoices {
    let norms = description.layers.first?.modules[.inputNorm]
    return DecoderChoices(
      norm: norms?.bias == nil ? .rms : .layerNorm,
      positions: description.modules[.positionEmbedding] == nil ? .rotary : .learned,
      activation: description.layers.first?.modules[.gate] == nil ? ("hidden_act", "gelu") : ("hidden_act", "silu"))
  }

  /// The rows by family name.
  static let rows: [String: DecoderChoices] = [
    "llama": .llama, "mistral": .llama, "qwen2": .llama, "qwen3": .llama, "gpt2": .gpt2, "opt": .opt,
  ]
}
