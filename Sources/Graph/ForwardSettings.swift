public import Units

/// How a forward pass is called: the sizes of its inputs and the modes that change which operators run.
public struct ForwardSettings: Hashable, Sendable {
  /// The types of weights and of computation.
  public enum Precision: String, CaseIterable, Sendable {
    case fp32, bf16, fp16
    /// Autocast over fp32 weights.
    case bf16Mixed = "bf16-mixed"
    case fp16Mixed = "fp16-mixed"

    /// The type in which parameters are held.
    public var parameterType: DataType {
      switch self {
      case .fp32, .bf16Mixed, .fp16Mixed: .float32
      case .bf16: .bfloat16
      case .fp16: .float16
      }
    }

    /// The type that autocast computes in; nil without autocast.
    public var autocast: DataType? {
      switch self {
      case .fp32, .bf16, .fp16: nil
      case .bf16Mixed: .bfloat16
      case .fp16Mixed: .float16
      }
    }
  }

  /// Which attention runs: transformers' own operators, or a kernel of `scaled_dot_product_attention`.
  public enum Attention: String, CaseIterable, Sendable {
    case eager
    /// What torch picks for the case.
    case sdpa
    case flash, efficient, math, cudnn
  }

  /// The loop around the model: as written by hand, or as accelerate wraps it (outputs upcast under autocast).
  public enum Loop: String, CaseIterable, Sendable {
    case plain, accelerate
  }

  /// How hidden states become a loss.
  public enum Loss: String, CaseIterable, Sendable {
    /// As the model's class computes it, from all logits at once.
    case transformers
    /// Head and cross-entropy in eight chunks of the sequence, each upcast for itself (torchtune's
    /// `CEWithChunkedOutputLoss`).
    case chunked
    /// Head and cross-entropy in one function (Liger's `LigerFusedLinearCrossEntropyFunction`).
    case fused
  }

  /// What runs a block's norms, rotation and gated MLP.
  public enum Kernels: String, CaseIterable, Sendable {
    /// The operators of the model's class, one by one.
    case eager
    /// Liger's, where it has one for the family's form.
    case liger
  }

  /// How the pairs of a token and an expert spread over the experts.
  public enum ExpertBalance: Sendable {
    /// As many for each.
    case even
    /// Every token at the same experts.
    case worst
  }

  /// Sequences per GPU and micro-step.
  public var batchSize: Int
  /// Tokens per sequence; where a model reads speech, those of its transcript.
  public var sequenceLength: Int
  /// Tokens that a decoder writes where an encoder reads the sequence; nil for as many.
  public var targetLength: Int?
  /// Pixels a side of an image; nil for the model's own.
  public var imageSize: Int?
  /// Images that belong to a sample of a vision-language model; none where it reads text alone.
  public var imagesPerSample = 0
  public var precision: Precision
  public var attention: Attention
  /// Whether the batch is padded, so that an attention mask is built and passed.
  public var isPadded: Bool
  /// Whether the model fills its key/value cache during the forward pass.
  public var usesCache: Bool
  public var loop: Loop
  public var loss: Loss
  /// Low-rank adapters, which train in the model's place.
  public var adapters: LowRankAdapters?
  /// Another way to train a few numbers in the model's place.
  public var technique: Technique?
  /// How the weights of the linear layers are held, where they are quantised.
  public var quantization: Quantization?
  /// Whether what is not quantised is held in fp32 (`prepare_model_for_kbit_training` of PEFT).
  public var isPreparedForKBitTraining = false
  public var kernels = Kernels.eager
  /// The type that every parameter is brought into before the forward pass reads it, where an engine does that.
  public var gatheredType: DataType?
  /// How tokens spread over experts that run one by one.
  public var expertBalance = ExpertBalance.even
  /// Whether layers are checkpointed; transformers then makes a frozen embedding's output need a gradient.
  public var isCheckpointed = false
  /// Whether eager attention of an unknown architecture is taken to form its probabilities in the type of the hidden
  /// states (GPT-2), and not in fp32 (Llama).
  package var guessesNarrowProbabilities = false
  /// This rank's part of each sequence, where several share it.
  public var context: ContextShare?
  /// Globs of the names of parameters that do not train.
  public var frozen: [String]

  /// The type in which parameters are held that are not quantised.
  public var parameterType: DataType {
    gatheredType ?? bufferType
  }

  /// The type in which buffers are held, which no engine converts.
  public var bufferType: DataType { isPreparedForKBitTraining ? .float32 : precision.parameterType }

  /// The type in which adapters and what passes them are held.
  public var adapterType: DataType { gatheredType ?? .float32 }

  /// The type that quantised weights had before, and that four-bit ones are computed in
  /// (`bnb_4bit_compute_dtype`, which is set to the type of computation, as is usual).
  public var quantizedTypes: (wide: DataType, compute: DataType) {
    let compute = precision.autocast ?? precision.parameterType
    return (isPreparedForKBitTraining ? compute : precision.parameterType, compute)
  }

  public init(
    batchSize: Int = 1, sequenceLength: Int, precision: Precision, attention: Attention = .sdpa,
    isPadded: Bool = false, usesCache: Bool = false, loop: Loop = .accelerate, loss: Loss = .transformers,
    adapters: LowRankAdapters? = nil, technique: Technique? = nil, frozen: [String] = []
  ) {
    self.batchSize = batchSize
    self.sequenceLength = sequenceLength
    self.precision = precision
    self.attention = attention
    self.isPadded = isPadded
    self.usesCache = usesCache
    self.loop = loop
    self.loss = loss
    self.adapters = adapters
    self.technique = technique
    self.frozen = frozen
  }
}
