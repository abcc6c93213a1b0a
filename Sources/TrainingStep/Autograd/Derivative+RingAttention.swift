internal import Graph
internal import Units

extension Derivative {
  /// `_templated_ring_attention_backward` (torch/distributed/tensor/experimental/_context_parallel/_attention.py, torch
  /// 2.11).
  static func of(_ ring: RingAttention) -> Derivative {
    Derivative(saved: { _ in (0..<3).map { .input($0) } + (0..<4).map { .output($0) } }) { step in
      let gradients = step.turned(back: ring)
      step.each([0, 1, 2]) { $0.share(gradients[$1]) }
      for gradient in gradients { step.drop(gradient) }
    }
  }
}

extension BackwardStep {
  /// The gradients of queries, keys and values: sums in fp32, of which those of keys and values go from rank to rank with
  /// what they belong to.
  fileprivate mutating func turned(back ring: RingAttention) -> [Tensor] {
    let ranks = ring.share.ranks
    let type = inputType(0)
    let shapes = (0..<3).map { inputLayout($0).shape }
    let pair = Layout(contiguous: [shapes[1...].reduce(0) { $0 + ($1.elementCount?.count ?? 0) }])
    var sums = (0..<3).map { make("zeros_like", inputLayout($0).preserved, .float32) }
    var own = [1, 2].filter { !inputLayout($0).isContiguous }.map { make("contiguous", Layout(contiguous: shapes[$0])) }
    var held = HeldTensors()
    for turn in 0..<ranks {
      if turn < ranks - 1 {
        held.bind("next_kv", make("cat", pair, type), &self)
        if turn == 0 {
          held.bind(
            "gathered", make("all_gather_into_tensor", Layout(contiguous: [pair.shape[0], ranks]), type), &self)
        }
      }
      let kind = ring.kind(ofTurn: turn)
      if kind == .halfOfQueries {
        let half: Shape = [shapes[0][0], shapes[0][1], shapes[0][2] / 2]
        held.bind("logsumexp", make("clone", Layout(contiguous: half), .float32), &self)
      }
      if turn == 1 {
        own.forEach { drop($0) }
        own = []
      }
      let parts = shapes.indices.map { place in
        var shape = shapes[place]
        if kind == (place == 0 ? .halfOfQueries : .halfOfKeys) { shape.dimensions[2] /= 2 }
        return make("_scaled_dot_product_attention_backward", Layout(contiguous: shape), type)
      }
      for (name, part) in zip(["grad_query_", "grad_key_", "grad_value_"], parts) { held.bind(name, part, &self) }
      if turn > 0 { receive(&sums, kind, &held) }
      // The sums begin as their tensors lie; those that come lie in one row.
      let flat = sums[1...].map { reshaped($0, to: [$0.layout.shape.elementCount?.count ?? 0]) }
      held.bind("next_grad_kv", make("cat", pair, .float32), &self)
      for tensor in flat { drop(tensor) }
      held.bind("travelling", make("all_to_all_single", pair, .float32), &self)
      if kind == .halfOfQueries { replace(&sums[0], Layout(contiguous: shapes[0])) }
    }
    own.forEach { drop($0) }
    if type != .float32 {
      let narrow = make("to", sums[0].layout, type)
      drop(sums[0])
      sums[0] = narrow
      held.bind("next_grad_kv", make("to", pair, type), &self)
    } else {
      held.bind("next_grad_kv", held.shared("travelling", &self), &self)
    }
    let both = held.shared("next_grad_kv", &self)
    held.dropAll(&self)
    for place in [1, 2] {
      drop(sums[place])
      sums[place] = share(both)
      sums[place].layout = Layout(contiguous: shapes[place])
    }
    drop(both)
    return sums
  }

  /// The sums for the keys and values that have come, to which this turn's are added: in place where it saw all of them.
  private mutating func receive(_ sums: inout [Tensor], _ kind: RingAttention.Turn, _ held: inout HeldTensors) {
    held.bind("next_grad_kv", held.shared("travelling", &self), &self)
    for place in [1, 2] {
      drop(sums[place])
      sums[place] = held.shared("next_grad_kv", &self)
      sums[place].layout = Layout(contiguous: inputLayout(place).shape)
    }
    guard kind == .halfOfKeys else { return }
    for place in [1, 2] { replace(&sums[place], Layout(contiguous: inputLayout(place).shape)) }
  }

  /// `_partial_update`: the halves of a sum are put together anew.
  private mutating func replace(_ sum: inout Tensor, _ layout: Layout) {
    let next = make("cat", layout, .float32)
    drop(sum)
    sum = next
  }
}

/// The local variables of a function, each of which lets go of what it named when it is bound anew.
private struct HeldTensors {
  private var tensors: [String: Tensor] = [:]

  mutating func bind(_ name: String, _ tensor: Tensor, _ step: inout BackwardStep) {
    if let old = tensors.updateValue(tensor, forKey: name) { step.drop(old) }
  }

  /// What a variable names, with one more reference; an empty tensor where it names nothing.
  func shared(_ name: String, _ step: inout BackwardStep) -> Tensor {
    tensors[name].map { step.share($0) } ?? step.make("empty", Layout(contiguous: [0]))
  }

  mutating func dropAll(_ step: inout BackwardStep) {
    for (_, tensor) in tensors.sorted(by: { $0.key < $1.key }) { step.drop(tensor) }
    tensors = [:]
  }
}
