import Graph
import Testing
import Units

/// What `torch.autocast` inserts, and which copies the builder makes. Rules as in torch 2.11,
/// aten/src/ATen/autocast_mode.cpp and torch/_refs for promotion.
@Suite("Types and copies in a graph")
struct BuilderAutocastTests {
  /// Two linear layers that share a weight: `cached_cast` converts it once and keeps the copy until autocast ends;
  /// the input's copy is made each time and goes with its operator.
  @Test func copiesOfParametersAreCached() {
    var g = GraphBuilder(autocast: .bfloat16)
    let x = g.input("x", [3, 4], .float32)
    let weight = g.parameter("w", [4, 4], .float32)
    let first = g.linear(x, weight, nil)
    let second = g.linear(x, weight, nil)
    let sum = g.add(first, second)
    let graph = g.finish(loss: sum)
    #expect(graph.names == ["_to_copy", "_to_copy", "linear", "_to_copy", "linear", "add"])
    #expect(first.dataType == .bfloat16 && sum.dataType == .bfloat16)
    // The weight's copy comes first, since arguments are converted from the last to the first.
    let copies = graph.operators.filter { $0.kind == .cast }.map { $0.inputs[0] }
    #expect(copies == [weight.id, x.id, x.id])
    let made = graph.operators.map { $0.outputs[0] }
    #expect(graph.releases[5].contains(made[0]))
    #expect(graph.releases[2] == [made[1]])
    #expect(graph.releases[4] == [made[3]])
  }

  /// A frozen weight is no leaf that requires a gradient: it is converted for each use, and the copy is not kept.
  @Test func copiesOfFrozenParametersAreNot() {
    var g = GraphBuilder(autocast: .float16)
    let x = g.input("x", [3, 4], .float16)
    let weight = g.parameter("w", [4, 4], .float32, trains: false)
    let first = g.linear(x, weight, nil)
    _ = g.linear(first, weight, nil)
    let graph = g.finish(loss: nil)
    #expect(graph.names == ["_to_copy", "linear", "_to_copy", "linear"])
    #expect(graph.releases[1] == [graph.operators[0].outputs[0]])
  }

  /// `input @ weight.T` (Falcon) reads a view, which is no leaf: converted each time and not kept either.
  @Test func copiesOfViewsAreNot() {
    var g = GraphBuilder(autocast: .bfloat16)
    let x = g.input("x", [3, 4], .bfloat16)
    let weight = g.parameter("w", [4, 4], .float32)
    let first = g.linear(x, weight, nil, throughView: true)
    let second = g.linear(first, weight, nil, throughView: true)
    let graph = g.finish(loss: second)
    #expect(graph.names == ["_to_copy", "linear", "_to_copy", "linear"])
    #expect(graph.releases[1].contains(graph.operators[0].outputs[0]))
  }

  /// A bias is converted before the weight by `F.linear(input, weight, bias)`, and after the input by a Conv1D's
  /// `addmm(bias, input, weight)`.
  @Test func orderOfConversions() {
    for transposed in [false, true] {
      var g = GraphBuilder(autocast: .bfloat16)
      let x = g.input("x", [3, 4], .float32)
      let weight = g.parameter("w", [4, 4], .float32)
      let bias = g.parameter("b", [4], .float32)
      _ = g.linear(x, weight, bias, transposed: transposed)
      let graph = g.finish(loss: nil)
      let order = graph.operators.filter { $0.kind == .cast }.map { $0.inputs[0] }
      #expect(order == (transposed ? [weight.id, x.id, bias.id] : [bias.id, weight.id, x.id]))
    }
  }

  /// Norms, powers and softmax run in fp32 under autocast; without it they keep the type.
  @Test func operatorsInFullPrecision() {
    var g = GraphBuilder(autocast: .bfloat16)
    let x = g.input("x", [3, 4], .bfloat16)
    let weight = g.parameter("w", [4], .float32)
    #expect(g.layerNorm(x, weight, nil).dataType == .float32)
    #expect(g.power(x, 2).dataType == .float32)
    #expect(g.softmax(x).dataType == .float32)
    let inner = g.withoutAutocast { g in g.softmax(x) }
    #expect(inner.dataType == .bfloat16)
    #expect(g.autocast == .bfloat16)
  }

