internal import Graph
internal import Units

extension StateSpaceLowering {
  /// `MambaMixer.forward` without kernels, from [B, S, H] to [B, S, H].
  func selective(
    _ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer, _ padding: Tensor?
  ) -> Tensor {
    guard let entrance = layer.modules[.mixerInput], let states = layer.modules[.stateProjection],
      let steps = layer.modules[.timeStepProjection], let skipModule = layer.modules[.skip],
      let rank = steps.features?.input, let width = steps.features?.output
    else { return input }
    let count = ((states.features?.output ?? 0) - rank) / 2
    let projected = g.hold(g.transpose(linear(&g, masked(&g, input, padding), entrance), 1, 2))
    guard let decay = decay(&g, layer), let skip = weight(&g, skipModule) else { return input }
    let halves = g.split(projected, axis: 1, lengths: [width, width])
    let convolved = convolved(&g, halves[0], layer)
    let hidden = g.hold(masked(&g, g.transpose(convolved, 1, 2), padding))

    let parts = g.split(linear(&g, hidden, states), axis: -1, lengths: [rank, count, count])
    let timeSteps = g.hold(timeSteps(&g, parts[0], steps))
    let bias = bias(&g, steps).map { g.hold(g.cast($0, to: .float32)) }
    declareAdapter(&g, steps)
    let wideSkip = g.cast(skip, to: .float32)
    let scanned = g.hold(
      scan(
        &g,
        Scan(
          hidden: g.transpose(hidden, 1, 2), timeSteps: timeSteps, bias: bias, decay: decay, input: parts[1],
          output: parts[2], skip: wideSkip, gate: halves[1])))
    return leave(&g, g.cast(g.transpose(scanned, 1, 2), to: input.dataType), layer)
  }

  /// `dt_proj.weight @ time_step.transpose(1, 2)`, [B, I, S]: folded into one product where the weight trains, which
  /// copies the result; else a product for each sequence (`should_fold` in aten/src/ATen/native/LinearAlgebra.cpp).
  private func timeSteps(_ g: inout GraphBuilder, _ input: Tensor, _ module: ModuleParameters) -> Tensor {
    guard let weight = weight(&g, module) else { return input }
    if case .parameter(trains: true) = g.graph[weight.id].origin {
      return g.contiguous(g.transpose(g.linear(input, weight, nil), 1, 2))
    }
    let wide = g.expand(g.unsqueeze(weight, 0), to: [batch, weight.shape[0], weight.shape[1]])
    return g.batchedProduct(wide, g.transpose(input, 1, 2))
  }

  /// What a scan reads: [B, I, S], but the decay [I, N], and what comes in and goes out [B, S, N].
  private struct Scan {
    var hidden: GraphBuilder.Tensor
    var timeSteps: GraphBuilder.Tensor
    var bias: GraphBuilder.Tensor?
    var decay: GraphBuilder.Tensor
    var input: GraphBuilder.Tensor
    var output: GraphBuilder.Tensor
    var skip: GraphBuilder.Tensor
    var gate: GraphBuilder.Tensor
  }

  /// `mamba_selective_scan`, step by step.
  private func scan(_ g: inout GraphBuilder, _ scan: Scan) -> Tensor {
    g.frame("") { g in
      let type = scan.hidden.dataType
      var steps = scan.timeSteps
      if let bias = scan.bias { steps = g.add(steps, g.unsqueeze(g.cast(bias, to: steps.dataType), 1)) }
      steps = g.hold(g.preciseFunction("softplus", steps))
      let wideSteps = g.unsqueeze(steps, 3)
      let exponents = g.multiply(g.unsqueeze(g.unsqueeze(scan.decay, 1), 0), wideSteps)
      let decays = g.hold(g.preciseFunction("exp", exponents))
      let entrances = g.hold(g.multiply(wideSteps, g.cast(g.unsqueeze(scan.input, 1), to: .float32)))
      let inputs = g.hold(g.multiply(entrances, g.cast(g.unsqueeze(scan.hidden, 3), to: .float32)))

      var state = g.create("zeros", [], [batch, scan.hidden.shape[1], scan.decay.shape[1]], type)
      var outputs: [Tensor] = []
      outputs.reserveCapacity(length)
      for _ in 0..<length {
        let next = g.add(g.multiply(g.select(decays, axis: 2), state), g.select(inputs, axis: 2))
        g.keepUntilHere(state)
        state = next
        let column = g.unsqueeze(g.select(scan.output, axis: 1), 2)
        let output = g.batchedProduct(g.cast(state, to: type), column)
        outputs.append(g.hold(g.select(output, axis: 2)))
      }
      g.hold(state)
      let scanned = g.add(g.stack(outputs), g.multiply(scan.hidden, g.unsqueeze(g.unsqueeze(scan.skip, 1), 0)))
      return g.multiply(scanned, g.unary(.silu, scan.gate))
    }
  }
}
