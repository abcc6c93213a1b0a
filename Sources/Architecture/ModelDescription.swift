public import Checkpoint
public import Graph
public import Units

/// What a checkpoint is: its family, its sizes, and the part that each tensor plays.
public struct ModelDescription: Sendable {
  /// One of the repeated blocks.
  public struct Layer: Sendable {
    public var index: Int
    /// The path of the block: `model.layers.3`.
    public var path: String
    public var modules: [Role: ModuleParameters]
    /// Modules of the block whose part is not known.
    public var others: [ModuleParameters]

    public init(index: Int, path: String, modules: [Role: ModuleParameters], others: [ModuleParameters] = []) {
      self.index = index
      self.path = path
      self.modules = modules
      self.others = others
    }

    /// ``modules`` in an order that is the same in every run.
    package var orderedModules: [(role: Role, module: ModuleParameters)] {
      modules.sorted { $0.key.rawValue < $1.key.rawValue }.map { ($0.key, $0.value) }
    }
  }

  /// A second column of blocks: the decoder of an encoder-decoder, the vision tower of a vision-language model, the
  /// multi-token-prediction block behind the last layer.
  public struct Stack: Sendable {
    /// Where it stands, without its layers: `model.decoder`.
    public var path: String
    public var layers: [Layer]
    /// Modules beside its layers, by role.
    public var modules: [Role: ModuleParameters]

    public init(path: String, layers: [Layer], modules: [Role: ModuleParameters]) {
      self.path = path
      self.layers = layers
      self.modules = modules
    }
  }

  /// The name of the family's row, such as `llama`; for an unknown model the generic recogniser's word for it.
  public var family: String
  /// `model_type` of the configuration.
  public var modelType: String?
  /// Whether the family is known. Where not, the roles were guessed from names and shapes.
  public var isRecognised: Bool
  /// Whether its configuration names a known family whose parts are all there under names of their own, told by
  /// shapes; or an architecture file names the family. It runs as that family.
  public var isRenamed = false
  /// The file that said which parts there are.
  public var architectureFile: String?
  /// Every module, what it is taken for, and why.
  public var parts: [Part] = []
  /// Where the blocks stand that give the model its layer count: `model.layers`; nil where nothing repeats.
  public var layersPath: String?

  public var layerCount: Sourced<Int>?
  public var hiddenSize: Sourced<Int>?
  public var vocabularySize: Sourced<Int>?
  public var headCount: Sourced<Int>?
  public var keyValueHeadCount: Sourced<Int>?
  public var headDimension: Sourced<Int>?
  public var intermediateSize: Sourced<Int>?
  public var expertCount: Sourced<Int>?
  public var maximumPositions: Sourced<Int>?
  /// Whether input and output embeddings are one tensor once loaded; nil where the model has no such pair.
  public var tiedEmbeddings: Sourced<Bool>?
  /// What the model is trained to answer; nil where its class has none of the known tasks.
  public var task: Sourced<TrainingTask>?
  /// How many labels a classifier on top of it gives.
  public var labelCount: Sourced<Int>?

  /// Modules outside the layers, by role.
  public var modules: [Role: ModuleParameters]
  /// Modules outside the layers whose part is not known.
  public var others: [ModuleParameters]
  /// The blocks of the text model; of an encoder-decoder the encoder's.
  public var layers: [Layer]
  public var otherStacks: [Stack]

  /// The patterns of the weight set's names.
  package var names: NamePatterns
  /// For each tensor of the weight set, in its order: the component and the layer it belongs to.
  public var placements: [Placement]
  /// The logical shapes of packed weights, by the place of their tensor; nil where only values would tell.
  package var packedShapes: [Int: Shape?] = [:]
  /// How many elements packed weights have, by the place of their tensor; nil where nothing tells.
  package var packedElements: [Int: Int?] = [:]
  /// Logical parameters in the files; nil where packed storage hides them (a finding names the scheme).
  public var parameterCount: Sourced<Int>?

  /// What the files are.
  public var container = Container.safetensors
  /// Modules that run under another name than the one they are stored by.
  var runningNames: [String: String] = [:]

  /// What the files quantise and what it comes to; nil where every weight is whole.
  public var quantizedStorage: QuantizedStorage?
  /// How the linear layers are quantised in the files; nil where they are not.
  public var storedQuantization: StoredQuantization?

  /// `quantization_config.quant_method`.
  var quantizationMethod: String?
  /// Why transformers cannot bring narrow weights back; nil where nothing stands against it.
  var unevenScales: String?
  /// How transformers has brought quantised weights back; nil where it has not.
  public var dequantization: Dequantization?

  /// What was noticed while names, shapes and configuration were held against each other.
  public var findings: [Finding]

  /// A quantisation that the files bring along.
  public enum StoredQuantization: Hashable, Sendable {
    /// bitsandbytes' own, of which every shape is known.
    case bitsandbytes(Quantization)
    /// GPTQ's; each module says how (``ModuleParameters/grouped``).
    case grouped
    /// Another, by its name.
    case other(String)
  }

  /// The tokens of a sequence where nothing is said: 2048, or fewer where a column that reads tokens has fewer positions.
  public var usualSequenceLength: Int {
    let tables = otherStacks.filter { $0.modules[.inputEmbedding] != nil || $0.path.hasSuffix("decoder") }
      .compactMap { $0.modules[.positionEmbedding]?.weight?.dimensions.first }
    let offset = Family.row(family)?.positionOffset ?? 0
    return ([2048, maximumPositions?.value ?? 2048] + tables.map { max(1, $0 - offset) }).min() ?? 2048
  }

  /// Where one stored tensor belongs.
  public struct Placement: Hashable, Sendable {
    public var component: Component
    public var layer: Int?
    /// Whether training sees it as a parameter: false for scales, masks and other helpers.
    public var isParameter: Bool

    public init(component: Component, layer: Int?, isParameter: Bool) {
      self.component = component
      self.layer = layer
      self.isParameter = isParameter
    }
  }
}
