internal import Checkpoint
internal import Units

extension Facts {
  /// Heads, their width, and how many of them key and value have.
  mutating func attention(_ model: inout ModelDescription) {
    guard let hidden = model.hiddenSize?.value, hidden > 0 else { return }
    let first =
      model.layers.first { $0.modules[.query] ?? $0.modules[.fusedQKV] ?? $0.modules[.queryUp] != nil }?.modules ?? [:]
    let queryWidth = first[.query]?.features?.output
    let fusedWidth = first[.fusedQKV]?.features?.output
    let hasAttention =
      model.layers.isEmpty
      || model.layers.contains { $0.modules[.attentionOutput] != nil || $0.modules[.query] != nil }
    guard hasAttention else { return }

    var heads = declared(keys.heads)
    var dimension = declared(keys.headDimension)
    if dimension == nil, let norm = first[.queryNorm], let length = norm.weight?.dimensions.last, length > 0,
      length < hidden / 2
    {
      dimension = Sourced(length, .derived, source: "length of \(norm.path).weight")
    }
    let width = queryWidth ?? first[.queryUp]?.features?.output ?? first[.attentionOutput]?.features?.input ?? hidden
    if heads == nil, let dimension, width % dimension.value == 0, width >= dimension.value {
      heads = Sourced(width / dimension.value, .derived, source: "query width \(width) by head dimension")
    }
    if heads == nil, !model.layers.isEmpty {
      let guess = hidden >= 4096 && hidden % 128 == 0 ? 128 : 64
      if hidden % guess == 0 {
        heads = Sourced(hidden / guess, .assumed, source: "a head dimension of \(guess)")
      }
    }
    if dimension == nil, let heads, width % heads.value == 0 {
      dimension = Sourced(width / heads.value, .derived, source: "query width \(width) by \(heads.value) heads")
    }
    model.headCount = heads
    model.headDimension = dimension
    model.keyValueHeadCount = keyValueHeads(first, heads, dimension, fusedWidth)
  }

  /// From the key's width, or from what a fused projection has beyond its queries, or as declared; a model that
  /// does not speak of them has as many as heads.
  private mutating func keyValueHeads(
    _ modules: [Role: ModuleParameters], _ heads: Sourced<Int>?, _ dimension: Sourced<Int>?, _ fusedWidth: Int?
  ) -> Sourced<Int>? {
    guard let heads else { return nil }
    var counted: Sourced<Int>?
    if let dimension = dimension?.value, dimension > 0 {
      if let key = modules[.key], let width = key.features?.output, width % dimension == 0, width > 0 {
        counted = Sourced(width / dimension, .derived, source: "rows of \(key.path).weight by head dimension")
      } else if let fused = modules[.fusedQKV], let fusedWidth, fusedWidth % dimension == 0,
        fusedWidth / dimension > heads.value, (fusedWidth / dimension - heads.value) % 2 == 0
      {
        counted = Sourced(
          (fusedWidth / dimension - heads.value) / 2, .derived,
          source: "rows of \(fused.path).weight beyond the queries")
      }
    }
    let said = declared(keys.keyValueHeads)
    if let counted, let said, counted.value != said.value, choice.family?.name != "falcon" {
      report(
        Finding(
          .warning, .keyValueHeadsMismatch, file: settings.file,
          "\(said.source) is \(said.value), but the tensors show \(counted.value) (\(counted.source))"))
    }
    return counted ?? said ?? Sourced(heads.value, .assumed, source: "as many as heads")
  }
}
