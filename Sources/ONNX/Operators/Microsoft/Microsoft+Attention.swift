internal import Graph
internal import Units

/// Attention in the layouts of onnxruntime: B batch, S and L positions of queries and keys, T positions with the cache,
/// N heads, H the size of one.
extension Microsoft {
  static let attention: [OperatorRow] =
    [
      row("Attention", domain: domain) { call throws(Unresolved) in try fused(call, past: 4) },
      row("QAttention", domain: domain) { call throws(Unresolved) in try fused(call, past: 8) },
      row("DecoderMaskedSelfAttention", domain: domain) { call throws(Unresolved) in try fused(call, past: 4) },
      row("PackedAttention", domain: domain) { call throws(Unresolved) in
        let input = try shape(call, 0, rank: 2)
        return [.tensor(call.type(0), [input[0], try widthOfValues(call)])]
      },
      row("QOrderedAttention", domain: domain) { call throws(Unresolved) in
        let (input, weight) = (try shape(call, 0, rank: 3), try shape(call, 7, rank: 2))
        return [.tensor(call.type(0), [input[0], input[1], weight[1]])]
      },
      row("MultiHeadAttention", domain: domain) { call throws(Unresolved) in
        try separate(call, past: 6, sharesBuffer: call.has(8))
      },
      row("DecoderMaskedMultiHeadAttention", domain: domain) { call throws(Unresolved) in
        try separate(call, past: 5, sharesBuffer: try call.flag("past_present_share_buffer"))
      },
      row("PackedMultiHeadAttention", domain: domain, shape: packed),
      row("GroupQueryAttention", domain: domain) { call throws(Unresolved) in try grouped(call, total: 6) },
      row("SparseAttention", domain: domain, shape: sparse), row("PagedAttention", domain: domain, shape: paged),
      row("DecoderAttention", domain: domain, shape: decoder),
      row("RelativePositionBias", domain: domain) { call throws(Unresolved) in
        let table = try shape(call, 0, rank: 2)
        let lengths = [stated(call, 1, "2", "the number of queries"), stated(call, 2, "3", "the number of keys")]
        return [.tensor(call.type(0), [1, table[1]] + lengths)]
      },
      row("GatedRelativePositionBias", domain: domain) { call throws(Unresolved) in
        let heads = Dimension.constant(try call.requiredInteger("num_heads"))
        // With padding removed, the table of tokens still tells batch and length.
        let table = call.has(6) ? try shape(call, 6, rank: 2) : try shape(call, 0, rank: 3)
        return [.tensor(call.type(0), [table[0], heads, table[1], table[1]])]
      },
      row("RemovePadding", domain: domain) { call throws(Unresolved) in
        let input = try shape(call, 0, rank: 3)
        let tokens = call.unknown("0", "the number of tokens that are no padding")
        return [
          .tensor(call.type(0), [tokens, input[2]]), .tensor(.int32, [input[0], input[1]]),
          .tensor(.int32, [input[0] + 1]), .tensor(.int32, [1]),
        ]
      },
      row("RestorePadding", domain: domain) { call throws(Unresolved) in
        let (input, table) = (try shape(call, 0, rank: 2), try shape(call, 1, rank: 2))
        return [.tensor(call.type(0), [table[0], table[1], input[1]])]
      },
      row("GemmaRotaryEmbedding", domain: domain) { call throws(Unresolved) in
        [.tensor(call.type(1), try call.shape(1)), .tensor(call.type(3), try call.shape(3))]
      },
    ]
    + rows(
      ["RotaryEmbedding", "LongformerAttention", "QOrderedLongformerAttention"], domain: domain, shape: likeFirst(1))

  /// The number of heads, which is more than zero.
  private static func heads(_ call: Call, _ name: String = "num_heads") throws(Unresolved) -> Int {
    let heads = try call.requiredInteger(name)
    guard heads > 0 else { throw .defect("attribute '\(name)' is \(heads)") }
    return heads
  }

  /// The width of the values where one matrix projects queries, keys and values.
  private static func widthOfValues(_ call: Call) throws(Unresolved) -> Dimension {
    if let widths = try call.optionalIntegers("qkv_hidden_sizes"), !widths.isEmpty {
      guard widths.count == 3 else { throw .defect("attribute 'qkv_hidden_sizes' has \(widths.count) entries, not 3") }
      return .constant(widths[2])
    }
    return try part(try shape(call, 1, rank: 2)[1], of: 3, "queries, keys and values")
  }

  /// Input and one matrix for queries, keys and values; the cache holds both keys and values, [2, B, N, T, H].
  private static func fused(_ call: Call, past: Int) throws(Unresolved) -> [Fact] {
    let input = try shape(call, 0, rank: 3)
    let width = try widthOfValues(call)
    let heads = try heads(call)
    let type = call.node.operatorType == "QAttention" ? call.type(3) : call.type(0)
    var present: [Dimension] = [2, input[0], .constant(heads), input[1], try part(width, of: heads, "the heads")]
    if call.has(past) {
      let cache = try shape(call, past, rank: 5)
      present[3] = try call.flag("past_present_share_buffer") ? cache[3] : cache[3] + input[1]
    }
    return [.tensor(type, [input[0], input[1], width]), .tensor(type, present)]
  }

