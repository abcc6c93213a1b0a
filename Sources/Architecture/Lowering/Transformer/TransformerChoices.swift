/// What a family's implementation in transformers 5.17 does that neither the tensors nor the configuration of a
/// checkpoint show. Everything else follows from the checkpoint.
struct TransformerChoices: Sendable {
  typealias Setting = ConfiguredValue

  enum Positions: Sendable {
    /// A learned table, looked up by `arange`.
    case learned
    /// A learned table, looked up by the running sum of the attention mask (OPT) or by `arange` beside one (BioGPT).
    case learnedWithMask(counted: Bool)
    /// A learned table and one of token types, under a norm (BERT).
    case learnedWithTypes(TypedPositions)
    /// Rotated queries and keys, cosines and sines computed once for all layers.
    case rotary
    /// The same with positions in time and along the sides of images (Qwen2-VL).
    case rotaryGrid
    /// The same once for layers that see everything and once for those that see a window (ModernBERT).
    case rotaryByKind
    /// The same from a table of sines that each layer holds and reads (GPT-J, CodeGen).
    case rotaryTable
    /// A bias that grows with distance (BLOOM).
    case alibi
    /// Embeddings of distances, which attention reads (DeBERTa).
    case relative
    /// The same beside a mask that is made for it (MPT).
    case alibiBesideMask
    /// A learned bias by distance, which the first layer looks up and hands to the others (T5).
    case relativeBias
    /// Already part of the hidden states that the column is given.
    case given

    var areRelativeBiases: Bool { if case .relativeBias = self { true } else { false } }

    /// Whether positions are rows of a table, past whose end nothing can be looked up.
    var areRows: Bool {
      switch self {
      case .learned, .learnedWithMask, .learnedWithTypes, .rotaryTable: true
      case .rotary, .rotaryByKind, .rotaryGrid, .alibi, .alibiBesideMask, .relative, .relativeBias, .given: false
      }
    }
  }

  /// Where positions beside token types come from.
  enum TypedPositions: Sendable {
    /// A table of positions, read in order (BERT).
    case read
    /// Counted from the first token that is no padding (RoBERTa).
    case counted
    /// Read in order, and there are no types (DistilBERT).
    case untyped
  }

  /// What is dropped of attention's output.
  enum BranchDropout: Sendable {
    /// As of the MLP's.
    case residual
    case none
    case own(Setting<Double>)
  }

  enum Attention: Sendable {
    /// transformers' attention interface: eager, or `scaled_dot_product_attention`.
    case interface(softmax: EagerSoftmax)
    /// Written out in fp32, whatever is asked for (GPT-Neo, GPT-J, CodeGen).
    case fp32
    /// `baddbmm` over the bias (BLOOM).
    case bloom
    /// Written out, a learned score beside those of the tokens (gpt-oss).
    case sinks
    /// Of contents and of distances (DeBERTa).
    case disentangled
    /// Its own call of `scaled_dot_product_attention` (Falcon).
    case falcon
    /// With a causal mask that each layer makes (Qwen).
    case ownMask
    /// Written out, the distances' biases added to the scores and the mask filled in (MPT).
    case mpt
  }

  /// Where eager attention forms its probabilities.
  enum EagerSoftmax: Sendable {
    /// `softmax(dtype=float32)` and back (Llama).
    case upcast
    /// In the scores' own type, then cast to the values' (GPT-2).
    case plain
    /// In the scores' own type (BioGPT).
    case uncast
  }

  /// How one projection holds queries, keys and values.
  enum FusedProjection: Sendable {
    /// One block behind the other, split.
    case blocks
    /// The same, sliced (Phi-3).
    case slices
    /// For each head its query, key and value (GPT-NeoX).
    case heads
    /// The same, selected from an axis of three (BLOOM).
    case selectedHeads
    /// Four groups of blocks, in the order query, value, key (CodeGen).
    case groups
    /// An axis of three, taken apart (ModernBERT).
    case stacked
    /// The query heads, then one key and one value head (Falcon).
    case multiQuery
  }

  /// The order in which a block adds attention and MLP, when both read the same input.
  enum Parallel: Sendable {
    /// attention + MLP + input (GPT-J, Phi).
    case attentionFirst
    /// MLP + attention + input (GPT-NeoX, Falcon).
    case mlpFirst
    /// The same, the first sum in place (Falcon).
    case intoMLP
    /// input + attention + MLP (Cohere, StableLM).
    case inputFirst
  }