  /// `softmax(dtype=torch.float32)` converts bf16 first; from fp16 it is one kernel (aten/src/ATen/native/SoftMax.cpp).
  @Test func softmaxOfHalfPrecision() {
    for (type, names) in [(DataType.bfloat16, ["_to_copy", "_softmax"]), (.float16, ["_softmax"])] {
      var g = GraphBuilder()
      let x = g.input("x", [3, 4], type)
      _ = g.softmax(x, to: .float32)
      #expect(g.finish(loss: nil).names == names)
    }
  }

  /// `torch.result_type` of tensors: bf16 + fp32 = fp32; bf16 + fp16 = fp32; int64 + bf16 = bf16; a scalar tensor in
  /// fp32 leaves a bf16 tensor as it is, but lifts an integer one.
  @Test func promotion() {
    var g = GraphBuilder()
    func tensor(_ type: DataType, _ shape: Shape = [2]) -> Tensor { g.input("\(type)\(shape)", shape, type) }
    let pairs: [(Tensor, Tensor, DataType)] = [
      (tensor(.bfloat16), tensor(.float32), .float32), (tensor(.bfloat16), tensor(.float16), .float32),
      (tensor(.int64), tensor(.bfloat16), .bfloat16), (tensor(.bfloat16), tensor(.float32, []), .bfloat16),
      (tensor(.float32, []), tensor(.bfloat16), .bfloat16), (tensor(.int64), tensor(.float32, []), .float32),
      (tensor(.bool), tensor(.int64), .int64),
    ]
    for (left, right, expected) in pairs { #expect(g.multiply(left, right).dataType == expected) }
  }

  /// A reshape of heads [2, 3, 5, 4] copies when it merges batch and head, and is a view for one sequence; the copy
  /// takes the same bytes: 2 * 3 * 5 * 4 * 2 = 240.
  @Test func reshapesCopyWhereNoViewCan() {
    for (batch, names) in [(2, ["view", "transpose", "clone", "view"]), (1, ["view", "transpose", "view"])] {
      var g = GraphBuilder()
      let x = g.input("x", [batch, 5, 12], .bfloat16)
      let heads = g.transpose(g.reshape(x, [batch, 5, 3, 4]), 1, 2)
      let flat = g.reshape(heads, [batch * 3, 5, 4])
      let graph = g.finish(loss: nil)
      #expect(graph.names == names)
      #expect(graph[flat.id].owner == (batch == 1 ? x.id : graph.operators[2].outputs[0]))
      #expect(graph.bytes(of: flat.id) == ByteCount(batch * 3 * 5 * 4 * 2))
    }
  }

  /// `torch.matmul` of rank-4 tensors: queries and keys that attention transposed are copied to rank 3, and keys of a
  /// single head are expanded first.
  @Test func matrixProductsOfHeads() {
    var g = GraphBuilder()
    let query = g.transpose(g.input("q", [2, 5, 3, 4], .float32), 1, 2)
    let key = g.transpose(g.input("k", [2, 5, 3, 4], .float32), 1, 2)
    let scores = g.matrixProduct(query, g.transpose(key, 2, 3))
    let graph = g.finish(loss: nil)
    #expect(scores.shape == [2, 3, 5, 5])
    #expect(graph.names.filter { $0 == "clone" }.count == 2)
    #expect(graph.operators.contains { $0.kind == .batchedProduct })
  }

  /// Kernels of attention write [B, heads, S, D] laid out as [B, S, heads, D]; `efficient` keeps log-sums for whole
  /// blocks of 32 rows, `flash` for each row.
  @Test func attentionKernels() {
    for (kernel, rows) in [(AttentionKernel.flash, 5), (.efficient, 32)] {
      var g = GraphBuilder()
      let heads = g.transpose(g.input("q", [2, 5, 3, 4], .bfloat16), 1, 2)
      let out = g.attention(kernel, query: heads, key: heads, value: heads, mask: nil)
      #expect(out.layout.strides == [60, 4, 12, 1])
      let graph = g.finish(loss: nil)
      let results = graph.operators.last?.outputs ?? []
      #expect(results.count == 4)
      #expect(graph[results[1]].layout.shape == [2, 3, rows])
      #expect(graph[results[1]].dataType == .float32)
    }
  }
}