  /// Queries, keys and values apart or packed: queries [B, S, N·H], or [B, S, N, 3, H] with all three; keys [B, L, N·H],
  /// [B, L, N, 2, H] with the values, or [B, N, L, H] from an encoder. Both caches are [B, N, T, H].
  private static func separate(_ call: Call, past: Int, sharesBuffer: Bool) throws(Unresolved) -> [Fact] {
    let query = try call.shape(0)
    let number = try heads(call)
    let heads = Dimension.constant(number)
    guard query.count == 3 || query.count == 5 else { throw .defect("queries have rank \(query.count), not 3 or 5") }
    let (keyHead, valueHead, length): (Dimension, Dimension, Dimension)
    var extendsCache = true
    if query.count == 5 {
      (keyHead, valueHead, length) = (query[4], query[4], query[1])
    } else if !call.has(1) {
      // Only the decoding operator packs all three into rank 3.
      let head = try part(try part(query[2], of: 3, "queries, keys and values"), of: number, "the heads")
      (keyHead, valueHead, length) = (head, head, query[1])
    } else {
      let key = try call.shape(1)
      switch key.count {
      case 5: (keyHead, valueHead, length) = (key[4], key[4], key[1])
      case 4:
        let value = try shape(call, 2, rank: 4)
        (keyHead, valueHead, length, extendsCache) = (key[3], value[3], key[2], false)
      case 3:
        let value = try call.shape(2)
        guard value.count == 3 else { throw .defect("values have rank \(value.count), not 3 as the keys") }
        keyHead = try part(key[2], of: number, "the heads")
        valueHead = try part(value[2], of: number, "the heads")
        length = key[1]
      default: throw .defect("keys have rank \(key.count), not 3, 4 or 5")
      }
    }
    var total = length
    var cached = length
    if extendsCache, call.has(past) {
      let cache = try shape(call, past, rank: 4)
      total = cache[2] + length
      cached = sharesBuffer ? cache[2] : total
      // Of a shared buffer, only the value of another input says how much is filled.
      if sharesBuffer { total = cache[2] }
    }
    return [
      .tensor(call.type(0), [query[0], query[1], heads * valueHead]),
      .tensor(call.type(0), [query[0], heads, cached, keyHead]),
      .tensor(call.type(0), [query[0], heads, cached, valueHead]),
      .tensor(call.type(0), [query[0], heads, query[1], total]),
    ]
  }

  /// Without padding, [tokens, N·H], or [tokens, N, 3, H] with queries, keys and values.
  private static func packed(_ call: Call) throws(Unresolved) -> [Fact] {
    let query = try call.shape(0)
    if query.count == 4 { return [.tensor(call.type(0), [query[0], query[1] * query[3]])] }
    guard query.count == 2 else { throw .defect("queries have rank \(query.count), not 2 or 4") }
    return [.tensor(call.type(0), [query[0], try shape(call, 2, rank: 2)[1]])]
  }

  /// The size of a head where fewer heads of keys and values than of queries follow them in one row.
  private static func groupedHead(_ call: Call, width: Dimension) throws(Unresolved) -> Dimension {
    let (queries, keys) = (try heads(call), try heads(call, "kv_num_heads"))
    guard queries <= 1 << 32, keys <= 1 << 32, queries % keys == 0 else {
      throw .defect("\(queries) heads of queries share \(keys) of keys and values")
    }
    return try part(width, of: call.has(1) ? queries : queries + 2 * keys, "the heads")
  }

  /// Queries [B, S, N·H] with keys and values apart, or all in one; the caches are [B, N of keys, T, H].
  private static func grouped(_ call: Call, total: Int) throws(Unresolved) -> [Fact] {
    let query = try shape(call, 0, rank: 3)
    let head = try groupedHead(call, width: query[2])
    let heads = Dimension.constant(try heads(call))
    let positions = stated(call, total, "2", "the number of positions with those before")
    var length = positions
    if call.has(3) {
      let cache = try shape(call, 3, rank: 4)
      // A buffer that is large enough is kept.
      length = Dimension.larger(cache[2], positions)
    }
    let present = Fact.tensor(call.type(0), [query[0], .constant(try self.heads(call, "kv_num_heads")), length, head])
    return [
      .tensor(call.type(0), [query[0], query[1], heads * head]), present, present,
      .tensor(call.type(0), [query[0], heads, query[1], positions]),
    ]
  }

  /// As with groups; its caches are buffers of a fixed length.
  private static func sparse(_ call: Call) throws(Unresolved) -> [Fact] {
    let query = try shape(call, 0, rank: 3)
    let head = try groupedHead(call, width: query[2])
    return [
      .tensor(call.type(0), [query[0], query[1], .constant(try heads(call)) * head]),
      .tensor(call.type(3), try shape(call, 3, rank: 4)), .tensor(call.type(4), try shape(call, 4, rank: 4)),
    ]
  }

  /// Without padding, queries [tokens, N·H] or all three in one; its caches are pages that stay as they are.
  private static func paged(_ call: Call) throws(Unresolved) -> [Fact] {
    let query = try shape(call, 0, rank: 2)
    let head = try groupedHead(call, width: query[1])
    return [
      .tensor(call.type(0), [query[0], .constant(try heads(call)) * head]), .tensor(call.type(3), try call.shape(3)),
      .tensor(call.type(4), try call.shape(4)),
    ]
  }

  /// Queries [S, B, N·H]; whether the cache grows is said by values.
  private static func decoder(_ call: Call) throws(Unresolved) -> [Fact] {
    let query = try shape(call, 0, rank: 3)
    let heads = try heads(call)
    let length = call.unknown("2", "the number of positions in the cache")
    let cache = Fact.tensor(
      call.type(0), [query[1], .constant(heads), length, try part(query[2], of: heads, "the heads")])
    return [.tensor(call.type(0), query), cache, cache]
  }
}
