public import Checkpoint
public import Units

/// What a calculator makes of a model: the sizes in `config.json` put into the textbook's formulas. No tensor is looked at.
public struct NominalModel: Hashable, Sendable {
  public var layers: Int
  public var hidden: Int
  public var heads: Int
  public var keyValueHeads: Int
  public var headDimension: Int
  /// The width of the MLP: four times ``hidden`` where the configuration gives none.
  public var intermediate: Int
  /// nil for a model that reads no tokens.
  public var vocabulary: Int?
  /// Experts of each layer, and the width of one; nil for a dense model.
  public var experts: Experts?
  /// Whether the MLP has three matrices, and not two.
  public var isGated: Bool
  /// Layers of a decoder over the ``layers`` of its encoder; 0 where there is no such pair.
  public var decoderLayers: Int
  public var isTied: Bool
  public var dataType: DataType

  public struct Experts: Hashable, Sendable {
    public var count: Int
    public var width: Int
  }

  /// nil where the configuration does not give layers, a hidden size and heads.
  public init?(_ configuration: Configuration?) {
    let settings = Settings(configuration)
    let family = [settings.modelType, settings.textModelType].lazy.compactMap { $0.flatMap(Family.named) }.first
    let keys = family?.keys ?? .unknown
    guard let layers = settings.size(keys.layers)?.value, let hidden = settings.size(keys.hidden)?.value,
      let heads = settings.size(keys.heads)?.value, layers <= Self.most, hidden <= Self.most, heads <= Self.most
    else { return nil }
    self.layers = layers
    self.hidden = hidden
    self.heads = heads
    keyValueHeads = settings.size(keys.keyValueHeads)?.value ?? heads
    headDimension = settings.size(keys.headDimension)?.value ?? max(1, hidden / heads)
    intermediate =
      settings.size(keys.intermediate)?.value ?? settings.size(ConfigurationKeys.unknown.intermediate)?.value ?? 4
      * hidden
    vocabulary = settings.size(keys.vocabulary)?.value
    let width = settings.size(["moe_intermediate_size"])?.value ?? intermediate
    experts = settings.size(keys.experts).map { Experts(count: $0.value, width: width) }
    let roles = family.map { Set($0.layer.values) }
    let activation = configuration?.string("feed_forward_proj")
    isGated =
      activation.map { $0.hasPrefix("gated") }
      ?? roles.map { !$0.isDisjoint(with: [.gate, .fusedGateUp, .expertGate, .expertFusedGateUp]) } ?? true
    let hasDecoder = family.map { if case .encoderDecoder? = $0.forward { true } else { false } } ?? false
    decoderLayers = hasDecoder ? settings.size(["num_decoder_layers", "decoder_layers"])?.value ?? layers : 0
    isTied =
      family?.tiesAlways == true || settings.anyBoolean("tie_word_embeddings") ?? family?.tiesByDefault ?? false
    dataType = configuration?.declaredDataType ?? .float32
    guard
      [keyValueHeads, headDimension, intermediate, vocabulary ?? 0, experts?.count ?? 0, experts?.width ?? 0]
        .allSatisfy({ $0 <= Self.most })
    else { return nil }
  }

  /// Sizes beyond this belong to no model, and their products could overflow.
  private static let most = 1 << 20
}

extension NominalModel {
  /// Elements of each part. Of norms a vector for each of two in a layer, and the last.
  public var parameters: [Component: Int] {
    let (queries, keys) = (heads * headDimension, keyValueHeads * headDimension)
    let attention = hidden * (2 * queries + 2 * keys)
    let matrices = isGated ? 3 : 2
    // A decoder over an encoder attends twice.
    let attentions = layers + 2 * decoderLayers
    let blocks = layers + decoderLayers
    var parts: [Component: Int] = [
      .attention: attentions * attention, .norm: (attentions + blocks + (decoderLayers > 0 ? 2 : 1)) * hidden,
    ]
    if let experts {
      parts[.experts] = blocks * (experts.count * matrices * hidden * experts.width + experts.count * hidden)
    } else {
      parts[.mlp] = blocks * matrices * hidden * intermediate
    }
    if let vocabulary {
      parts[.embedding] = vocabulary * hidden
      if !isTied { parts[.head] = vocabulary * hidden }
    }
    return parts
  }

  public var parameterCount: Int { parameters.values.reduce(0, Tally.sum) }
}