  /// An MLP in the block's own lines.
  enum InlineMLP: Sendable {
    /// One call to a line (OPT).
    case byStep
    /// The first layer and the activation in one line (BART, Whisper).
    case byLayer
  }

  /// Which features of a head are turned together.
  enum Turning: Sendable {
    /// The first half with the second (Llama).
    case halves
    /// Neighbours, by cosines that are laid out for them (Cohere).
    case neighbours
    /// Neighbours, by cosines that each layer spreads from the usual table (GLM).
    case neighboursSpread
    /// The first half with the second, by cosines of half a head (gpt-oss).
    case narrowHalves
    /// Neighbours as complex numbers, before heads and tokens change places or after (Llama 4, DeepSeek-V2).
    case complex
    /// Neighbours, which come to lie in halves, unless `rope_interleave` is off (DeepSeek-V3).
    case neighboursToHalves
  }

  /// In which type queries and keys are turned.
  enum TurningType: Sendable {
    /// Cosines and sines are cast to the hidden states' type (Llama).
    case hidden
    /// Cosines and sines stay in fp32, and what they turn is cast back (OLMo).
    case angles
    /// Queries and keys are cast to fp32 and back (Cohere).
    case wide
    /// The same, queries before keys are cast (Qwen).
    case wideEach
    /// The same, cast anew for each of the two products (ModernBERT).
    case wideTwice
    /// What is multiplied is cast to fp32, each for itself, and the sums back (ERNIE 4.5).
    case factors
  }

  /// Which layers turn queries and keys.
  enum Turned: Sendable {
    case all
    /// All but those that `no_rope_layers` leaves out, by default every fourth (SmolLM3).
    case listed
    /// Those that see a window only (Cohere 2), and all where the configuration gives no window (EXAONE 4).
    case windowed
  }

  /// What the norms of queries and keys run on.
  enum HeadNorms: Sendable {
    /// Each projection seen by heads, before the next one runs (Qwen3).
    case heads
    /// All projections seen by heads, before they are transposed (Cohere): a weight for each head.
    case headsOfAll
    /// All projections, transposed (Gemma 3, Phi).
    case transposed
    /// The same, a norm for each head (StableLM).
    case eachHead
    /// The whole projection (OLMo 2).
    case projection
    /// All projections, transposed and turned (Hunyuan).
    case turned
  }

