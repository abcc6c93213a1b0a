internal import Graph
internal import Units

// LaMDA (arXiv 2406.12832), as its authors' lamda.py changes the layers of PEFT.
extension ModuleLowering {
  /// W x + B S A x, added in place: A [R, I] is frozen, S [R, R] and B [O, R] train, all in the type of the weights.
  func squared(
    _ g: inout GraphBuilder, _ input: Tensor, _ adapter: Adapter, base: (inout GraphBuilder, Tensor) -> Tensor
  ) -> Tensor {
    let (down, square, up) = squaredFactors(&g, adapter)
    let result = g.hold(base(&g, input))
    let converted = g.hold(g.cast(input, to: type))
    let dropped = g.dropout(converted, adapter.settings.dropout)
    let narrow = g.frame("lora_A") { g in g.linear(dropped, down, nil) }
    let turned = g.frame("sigma") { g in g.linear(narrow, square, nil) }
    let addition = g.multiplyScalar(g.frame("lora_B") { g in g.linear(turned, up, nil) })
    return g.cast(g.addInPlace(result, addition), to: result.dataType)
  }

  /// The adapter's own parameters.
  func squaredFactors(_ g: inout GraphBuilder, _ adapter: Adapter) -> (down: Tensor, square: Tensor, up: Tensor) {
    let (path, rank) = (adapter.module.path, adapter.settings.rank)
    return (
      g.parameter("\(path).lora_A.weight", [rank, adapter.features.input], type, trains: false),
      g.parameter("\(path).sigma.weight", [rank, rank], type),
      g.parameter("\(path).lora_B.weight", [adapter.features.output, rank], type)
    )
  }
}
