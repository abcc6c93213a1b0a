internal import Graph
internal import Units

extension TransformerLowering {
  /// `sdpa_attention_forward` and the kernel that torch 2.11 picks on a device of compute capability 8.0 or 9.0.
  func fused(
    _ g: inout GraphBuilder, _ heads: Heads, _ mask: AttentionMask?, bias: Tensor? = nil, isCausal: Bool? = nil
  ) -> (output: Tensor, weights: Tensor?) {
    let isCausal = isCausal ?? choices.isCausal
    let output = g.frame("") { g in
      var heads = heads
      var mask = bias.map { biasMask(&g, $0, mask, isCausal: isCausal) } ?? mask
      if repeatsHeads, mask != nil || sizes.headDimension > 256 {
        heads.key = g.hold(repeated(&g, heads.key))
        heads.value = g.hold(repeated(&g, heads.value))
      }
      if let autocast = settings.precision.autocast {
        // What autocast converts lives until the function returns.
        if let given = mask, !given.isBoolean { mask?.tensor = g.hold(g.cast(given.tensor, to: autocast)) }
        heads = (g.cast(heads.query, to: autocast), g.cast(heads.key, to: autocast), g.cast(heads.value, to: autocast))
      }
      let type = heads.query.dataType
      let isGrouped = heads.key.shape[1] != heads.query.shape[1]
      switch kernel(type, width: heads.value.shape[3], isGrouped: isGrouped, isMasked: mask != nil) {
      case .efficient?:
        let bias = mask.map { additive(&g, $0, type, queries: heads.query.shape[2]) }
        return attended(&g, .efficient, heads, mask: bias, isCausal: isCausal)
      case let kernel?: return flash(&g, heads, kernel, isCausal: isCausal)
      case nil: return composite(&g, heads, mask, isCausal: isCausal)
      }
    }
    return (g.contiguous(g.transpose(output, 1, 2)), nil)
  }

  /// The kernel for values of so many features; nil where none of them takes the case.
  func kernel(_ type: DataType, width: Int, isGrouped: Bool, isMasked: Bool) -> AttentionKernel? {
    let isHalf = type == .float16 || type == .bfloat16
    let dimension = sizes.headDimension
    let wanted = settings.attention
    if wanted == .math { return nil }
    if isHalf, dimension <= 256, width == dimension, !isMasked, wanted != .efficient {
      return wanted == .cudnn ? .cudnn : .flash
    }
    let unit = isHalf ? 8 : 4
    return !isGrouped && dimension % unit == 0 && width % unit == 0 ? .efficient : nil
  }

  /// A kernel over this rank's tokens, or over those of all ranks that share a sequence.
  private func attended(
    _ g: inout GraphBuilder, _ kernel: AttentionKernel, _ heads: Heads, mask: Tensor? = nil, isCausal: Bool
  ) -> Tensor {
    if let share = settings.context {
      let ring = RingAttention(kernel, share)
      return g.ringAttention(ring, query: heads.query, key: heads.key, value: heads.value)
    }
    return g.attention(
      kernel, query: heads.query, key: heads.key, value: heads.value, mask: mask, isCausal: isCausal)
  }

  /// Whether key/value heads are repeated for their query heads where a kernel cannot group them.
  private var repeatsHeads: Bool {
    if case .interface = choices.attention { sizes.groups > 1 } else { false }
  }

  /// Flash attention wants head dimensions in multiples of eight and pads them otherwise.
  private func flash(
    _ g: inout GraphBuilder, _ heads: Heads, _ kernel: AttentionKernel, isCausal: Bool
  ) -> Tensor {
    let missing = (8 - sizes.headDimension % 8) % 8
    guard missing > 0 else { return attended(&g, kernel, heads, isCausal: isCausal) }
    func padded(_ g: inout GraphBuilder, _ tensor: Tensor) -> Tensor {
      var shape = tensor.shape
      shape.dimensions[3] += missing
      return g.apply(.pad, [tensor], Layout(contiguous: shape), tensor.dataType)
    }
    let query = padded(&g, heads.query)
    let key = padded(&g, heads.key)
    let output = attended(&g, kernel, (query, key, padded(&g, heads.value)), isCausal: isCausal)
    return g.slice(output, axis: 3, start: 0, length: sizes.headDimension)
  }

