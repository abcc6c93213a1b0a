public import Architecture
public import Checkpoint

/// What a launch file has to know of the model.
public struct LaunchModel: Hashable, Sendable {
  public enum Rotation: Hashable, Sendable {
    case plain
    /// Llama 3.1's scaling of the lower frequencies.
    case llama
    case other
  }

  /// `model_type` of the configuration.
  public var modelType: String?
  public var task: TrainingTask?
  /// What it is asked to tell apart, where it is a classifier.
  public var labelCount: Int?
  public var isEncoderDecoder: Bool
  /// The checkpoint's own quantisation, by name; nil where there is none.
  public var storedQuantization: String?
  public var sizes: Sizes
  public var rotation: Rotation
  /// `rope_theta`.
  public var rotationBase: Double?
  public var maximumPositions: Int?

  /// What tells a family's published models apart.
  public struct Sizes: Hashable, Sendable {
    public var layers: Int?
    public var hidden: Int?
    public var intermediate: Int?
    public var heads: Int?
    public var keyValueHeads: Int?
    public var vocabulary: Int?

    public init(
      layers: Int? = nil, hidden: Int? = nil, intermediate: Int? = nil, heads: Int? = nil, keyValueHeads: Int? = nil,
      vocabulary: Int? = nil
    ) {
      self.layers = layers
      self.hidden = hidden
      self.intermediate = intermediate
      self.heads = heads
      self.keyValueHeads = keyValueHeads
      self.vocabulary = vocabulary
    }
  }

  public init(modelType: String?, task: TrainingTask?, sizes: Sizes = Sizes(), rotation: Rotation = .plain) {
    self.modelType = modelType
    self.task = task
    self.sizes = sizes
    self.rotation = rotation
    isEncoderDecoder = false
  }

  public init(_ description: ModelDescription, configuration: Configuration?) {
    modelType = description.modelType
    task = description.task?.value
    labelCount = description.task?.value.isClassification == true ? description.labelCount?.value : nil
    isEncoderDecoder = configuration?.boolean("is_encoder_decoder") ?? false
    switch description.storedQuantization {
    case .bitsandbytes(let scheme)?: storedQuantization = scheme.rawValue
    case .grouped?: storedQuantization = "gptq"
    case .other(let name)?: storedQuantization = name
    // The scripts load a folder, and would have to name the file in it.
    case nil:
      storedQuantization = description.dequantization?.rawValue ?? (description.container == .gguf ? "GGUF" : nil)
    }
    sizes = Sizes(
      layers: description.layerCount?.value, hidden: description.hiddenSize?.value,
      intermediate: description.intermediateSize?.value, heads: description.headCount?.value,
      keyValueHeads: description.keyValueHeadCount?.value, vocabulary: description.vocabularySize?.value)
    // transformers 5 writes `rope_parameters`; before, `rope_theta` stood beside `rope_scaling`.
    let scaling = configuration?.section("rope_parameters") ?? configuration?.section("rope_scaling")
    switch scaling?.string("rope_type") ?? scaling?.string("type") {
    case nil, "default": rotation = .plain
    case "llama3": rotation = .llama
    default: rotation = .other
    }
    rotationBase = scaling?.number("rope_theta") ?? configuration?.number("rope_theta")
    maximumPositions = description.maximumPositions?.value
  }
}
