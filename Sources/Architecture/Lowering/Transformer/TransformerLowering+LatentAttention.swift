internal import Graph
internal import Units

/// The sizes of latent attention (DeepSeek): queries and keys have a part that is turned and one that is not, and keys
/// and values come out of a narrow space that all heads share.
struct LatentSizes {
  /// Features of a head's query and key that are turned.
  var turned: Int
  /// The others.
  var still: Int
  /// Features of a head's value.
  var value: Int
  /// The width of the shared space.
  var shared: Int
}

extension TransformerLowering {
  /// Nil where attention is not latent.
  var latent: LatentSizes? { description.latentSizes(sizes.heads, sizes.headDimension) }

  /// `DeepseekV2Attention`, `DeepseekV3Attention` up to the kernel: queries and keys [B, N, S, D], values [B, N, S, Dv].
  func latentProjections(
    _ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer, _ inputs: LayerInputs
  ) -> Heads? {
    guard let latent, let down = layer.modules[.keyValueDown], let norm = layer.modules[.keyValueDownNorm],
      let up = layer.modules[.keyValueUp]
    else { return nil }
    let dimension = sizes.headDimension
    let wide = g.hold(queries(&g, input, layer))
    let query = g.transpose(g.reshape(wide, [batch, length, sizes.heads, dimension]), 1, 2)
    let parts = g.split(query, axis: -1, lengths: [latent.still, latent.turned])
    let compressed = g.hold(linear(&g, input, down))
    let pieces = g.split(compressed, axis: -1, lengths: [latent.shared, latent.turned])
    let narrow = g.hold(self.norm(&g, pieces[0], norm, "kv_a_layernorm"))
    var still = g.reshape(narrow, [batch, 1, length, latent.shared])
    let single = g.reshape(pieces[1], [batch, 1, length, latent.turned])
    var (turnedQuery, turnedKey) = turnedParts(&g, parts[1], single, inputs)
    for tensor in [turnedQuery, turnedKey] { g.hold(tensor) }
    if settings.usesCache { (_, still, turnedKey) = cached(&g, (still, still, turnedKey)) }
    let whole = g.concatenate([parts[0], turnedQuery], axis: -1)
    let (key, value) = expanded(&g, still, turnedKey, up, latent)
    return (whole, key, value)
  }

  /// Queries from their own narrow space, where there is one.
  private func queries(_ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer) -> Tensor {
    guard let down = layer.modules[.queryDown], let up = layer.modules[.queryUp] else {
      return layer.modules[.query].map { linear(&g, input, $0) } ?? input
    }
    let narrow = linear(&g, input, down)
    let normed = layer.modules[.queryDownNorm].map { norm(&g, narrow, $0, "q_a_layernorm") } ?? narrow
    return linear(&g, normed, up)
  }

  private func turnedParts(
    _ g: inout GraphBuilder, _ query: Tensor, _ key: Tensor, _ inputs: LayerInputs
  ) -> (Tensor, Tensor) {
    if let angles = inputs.complexAngles { return turnedAsComplex(&g, query, key, g.unsqueeze(angles, 1)) }
    guard let rotary = inputs.rotary else { return (query, key) }
    return g.frame("") { g in
      guard configuration?.boolean("rope_interleave") ?? true else {
        let (cosine, sine) = (g.unsqueeze(rotary.cosine, 1), g.unsqueeze(rotary.sine, 1))
        return (turned(&g, query, cosine, sine), turned(&g, key, cosine, sine))
      }
      let half = query.shape[3] / 2
      let cosine = g.unsqueeze(g.slice(rotary.cosine, axis: 2, start: 0, length: half), 1)
      let sine = g.unsqueeze(g.slice(rotary.sine, axis: 2, start: 0, length: half), 1)
      let neighbours = [query, key].map { tensor in
        [0, 1].map { g.slice(tensor, axis: 3, start: $0, length: half, step: 2) }
      }
      let turnedQuery = turnedParts(&g, neighbours[0][0], neighbours[0][1], cosine, sine)
      return (turnedQuery, turnedParts(&g, neighbours[1][0], neighbours[1][1], cosine, sine))
    }
  }

  /// `expand_kv`: each head's keys, with the turned part that all share, and values.
  private func expanded(
    _ g: inout GraphBuilder, _ still: Tensor, _ turned: Tensor, _ up: ModuleParameters, _ latent: LatentSizes
  ) -> (key: Tensor, value: Tensor) {
    g.frame("") { g in
      let width = latent.still + latent.value
      let all = g.reshape(linear(&g, still, up), [batch, length, sizes.heads, width])
      let parts = g.split(g.transpose(all, 1, 2), axis: -1, lengths: [latent.still, latent.value])
      let shape: Shape = [batch, sizes.heads, length, sizes.headDimension]
      let empty = g.create("new_empty", [], shape, all.dataType)
      let half = g.copySlice(empty, parts[0])
      return (g.copySlice(half, g.expand(turned, to: [batch, sizes.heads, length, latent.turned])), parts[1])
    }
  }
}

extension ModelDescription {
  /// The sizes of latent attention, from the shapes of the first layer's modules; nil where it has none.
  func latentSizes(_ heads: Int, _ headDimension: Int) -> LatentSizes? {
    guard let modules = layers.first?.modules, let down = modules[.keyValueDown]?.features?.output,
      let shared = modules[.keyValueDownNorm]?.weight?.dimensions.first,
      let output = modules[.attentionOutput]?.features?.input, heads > 0
    else { return nil }
    return LatentSizes(
      turned: down - shared, still: headDimension - (down - shared), value: output / heads, shared: shared)
  }
}