  /// `create_position_bias_mask` (transformers/integrations/sdpa_attention.py): a bias by distance where a token may
  /// be seen, and a large negative number elsewhere.
  private func biasMask(
    _ g: inout GraphBuilder, _ bias: Tensor, _ mask: AttentionMask?, isCausal: Bool
  ) -> AttentionMask {
    let combined = g.frame("") { g in
      if let mask { return mask.isBoolean ? g.whereVisible(bias, mask.tensor) : g.add(bias, mask.tensor) }
      guard isCausal else { return bias }
      let rows = g.create("arange", [], [bias.shape[2]], .int64)
      let columns = g.create("arange", [], [bias.shape[3]], .int64)
      let visible = g.create("ge", [rows, columns], [1, 1, bias.shape[2], bias.shape[3]], .bool)
      return g.whereVisible(bias, g.hold(visible))
    }
    return AttentionMask(tensor: g.hold(combined), isBoolean: false)
  }

  /// The mask as the efficient kernel takes it: in the queries' type, rows aligned to eight, one for all heads.
  private func additive(
    _ g: inout GraphBuilder, _ mask: AttentionMask, _ type: DataType, queries: Int
  ) -> Tensor {
    var bias = mask.tensor
    let shape = mask.tensor.shape
    if mask.isBoolean {
      bias = g.create("where", [g.create("logical_not", [bias], shape, .bool)], shape, type)
    } else if bias.dataType != type {
      bias = g.cast(bias, to: type)
    }
    let keys = shape[3]
    if keys % 8 != 0 {
      var wide = shape
      wide.dimensions[3] = (keys + 7) / 8 * 8
      bias = g.slice(g.apply(.pad, [bias], Layout(contiguous: wide), type), axis: 3, start: 0, length: keys)
    }
    return g.expand(bias, to: [batch, sizes.heads, queries, keys])
  }

  /// `_scaled_dot_product_attention_math`: the operators themselves, 16-bit inputs in fp32.
  private func composite(
    _ g: inout GraphBuilder, _ heads: Heads, _ mask: AttentionMask?, isCausal: Bool
  ) -> Tensor {
    let type = heads.query.dataType
    return g.frame("") { g in
      g.withoutAutocast { g in
        let wideQuery = g.hold(g.cast(heads.query, to: .float32))
        let wideKey = g.hold(g.cast(heads.key, to: .float32))
        let wideValue = g.hold(g.cast(heads.value, to: .float32))
        let query = g.hold(g.multiplyScalar(wideQuery))
        let bias = mask != nil || isCausal ? g.hold(scoresBias(&g, mask)) : nil
        // Grouped heads are repeated (`repeat_interleave`), which copies; Falcon's single head is broadcast.
        let key = repeatsHeads ? g.hold(g.contiguous(repeated(&g, wideKey))) : wideKey
        let value = repeatsHeads ? g.hold(g.contiguous(repeated(&g, wideValue))) : wideValue
        var scores = g.matrixProduct(query, g.multiplyScalar(g.transpose(key, 2, 3)))
        if let bias { scores = g.add(scores, bias) }
        let weights = g.hold(g.dropout(g.softmax(scores), number(choices.attentionDropout)))
        // The probabilities are handed back beside the product, in its type.
        g.hold(g.cast(weights, to: type))
        return g.cast(g.hold(g.matrixProduct(weights, value)), to: type)
      }
    }
  }

  /// What is added to the scores: zero where a token may be seen, minus infinity elsewhere.
  private func scoresBias(_ g: inout GraphBuilder, _ mask: AttentionMask?) -> Tensor {
    if let mask, !mask.isBoolean { return mask.tensor }
    let shape: Shape = mask?.tensor.shape ?? [length, length]
    let visible = mask?.tensor ?? g.create("tril", [g.create("ones", [], shape, .bool)], shape, .bool)
    return g.create("where", [g.create("logical_not", [visible], shape, .bool)], shape, .float32)
  }
}
