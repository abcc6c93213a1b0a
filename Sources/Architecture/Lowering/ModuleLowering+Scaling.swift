internal import Graph
internal import Units

extension ModuleLowering {
  /// `ia3.Linear.forward` of PEFT 0.21 (peft/tuners/ia3/layer.py): a vector, held in fp32, scales the layer's output, or
  /// the input where it is the MLP's last. Nil where the layer has none.
  func scaled(
    _ g: inout GraphBuilder, _ input: Tensor, _ module: ModuleParameters
  ) -> Tensor? {
    guard let modules = ScaledModules.usual(of: description.modelType ?? ""), modules.reach(module.path),
      let features = module.features
    else { return nil }
    let scalesInput = modules.scaleInput(of: module.path)
    return g.frame(module.path) { g in
      let extents: Shape = scalesInput ? [1, features.input] : [features.output, 1]
      let vector = g.parameter("\(module.path).ia3_l", extents, .float32)
      let flat = g.reshape(vector, [scalesInput ? features.input : features.output])
      let factor = g.hold(g.multiplyScalar(flat))
      guard scalesInput else {
        let result = base(&g, input, module)
        return g.cast(g.multiply(result, factor), to: result.dataType)
      }
      let wide = g.hold(g.cast(input, to: .float32))
      let scaled = g.hold(g.cast(g.multiply(wide, factor), to: input.dataType))
      return base(&g, scaled, module)
    }
  }
}
