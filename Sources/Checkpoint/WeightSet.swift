public import Units

/// One complete copy of a model's weights. A folder may hold several (two precisions, two formats); they are
/// never summed.
public struct WeightSet: Sendable {
  public enum Kind: String, Sendable {
    case model, adapter
  }

  /// How a person tells it from its neighbours: `model.safetensors`, `model.fp16 (2 shards)`.
  public var label: String
  public var container: Container
  public var kind: Kind
  /// Paths relative to the checkpoint's folder, in natural order.
  public var files: [String]
  /// In natural order of their names.
  public var tensors: [StoredTensor]
  /// The length of each of ``files``, headers included; empty where it is not known.
  public var fileLengths: [ByteCount]
  /// `__metadata__` of each of ``files``; empty where it is not known. Writers leave the names of tied tensors
  /// here: the name that was dropped, and the one that was kept.
  public var metadata: [[String: String]]
  /// The shapes of packed weights that the files keep as values.
  public var statedShapes = StatedShapes()
  /// Whether a graph shows that it multiplies by the embedding where other models have a head.
  public var headIsEmbedding = false

  public init(
    label: String, container: Container = .safetensors, kind: Kind, files: [String], tensors: [StoredTensor],
    fileLengths: [ByteCount] = [],
    metadata: [[String: String]] = []
  ) {
    self.label = label
    self.container = container
    self.kind = kind
    self.files = files
    self.tensors = tensors
    self.fileLengths = fileLengths
    self.metadata = metadata
  }
}