  /// What its classes run behind the last hidden states.
  var heads = HeadChoices.decoder
  var norm = NormKind.rms
  var positions = Positions.rotary
  var attention = Attention.interface(softmax: .upcast)
  var fused = FusedProjection.blocks
  /// Whether a token sees only those before it, and is trained to name the next; if not, masked tokens are named.
  var isCausal = true
  /// Whether the variable that a branch leaves is bound anew only when the norm behind the sum returns (BERT).
  var keepsSummed = false
  /// Whether attention's variable keeps its heads' output until the norm behind it returns, and the MLP's what it is
  /// widened to until the block does (BERT).
  var holdsInner = false
  /// Whether the block's variable keeps attention's output until it returns (ModernBERT, DINOv2, Llama 4).
  var holdsAttended = false
  /// Whether attention and MLP read the same input; the flag of the configuration that says so, where there is one.
  var parallel: Parallel?
  var parallelKey: Setting<Bool>?
  /// Whether norms behind attention and MLP run before the sum although no norm runs before them (OLMo 2).
  var normsBranches = false
  /// Whether the block names its first norm's output until it returns (StableLM, DINOv2).
  var holdsInputNorm = false
  /// Whether the MLP adds its input's residual itself (MPT).
  var addsInMLP = false
  /// Whether projections are cut to `clip_qkv`, where the configuration or its `attn_config` gives that (OLMo, MPT).
  var clips = false
  /// What the norms of queries and keys run on, where there are some.
  var headNorms = HeadNorms.heads
  /// Whether queries are scaled before attention, which then runs with a scale of one (OPT).
  var scalesQueries = false
  /// Whether the block's variables keep the outputs of attention and MLP, and what went in, until it returns.
  var holdsBranches = false
  /// Whether the dropout of the MLP's output runs when the MLP has returned (ViT).
  var dropsBehindMLP = false
  /// Whether nothing names the probabilities of attention once it has returned (DINOv2).
  var dropsWeights = false
  /// Whether the norm's output stays until that of attention is added (Llama 4).
  var keepsInputNorm = false
  /// Whether the model keeps a causal mask over all its positions that nothing reads (GPTBigCode).
  var holdsCausalBuffer = false
  /// Whether the mask is built even where a kernel's causal flag would do (Falcon).
  var alwaysMasks = false
  /// Whether layers are handed their mask by position, as BERT and DeBERTa always do (GPT-2).
  var handsMaskByPosition = false
  /// Whether what every layer gives is kept until the last has run (DeBERTa).
  var holdsHiddenStates = false
  /// Whether the block hands its attention probabilities to the loop over the layers (BLOOM, GPT-Neo).
  var returnsWeights = false
  /// Whether attention and MLP are called from modules that norm their input and add the residual (T5).
  var nestsBranches = false
  /// How the block itself runs its MLP, where there is no module for it.
  var inlineMLP: InlineMLP?
  /// Whether queries, keys and values are copied head by head (Whisper).
  var copiesHeads = false
  /// The last components of the paths whose parameters stay in fp32 where the others are in fp16
  /// (`_keep_in_fp32_modules`).
  var keptInFP32: [String] = []
  /// Whether what the MLP narrows is first cast to the type of the narrowing weight (T5).
  var castsToDown = false
  /// Whether hidden states in fp16 are clamped.
  var clampsHalf = false
  /// Whether the MLP's input is flattened to a matrix first (OPT).
  var flattensMLP = false
  /// Whether linear layers are `input @ weight.T` and no `F.linear` (Falcon).
  var multipliesTransposedWeights = false
  /// Whether the hidden states are multiplied by the root of their size after the embedding.
  var embeddingScale: EmbeddingScale?
  /// The part of each head that is rotated, where the configuration does not say.
  var rotaryFraction = 1.0
  /// Whether the rotated part and the rest are put together again, even where there is no rest.
  var rejoinsRotated = false
  /// Whether cosines and sines, of twice the sequence, stay between steps, and each layer holds a scale by position that
  /// training does not read (Qwen).
  var keepsAngles = false
  /// Whether the rotated part is named until the rotation returns (Nemotron).
  var holdsTurned = false
  var turning = Turning.halves
  var turningType = TurningType.hidden
  var turned = Turned.all
  /// Whether layers with a window have cosines and sines of their own (Gemma 3).
  var turnsWindowsApart = false
  /// Whether attention and MLP are multiplied by a number before they are added (Granite).
  var scalesBranches = false
  /// Whether logits are multiplied, or divided, by a number.
  var logitScale: LogitScale?
  /// Whether the probabilities of attention are cut off softly (Gemma 2).
  var softensScores = false
  /// Which layers see a window only.
  var window = Window.none
  /// How layers with a router run.
  var experts: ExpertChoices?
  /// The window's width where the configuration does not speak of it.
  var usualWindow: Int?
  var embeddingDropout: Setting<Double>?
  var attentionDropout = Setting("attention_dropout", 0.0)
  /// What is dropped of attention's output.
  var attentionOutputDropout = BranchDropout.residual
  /// After attention and MLP.
  var residualDropout: Setting<Double>?
  /// After the MLP alone.
  var mlpDropout: Setting<Double>?
  var activationDropout: Setting<Double>?
  /// The probability that a sample skips a branch.
  var dropPath: Setting<Double>?
  var activation = Setting("hidden_act", "silu")
  /// The activation of a gated MLP in one matrix, where it is another.
  var fusedActivation: Setting<String>?

  enum EmbeddingScale: Sendable {
    /// By a number (BioGPT), unless the flag says otherwise.
    case number(flag: String)
    /// By a buffer of one element (Gemma).
    case buffer
    /// By a number, outside of the embedding (Granite).
    case outside
  }

  enum LogitScale: Sendable {
    case multiplied, divided
  }

  enum Window: Hashable, Sendable {
    case none
    /// Every layer, `sliding_window` tokens wide, where the configuration gives it.
    case all
    /// Every other layer (Gemma 2).
    case alternating
    /// Layers of even index before `max_window_layers`, where `use_sliding_window` is set; the mask is made and kept
    /// either way (Qwen2-MoE).
    case alternatingWhereUsed
    /// Those that turn queries and keys see a chunk of `attention_chunk_size` tokens (Llama 4).
    case chunks
    /// Those that the configuration lists, half of `local_attention` to either side (ModernBERT).
    case byKind
    /// All layers but each one of this many, `sliding_window_pattern` where the configuration says it (Gemma 3).
    case allButEvery(Int)
    /// Those from `max_window_layers` on, where `use_sliding_window` is set (Qwen2).
    case last
    /// Those that `layer_types` names, which may be none (SmolLM3).
    case listed
  }
}
