internal import Graph
internal import Units

/// Attention and what stands around it.
enum AttentionOperators {
  static let all: [OperatorRow] = [
    row("Attention", shape: attention), row("RotaryEmbedding", shape: rotary), row("TensorScatter", shape: scatter),
  ]

  /// A query, key or value as `[batch, heads, sequence, head size]`.
  private struct Heads {
    var batch, heads, sequence, size: Dimension
    /// Given as `[batch, sequence, heads · head size]`.
    var isFlat: Bool
  }

  private static func heads(_ call: Call, _ input: Int, attribute: String) throws(Unresolved) -> Heads {
    let shape = try call.shape(input, ranks: 3...4)
    let given = try call.integer(attribute)
    if let given, given < 1 { throw .defect("attribute '\(attribute)' is \(given)") }
    if shape.count == 4 {
      if let given { try call.agree(shape[1], .constant(given), "heads of input \(input) and '\(attribute)' differ") }
      return Heads(batch: shape[0], heads: shape[1], sequence: shape[2], size: shape[3], isFlat: false)
    }
    guard let given else { throw .defect("attribute '\(attribute)' is missing for an input of rank 3") }
    let count = Dimension.constant(given)
    if let left = shape[2].remainder(count).constant, left != 0 {
      throw .defect("a width of \(shape[2]) does not divide into \(given) heads")
    }
    return Heads(batch: shape[0], heads: count, sequence: shape[1], size: shape[2].quotient(count), isFlat: true)
  }

  /// Attention 23 and 24. With a past, the keys and values of this call come after it.
  private static func attention(_ call: Call) throws(Unresolved) -> [Fact] {
    let query = try heads(call, 0, attribute: "q_num_heads")
    let key = try heads(call, 1, attribute: "kv_num_heads")
    let value = try heads(call, 2, attribute: "kv_num_heads")
    try call.agree(query.size, key.size, "head sizes of query and key differ")
    try call.agree(key.heads, value.heads, "heads of key and value differ")
    try call.agree(key.sequence, value.sequence, "sequences of key and value differ")
    for other in [key, value] { try call.agree(query.batch, other.batch, "batches differ") }
    if let left = query.heads.remainder(key.heads).constant, left != 0 {
      throw .defect("\(query.heads) heads of the query do not divide among \(key.heads) of the key")
    }
    var total = key.sequence
    if call.has(4) {
      let past = try call.shape(4, ranks: 4...4)
      try call.agree(past[1], key.heads, "heads of the past and the key differ")
      try call.agree(past[3], key.size, "head sizes of the past and the key differ")
      if call.has(5), let pastValue = try call.tensor(5).shape {
        guard pastValue.count == 4 else { throw .defect("input 5 has rank \(pastValue.count) instead of 4") }
        try call.agree(past[2], pastValue[2], "the pasts of key and value differ in length")
      }
      total += past[2]
    }
    let result =
      query.isFlat
      ? [query.batch, query.sequence, query.heads * value.size]
      : [query.batch, query.heads, query.sequence, value.size]
    return [
      .tensor(call.type(0), result),
      .tensor(call.type(1) ?? call.type(0), [key.batch, key.heads, total, key.size]),
      .tensor(call.type(2) ?? call.type(0), [value.batch, value.heads, total, value.size]),
      .tensor(call.type(0), [query.batch, query.heads, query.sequence, total]),
    ]
  }

  /// RotaryEmbedding 23: `[batch, heads, sequence, head size]` or, with `num_heads`, `[batch, sequence, width]`.
  private static func rotary(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0, ranks: 3...4)
    if shape.count == 3 {
      let heads = try call.integer("num_heads", default: 0)
      guard heads >= 1 else { throw .defect("attribute 'num_heads' is \(heads) for an input of rank 3") }
      if let left = shape[2].remainder(.constant(heads)).constant, left != 0 {
        throw .defect("a width of \(shape[2]) does not divide into \(heads) heads")
      }
    }
    return [.tensor(call.type(0), shape)]
  }

  /// TensorScatter 24: the cache with an update written into it along `axis`.
  private static func scatter(_ call: Call) throws(Unresolved) -> [Fact] {
    let cache = try call.shape(0)
    let axis = try call.axis(try call.integer("axis", default: -2), rank: cache.count)
    let update = try call.shape(1, ranks: cache.count...cache.count)
    for place in cache.indices where place != axis {
      try call.agree(cache[place], update[place], "cache and update differ along axis \(place)")
    }
    if cache[axis].isAtLeast(update[axis]) == false {
      throw .defect("an update of \(update[axis]) is longer than the cache of \(cache[axis])")
    }
    return [.tensor(call.type(0), cache)]
  }
}
