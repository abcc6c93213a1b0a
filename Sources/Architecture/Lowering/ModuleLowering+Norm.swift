internal import Graph

/// How a norm over the features runs.
enum NormKind: Sendable {
  case layerNorm
  /// Layer norm with one plus the weight, in autocast's type (Nemotron).
  case layerNormOnePlus
  /// Layer norm without parameters, in fp32 and back (OLMo).
  case bareLayerNorm
  /// Layer norm written out in fp32, without a bias (Cohere).
  case centered
  /// In fp32, multiplied by the weight after the cast back (Llama).
  case rms
  /// In fp32, multiplied by the weight before the cast back (OLMo 2).
  case rmsInside
  /// The same with the weight in fp32 (Helium).
  case rmsWide
  /// In fp32, multiplied by one plus the weight before the cast back (Gemma).
  case rmsOnePlus
  /// In fp32 in a function of its own, the weight last (Llama 4).
  case rmsThenWeight
  /// The input times a root in fp32, cast to the weight's type only where that has 16 bits (T5).
  case rmsUncast
}

extension ModuleLowering {
  /// A norm over the last axis.
  func norm(
    _ g: inout GraphBuilder, _ input: Tensor, _ module: ModuleParameters, _ kind: NormKind, _ name: String
  ) -> Tensor {
    guard let weight = weight(&g, module) else { return input }
    let bias = bias(&g, module)
    return g.frame(name) { g in
      if settings.kernels == .liger, kind == .rms || kind == .rmsOnePlus {
        return g.fusedRootMeanSquareNorm(input, weight)
      }
      switch kind {
      case .layerNorm: return g.layerNorm(input, weight, bias)
      case .rms:
        // x · rsqrt(mean(x²) + ε) in fp32, with the variables that the Python code keeps.
        let wide = g.cast(input, to: .float32)
        let variance = g.hold(g.mean(g.power(wide, 2)))
        let normalized = g.hold(g.multiply(wide, g.reciprocalSquareRoot(g.addScalar(variance))))
        return g.multiply(weight, g.cast(normalized, to: input.dataType))
      case .rmsUncast:
        let variance = g.hold(g.mean(g.power(g.cast(input, to: .float32), 2)))
        let normalized = g.multiply(input, g.reciprocalSquareRoot(g.addScalar(variance)))
        return g.multiply(weight, weight.dataType == .float32 ? normalized : g.cast(normalized, to: weight.dataType))
      case .rmsInside, .rmsWide:
        let wide = g.cast(input, to: .float32)
        let variance = g.hold(g.mean(g.power(wide, 2)))
        let normalized = g.hold(g.multiply(wide, g.reciprocalSquareRoot(g.addScalar(variance))))
        let factor = kind == .rmsWide ? g.cast(weight, to: .float32) : weight
        return g.cast(g.multiply(factor, normalized), to: input.dataType)
      case .layerNormOnePlus:
        let shifted = g.addScalar(weight)
        guard let narrow = g.autocast else { return g.layerNorm(input, shifted, bias) }
        let arguments = (
          g.hold(g.cast(input, to: narrow)), g.hold(g.cast(shifted, to: narrow)),
          bias.map { g.hold(g.cast($0, to: narrow)) }
        )
        return g.withoutAutocast { g in g.layerNorm(arguments.0, arguments.1, arguments.2) }
      case .centered:
        let wide = g.cast(input, to: .float32)
        let mean = g.hold(g.mean(wide))
        let variance = g.hold(g.mean(g.power(g.subtract(wide, mean), 2)))
        let difference = g.subtract(wide, mean)
        let normalized = g.multiply(difference, g.reciprocalSquareRoot(g.addScalar(variance)))
        let scaled = g.hold(g.multiply(g.cast(weight, to: .float32), normalized))
        return g.cast(scaled, to: input.dataType)
      case .bareLayerNorm: return bareNorm(&g, input)
      case .rmsOnePlus:
        let wide = g.cast(input, to: .float32)
        let root = g.reciprocalSquareRoot(g.addScalar(g.mean(g.power(wide, 2))))
        let normalized = g.multiply(wide, root)
        let scaled = g.hold(g.multiply(normalized, g.addScalar(g.cast(weight, to: .float32))))
        return g.cast(scaled, to: input.dataType)
      case .rmsThenWeight: return g.multiply(g.hold(normalized(&g, input)), weight)
      }
    }
  }

  /// x · rsqrt(mean(x²) + ε) over the last axis in fp32, cast back (`Llama4TextL2Norm`).
  func normalized(_ g: inout GraphBuilder, _ input: Tensor) -> Tensor {
    let normalized = g.frame("") { g in
      let wide = g.cast(input, to: .float32)
      return g.multiply(wide, g.reciprocalSquareRoot(g.addScalar(g.mean(g.power(wide, 2)))))
    }
    return g.cast(normalized, to: input.dataType)
  }

  /// `F.layer_norm` of the input in fp32, without parameters.
  func bareNorm(_ g: inout GraphBuilder, _ input: Tensor) -> Tensor {
    g.cast(g.layerNorm(g.cast(input, to: .float32), nil, nil), to: input.dataType)
  }
}
