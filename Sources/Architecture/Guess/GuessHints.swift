internal import Units

/// What helps to tell the parts of a block whose names no row knows: the sizes that the configuration states, and the
/// parts that a family has which it names.
struct GuessHints {
  var hidden: Int?
  var heads: Int?
  var keyValueHeads: Int?
  var headDimension: Int?
  var experts: Int?
  /// The widths of latent attention; nil where the configuration gives none.
  var latent: Latent?
  /// The roles that may occur; nil where any may.
  var expected: Set<Role>?

  struct Latent {
    var queryRank: Int?
    var keyValueRank: Int
    /// Features of a head that are turned by position, those that are not, and those of a value.
    var turned: Int
    var plain: Int
    var value: Int
  }

  /// Of a column of blocks that the configuration does not speak of.
  init() {}

  init(_ settings: Settings, declared family: Family?) {
    let keys = family?.keys ?? .unknown
    func size(_ own: [String], _ others: [String]) -> Int? { settings.size(own.isEmpty ? others : own)?.value }
    hidden = size(keys.hidden, ConfigurationKeys.unknown.hidden)
    heads = size(keys.heads, ConfigurationKeys.unknown.heads)
    // A family without a word for it has as many as heads.
    keyValueHeads =
      family?.keys.keyValueHeads.isEmpty == true
      ? heads : size(keys.keyValueHeads, ConfigurationKeys.unknown.keyValueHeads)
    headDimension = size(keys.headDimension, ConfigurationKeys.unknown.headDimension)
    experts = size(keys.experts, ConfigurationKeys.unknown.experts)
    if let rank = settings.size(["kv_lora_rank"])?.value, let turned = settings.size(["qk_rope_head_dim"])?.value,
      let plain = settings.size(["qk_nope_head_dim"])?.value, let value = settings.size(["v_head_dim"])?.value,
      [rank, turned, plain, value, heads ?? 0].allSatisfy({ $0 < 1 << 20 })
    {
      latent = Latent(
        queryRank: settings.size(["q_lora_rank"])?.value, keyValueRank: rank, turned: turned, plain: plain,
        value: value)
    }
    expected = family.map { family in
      Set(family.layer.values).union(family.crossLayer.values).union(family.outside.values)
        .union(family.headNames.values)
    }
  }

  /// The same for blocks that attend to their own tokens alone.
  var attendingOnce: GuessHints {
    var hints = self
    hints.expected?.subtract(Self.overEncoder.values)
    return hints
  }

  /// The same for the part of a block that attends over an encoder, as if it were a block by itself.
  var attendingAlone: GuessHints {
    var hints = self
    hints.expected = Set(Self.overEncoder.keys)
    return hints
  }

  /// What the parts of an attention over an encoder are to a block, by what they are to the attention.
  static let overEncoder: [Role: Role] = [
    .query: .crossQuery, .key: .crossKey, .value: .crossValue, .attentionOutput: .crossAttentionOutput,
    .inputNorm: .crossAttentionNorm,
  ]

  func allows(_ role: Role) -> Bool { expected?.contains(role) ?? true }

  /// Features of all queries: as many as the block is wide unless the configuration says otherwise.
  func queryWidth(_ hidden: Int) -> Int? {
    guard let heads, heads > 0, heads < 1 << 20 else { return nil }
    if let headDimension, headDimension < 1 << 20 { return heads * headDimension }
    return hidden % heads == 0 ? hidden : nil
  }

  /// Features of all keys.
  func keyWidth(_ hidden: Int) -> Int? {
    guard let queries = queryWidth(hidden), let heads, queries % heads == 0, let keyValueHeads,
      keyValueHeads <= heads
    else { return nil }
    return queries / heads * keyValueHeads
  }
}
