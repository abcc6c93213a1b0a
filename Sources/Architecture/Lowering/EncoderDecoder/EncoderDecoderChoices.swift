/// What a family of encoder-decoders does beside its blocks, and neither the tensors nor the configuration of a
/// checkpoint show.
struct EncoderDecoderChoices: Sendable {
  typealias Setting = ConfiguredValue

  enum Source: Sendable {
    /// Tokens, embedded as the decoder's are.
    case tokens
    /// Frames of a spectrogram, under two convolutions; always as many as the encoder has positions for (Whisper).
    case frames
  }

  enum Positions: Sendable {
    /// Biases of the attention scores (T5).
    case relative
    /// A learned table for each column, whose first two rows no position uses (BART).
    case learned
    /// A table of sines for each column, which is no part of the checkpoint and does not train (Marian).
    case sines
    /// A table that does not train for the frames, and a learned one that is read by index for the tokens (Whisper).
    case frames

    /// Whether a checkpoint has a table for each column.
    var areStored: Bool {
      switch self {
      case .relative, .sines: false
      case .learned, .frames: true
      }
    }
  }

  enum EmbeddingScale: Sendable {
    /// Inside of the embedding's module, always (BART).
    case inside
    /// Outside of it, always (Marian).
    case outside
  }

  /// The blocks of both columns; a decoder's see only what is before them.
  var block: TransformerChoices
  var source = Source.tokens
  var positions: Positions
  var embeddingScale: EmbeddingScale?
  var embeddingDropout: Setting<Double>
  /// Dropout behind the last norm of each column (T5).
  var outputDropout: Setting<Double>?
  /// Whether the model keeps a bias of the logits that does not train.
  var biasesLogits = false
  /// Whether the decoder's output is scaled where `scale_decoder_outputs` says so (T5).
  var scalesOutput = false
  /// Whether labels switch the cache off (BART).
  var labelsStopCache = false
  /// Whether the labels become the decoder's tokens only behind the encoder (T5).
  var shiftsBehindEncoder = false
  /// Whether a layer is handed the mask of the encoder's tokens by position (T5).
  var handsMaskByPosition = false
}
