internal import Graph
internal import Units

/// Operators that are a whole attention, as `scaled_dot_product_attention` of torch 2.11 would compute them.
extension OperatorLowering {
  static let attention: [String: Row] = [
    "Attention": { step, g throws(LoweringError) in
      step.node.domain.isEmpty ? try standardAttention(step, &g) : try packedAttention(step, &g)
    },
    "MultiHeadAttention": multiHeadAttention,
    "GroupQueryAttention": groupQueryAttention,
  ]

  /// ai.onnx Attention (versions 23 and 24): [batch, length, heads · dimension] or [batch, heads, length, dimension].
  private static func standardAttention(
    _ step: LoweredStep, _ g: inout TrainingLowering
  ) throws(LoweringError) -> [Tensor?] {
    let query = try g.tensor(step.step.reads[0])
    let heads = query.shape.rank == 4 ? query.shape[1] : step.integer("q_num_heads")
    let shared = query.shape.rank == 4 ? nil : step.integer("kv_num_heads")
    return try attention(step, heads: heads, keyValueHeads: shared, mask: step.operand(3), past: 4...5, &g)
  }

  /// com.microsoft MultiHeadAttention: query, key and value apart, with one bias for the three.
  private static func multiHeadAttention(
    _ step: LoweredStep, _ g: inout TrainingLowering
  ) throws(LoweringError) -> [Tensor?] {
    guard step.operand(3) == nil else {
      throw LoweringError(message: "MultiHeadAttention with a bias is not simulated")
    }
    let heads = step.integer("num_heads")
    return try attention(
      step, heads: heads, keyValueHeads: heads, mask: step.operand(5) ?? step.operand(4), past: 6...7, &g)
  }

  /// com.microsoft GroupQueryAttention: causal, with fewer heads for keys and values.
  private static func groupQueryAttention(
    _ step: LoweredStep, _ g: inout TrainingLowering
  ) throws(LoweringError) -> [Tensor?] {
    try attention(
      step, heads: step.integer("num_heads"), keyValueHeads: step.integer("kv_num_heads"), mask: nil, past: 3...4, &g)
  }

  /// com.microsoft Attention: one product with bias for query, key and value.
  private static func packedAttention(
    _ step: LoweredStep, _ g: inout TrainingLowering
  ) throws(LoweringError) -> [Tensor?] {
    guard step.operand(4) == nil else { throw LoweringError(message: "attention with a cache is not trained") }
    let input = try g.tensor(step.step.reads[0])
    let weight = try g.tensor(step.step.reads[1])
    let bias = try step.operand(2).map { place throws(LoweringError) in try g.tensor(place) }
    let inputs = [input, weight] + (bias.map { [$0] } ?? [])
    let packed = g.trained(g.builder.linear(input, weight, bias, transposed: true), by: inputs)
    let widths = step.integers("qkv_hidden_sizes") ?? [Int](repeating: packed.shape[2] / 3, count: 3)
    guard widths.count == 3, widths.reduce(0, +) == packed.shape[2], let heads = step.integer("num_heads") else {
      throw LoweringError(message: "the widths of a packed attention do not add up")
    }
    var parts: [Tensor] = []
    for part in g.builder.split(packed, axis: 2, lengths: widths) {
      parts.append(try g.headed(g.trained(part, by: [packed]), heads))
    }
    return [try g.attended(parts[0], parts[1], parts[2], mask: nil, isFlat: true)]
  }

  private static func attention(
    _ step: LoweredStep, heads: Int?, keyValueHeads: Int?, mask: Int?, past: ClosedRange<Int>,
    _ g: inout TrainingLowering
  ) throws(LoweringError) -> [Tensor?] {
    guard past.allSatisfy({ step.operand($0) == nil }) else {
      throw LoweringError(message: "attention with a cache is not trained")
    }
    guard let query = step.operand(0), let key = step.operand(1), let value = step.operand(2), let heads else {
      throw LoweringError(message: "an attention lacks its operands or its number of heads")
    }
    let input = try g.tensor(query)
    let parts = (
      try g.headed(input, heads), try g.headed(try g.tensor(key), keyValueHeads ?? heads),
      try g.headed(try g.tensor(value), keyValueHeads ?? heads)
    )
    let bias = try mask.map { place throws(LoweringError) in try g.tensor(place) }
    return [try g.attended(parts.0, parts.1, parts.2, mask: bias, isFlat: input.shape.rank == 3)]
  }
}

extension TrainingLowering {
  /// [batch, length, heads · dimension] as [batch, heads, length, dimension], which is a view.
  mutating func headed(_ input: Tensor, _ heads: Int) throws(LoweringError) -> Tensor {
    if input.shape.rank == 4 { return input }
    guard input.shape.rank == 3, heads > 0, input.shape[2] % heads == 0 else {
      throw LoweringError(message: "\(input.shape) does not divide into \(heads) heads")
    }
    let split = builder.reshape(input, [input.shape[0], input.shape[1], heads, input.shape[2] / heads])
    return trained(builder.transpose(trained(split, by: [input]), 1, 2), by: [input])
  }

  /// Values weighted by softmax(query · key): by a fused kernel where torch has one for the case, else by products.
  mutating func attended(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, mask: Tensor?, isFlat: Bool
  ) throws(LoweringError) -> Tensor {
    guard query.shape[1] % max(1, key.shape[1]) == 0, query.shape[3] == key.shape[3] else {
      throw LoweringError(message: "\(query.shape[1]) query heads cannot share \(key.shape[1]) key heads")
    }
    let inputs = [query, key, value]
    let isHalf = query.dataType == .float16 || query.dataType == .bfloat16 || builder.autocast != nil
    let isGrouped = query.shape[1] != key.shape[1]
    var result: Tensor
    if settings.attention != .eager, settings.attention != .math, isHalf, mask == nil, query.shape[3] <= 256 {
      result = builder.attention(.flash, query: query, key: key, value: value, mask: nil)
    } else {
      let (key, value) = isGrouped ? (repeated(key, as: query), repeated(value, as: query)) : (key, value)
      if settings.attention != .eager, settings.attention != .math, query.shape[3] % (isHalf ? 8 : 4) == 0 {
        result = builder.attention(.efficient, query: query, key: key, value: value, mask: mask)
      } else {
        var scores = builder.matrixProduct(builder.multiplyScalar(query), builder.transpose(key, 2, 3))
        if let mask { scores = builder.add(scores, mask) }
        result = builder.matrixProduct(builder.softmax(scores), value)
      }
    }
    result = trained(result, by: inputs)
    guard isFlat else { return result }
    let shape = result.shape
    let rows = builder.transpose(result, 1, 2)
    return trained(builder.reshape(rows, [shape[0], shape[2], shape[1] * shape[3]]), by: inputs)
  }

  /// Heads repeated for the queries that share them, which copies.
  private mutating func repeated(_ input: Tensor, as query: Tensor) -> Tensor {
    var shape = input.shape
    let groups = query.shape[1] / shape[1]
    let wide = builder.expand(
      builder.unsqueeze(input, 2), to: [shape[0], shape[1], groups, shape[2], shape[3]])
    shape.dimensions[1] = query.shape[1]
    return trained(builder.reshape(wide, shape), by: [input])
  }
}
