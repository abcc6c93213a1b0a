internal import Units

extension ModelDescription {
  /// The first shapes of a layer's latent attention that do not fit together; nil where all do.
  func misfit(latent: LatentSizes?, _ layer: Layer, _ sizes: TransformerLowering.Sizes) -> String? {
    let modules = layer.modules
    guard let latent else {
      let has = [Role.queryDown, .queryUp, .keyValueDown, .keyValueUp].contains { modules[$0] != nil }
      return has ? "the sizes of the latent attention of \(layer.path) were not recognised" : nil
    }
    guard latent.turned > 0, latent.turned % 2 == 0, latent.still > 0, latent.value > 0, latent.shared > 0,
      sizes.keyValueHeads == sizes.heads
    else { return "the heads of \(layer.path) cannot be cut into a turned part of \(latent.turned) and another" }
    let width = sizes.heads * sizes.headDimension
    let narrow = modules[.queryDown]?.features?.output
    guard (narrow == nil) == (modules[.queryUp] == nil), narrow != nil || modules[.query] != nil,
      modules[.keyValueUp] != nil, modules[.keyValueDown] != nil
    else { return "\(layer.path) has no attention and MLP that were recognised" }
    let expected: [(Role, input: Int, output: Int)] = [
      (.queryDown, sizes.hidden, narrow ?? 0), (.queryUp, narrow ?? 0, width),
      (.keyValueDown, sizes.hidden, latent.shared + latent.turned),
      (.keyValueUp, latent.shared, sizes.heads * (latent.still + latent.value)),
    ]
    for (role, input, output) in expected {
      if let misfit = modules[role]?.misfit(input: input, output: output) { return misfit }
    }
    if let misfit = modules[.queryDownNorm]?.misfit(norm: narrow ?? 0) { return misfit }
    return modules[.keyValueDownNorm]?.misfit(norm: latent.shared)
  }
}
