internal import Graph
internal import Units

// What SigLIP does in its own way.
extension ContrastiveLowering {
  /// The likenesses as verdicts on each pair by itself: log(sigmoid(±likeness)), summed for each text.
  func paired(_ g: inout GraphBuilder, _ likeness: Tensor) -> Tensor {
    let shape = likeness.shape
    let eye = g.hold(g.create("eye", [], shape, .float32))
    let ones = g.create("neg", [g.create("ones_like", [], shape, likeness.dataType)], shape, likeness.dataType)
    let signs = g.hold(g.create("add", [ones, g.create("mul", [eye], shape, .float32)], shape, .float32))
    let logarithm = ElementwiseFunction("log_sigmoid_forward", keeps: .input)
    let certain = g.hold(g.unary(.function(logarithm), g.multiply(signs, likeness)))
    let sums = g.apply(.sum, [certain], Layout(contiguous: [shape[0]]), certain.dataType)
    let losses = g.hold(g.unary(.negate, sums))
    return g.apply(.mean, [losses], Layout(contiguous: []), losses.dataType)
  }

  /// A learned query's attention over the patches [B, S, H], and an MLP: [B, H]
  /// (`SiglipMultiheadAttentionPoolingHead`).
  func attentionPooled(_ g: inout GraphBuilder, _ sequence: Tensor) -> Tensor {
    let modules = vision.stack.modules
    guard let probe = modules[.poolingProbe].flatMap({ weight(&g, $0) }), let projection = modules[.poolingQKV],
      let norm = modules[.poolingNorm], let up = modules[.poolingUp], let down = modules[.poolingDown]
    else { return sequence }
    let width = sequence.shape[2]
    let query = g.hold(g.contiguous(g.expand(probe, to: [sequence.shape[0], 1, width])))
    let attended = g.hold(g.frame("attention") { g in self.attended(&g, query, sequence, projection) })
    let hidden = g.hold(vision.blocks.norm(&g, attended, norm, "layernorm"))
    let bent = g.frame("mlp") { g in
      linear(&g, vision.blocks.activation(&g, linear(&g, hidden, up)), down)
    }
    return g.select(g.hold(g.add(attended, bent)), axis: 1)
  }

  /// `F.multi_head_attention_forward` of one query [B, 1, H] over [B, S, H], where key and value are one tensor.
  private func attended(
    _ g: inout GraphBuilder, _ probe: Tensor, _ sequence: Tensor, _ projection: ModuleParameters
  ) -> Tensor {
    guard let weight = weight(&g, projection), let bias = bias(&g, projection) else { return probe }
    let (count, length, width) = (sequence.shape[0], sequence.shape[1], sequence.shape[2])
    let heads = vision.blocks.sizes.heads
    let dimension = width / heads
    let (query, both) = g.frame("") { g in
      let weights = g.split(weight, axis: 0, lengths: [width, 2 * width])
      let biases = g.split(bias, axis: 0, lengths: [width, 2 * width])
      let query = g.linear(g.transpose(probe, 0, 1), weights[0], biases[0], throughView: true)
      let both = g.hold(g.linear(g.transpose(sequence, 0, 1), weights[1], biases[1], throughView: true))
      let pairs = g.permute(g.reshape(both, [length, count, 2, width]), [2, 0, 1, 3])
      return (query, g.contiguous(pairs))
    }
    func perHead(_ g: inout GraphBuilder, _ input: Tensor, _ rows: Int) -> Tensor {
      g.hold(g.transpose(g.reshape(input, [rows, count * heads, dimension]), 0, 1))
    }
    let queries = perHead(&g, query, 1)
    let keys = perHead(&g, g.select(both, axis: 0), length)
    let values = perHead(&g, g.select(both, axis: 0), length)
    let scores = g.batchedProduct(g.hold(g.multiplyScalar(queries)), g.transpose(keys, 1, 2))
    let weights = g.hold(g.softmax(scores))
    let mixed = g.batchedProduct(weights, values)
    let flat = g.reshape(g.contiguous(g.transpose(mixed, 0, 1)), [count, width])
    guard let output = vision.stack.modules[.poolingOutput], let matrix = self.weight(&g, output) else { return flat }
    declareAdapter(&g, output)
    let result = g.hold(g.linear(flat, matrix, self.bias(&g, output)))
    g.hold(g.mean(g.reshape(weights, [count, heads, 1, length]), axis: 1))
    return g.transpose(g.reshape(result, [1, count, width]), 0, 1)
  }
}
