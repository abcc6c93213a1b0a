internal import Graph
internal import Units

// The rows of the operators that compute.
extension OperatorWork {
  /// [m, k] by [k, n]; backward the same once for the input and once for the weight, and a sum for the bias.
  static func linear(isTransposed: Bool) -> OperatorWork {
    @Sendable func sizes(_ step: Operands) -> (m: Int, n: Int, k: Int) {
      let weight = step.shape(1)
      return (
        Operands.rows(step.result.layout.shape), isTransposed ? weight[1] : weight[0],
        isTransposed ? weight[0] : weight[1]
      )
    }
    return OperatorWork(
      forward: { step in
        let (m, n, k) = sizes(step)
        return [.product(m: m, n: n, k: k, step.result.dataType)]
      },
      backward: { step in
        let (m, n, k) = sizes(step)
        let type = step.result.dataType
        var kernels: [Kernel] = []
        if step.needs(0) { kernels.append(.product(m: m, n: k, k: n, type)) }
        if step.needs(1) { kernels.append(.product(m: n, n: k, k: m, type)) }
        if step.needs(2) { kernels.append(.streaming(type, bytes: step.written)) }
        return kernels
      })
  }

  /// A product with a weight that was brought back before; for the gradient it is brought back once more.
  static func quantized(_ weight: QuantizedWeight) -> OperatorWork {
    OperatorWork(
      forward: { step in
        let rows = Operands.rows(step.result.layout.shape)
        let type = weight.scheme == .int8 ? DataType.int8 : step.result.dataType
        return [.product(m: rows, n: weight.output, k: weight.input, type)]
      },
      backward: { step in
        guard step.needs(0) else { return [] }
        let rows = Operands.rows(step.result.layout.shape)
        let type = step.result.dataType
        let elements = Double(weight.input) * Double(weight.output)
        let width = Double(weight.wideType.bitWidth) / 8
        let stored = weight.scheme.isFourBit ? 0.5 + 4 / 64 : 1.0
        return [
          Kernel(.decoding, weight.wideType, bytes: elements * (width + stored)),
          .product(m: rows, n: weight.input, k: weight.output, type),
        ]
      })
  }

  /// The same with a weight that GPTQ packed, whose scales and zero points of each group are next to nothing.
  static func packed(_ weight: GroupedWeight) -> OperatorWork {
    @Sendable func unpacking(_ type: DataType) -> Kernel {
      let elements = Double(weight.input) * Double(weight.output)
      return Kernel(.decoding, type, bytes: elements * Double(type.bitWidth + weight.bits) / 8)
    }
    return OperatorWork(
      forward: { step in
        let rows = Operands.rows(step.result.layout.shape)
        let type = step.result.dataType
        return [unpacking(type), .product(m: rows, n: weight.output, k: weight.input, type)]
      },
      backward: { step in
        guard step.needs(0) else { return [] }
        let rows = Operands.rows(step.result.layout.shape)
        let type = step.result.dataType
        return [unpacking(type), .product(m: rows, n: weight.input, k: weight.output, type)]
      })
  }

  /// What the ranks of one model send: the sum of partial results forward, that of gradients backward, or pieces.
  static func exchanged(_ collective: Collective) -> OperatorWork {
    @Sendable func exchange(_ kind: CollectiveKind, _ step: Operands, _ value: Graph.ValueID) -> [Kernel] {
      [Kernel(.exchange(kind), step.result.dataType, bytes: step.bytes(value))]
    }
    @Sendable func copy(_ step: Operands) -> [Kernel] {
      [.streaming(step.result.dataType, bytes: step.moved)]
    }
    return OperatorWork(
      forward: { step in
        let (input, output) = (step.operation.inputs[0], step.operation.outputs[0])
        return switch collective {
        case .allReduce: exchange(.allReduce, step, output)
        case .share: []
        case .gather, .gatherForParts: exchange(.allGather, step, output)
        case .reduceScatter: exchange(.reduceScatter, step, input)
        case .cut: copy(step)
        case .exchange: exchange(.allToAll, step, output)
        }
      },
      backward: { step in
        guard step.needs(0) else { return [] }
        let (input, output) = (step.operation.inputs[0], step.operation.outputs[0])
        return switch collective {
        case .allReduce: []
        case .share: exchange(.allReduce, step, input)
        case .gather: copy(step)
        case .exchange: exchange(.allToAll, step, output)
        case .gatherForParts: exchange(.reduceScatter, step, output)
        case .reduceScatter, .cut: exchange(.allGather, step, input)
        }
      })
  }

  /// Matrices [B, m, k] and [B, k, n].
  static func batched(left: Int, right: Int) -> OperatorWork {
    @Sendable func sizes(_ step: Operands) -> (batch: Int, m: Int, n: Int, k: Int) {
      let (first, second) = (step.shape(left), step.shape(right))
      return (first[0], first[1], second[2], first[2])
    }
    return OperatorWork(
      forward: { step in
        let (batch, m, n, k) = sizes(step)
        return [.product(m: m, n: n, k: k, batch: batch, step.result.dataType)]
      },
      backward: { step in
        let (batch, m, n, k) = sizes(step)
        let type = step.result.dataType
        var kernels: [Kernel] = []
        if step.needs(left) { kernels.append(.product(m: m, n: k, k: n, batch: batch, type)) }
        if step.needs(right) { kernels.append(.product(m: k, n: n, k: m, batch: batch, type)) }
        return kernels
      })
  }

  /// Two products forward and five backward (arXiv 2205.14135, algorithms 1 and 4); half of them where each query sees
  /// only what stands before it.
  static func attention(_ kernel: AttentionKernel, isCausal: Bool) -> OperatorWork {
    @Sendable func kernels(_ step: Operands, _ pass: Kernel.Pass) -> [Kernel] {
      let (query, key, value) = (step.shape(0), step.shape(1), step.shape(2))
      let (queries, keys) = (query[2], key[2])
      let pairs = Double(query[0]) * Double(query[1]) * Double(queries) * Double(keys) * (isCausal ? 0.5 : 1)
      let widths = (scores: Double(query[3]), values: Double(value[3]))
      // Forward: scores and values; backward: scores again, three gradients that are as wide as they, one as values.
      let operations =
        2 * pairs * (pass == .forward ? widths.scores + widths.values : 3 * widths.scores + 2 * widths.values)
      let bytes = step.moved * (pass == .forward ? 1 : 2)
      return [
        Kernel(
          .attention(kernel, pass, queries: queries, keys: keys, dimension: query[3]), step.value(0).dataType,
          operations: operations, bytes: bytes)
      ]
    }
    return OperatorWork(
      forward: { kernels($0, .forward) }, backward: { $0.needed.contains(true) ? kernels($0, .backward) : [] })
  }

  /// Every element of the result is a product as long as one filter.
  static let convolution = OperatorWork(
    forward: { [convolved($0)] },
    backward: { step in
      (step.needs(0) ? [convolved(step)] : []) + (step.needs(1) ? [convolved(step)] : [])
        + (step.needs(2) ? [.streaming(step.result.dataType, bytes: step.written)] : [])
    })

  private static func convolved(_ step: Operands) -> Kernel {
    let filter = step.shape(1).dimensions.dropFirst().reduce(1.0) { $0 * Double($1) }
    let elements = step.result.layout.shape.dimensions.reduce(1.0) { $0 * Double($1) }
    return Kernel(.convolution, step.result.dataType, operations: 2 * elements * filter, bytes: step.moved)
  }

  /// Rows [S, k], sorted by expert, by each expert's [k, n].
  static let grouped = OperatorWork(
    forward: { [expertProduct($0)] },
    backward: { step in (step.needs(0) ? [expertProduct(step)] : []) + (step.needs(1) ? [expertProduct(step)] : []) })

  private static func expertProduct(_ step: Operands) -> Kernel {
    let (rows, weight) = (step.shape(0)[0], step.shape(1))
    return Kernel(
      .groupedProduct(rows: rows, n: weight[2], k: weight[1], experts: weight[0]), step.result.dataType,
      operations: 2 * Double(rows) * Double(weight[1]) * Double(weight[2]), bytes: step.moved)
  }

  /// Head and loss in one function, which forms the gradients in the forward pass: a product for the logits, one for the
  /// gradient of the hidden states, and one for the weight's where it trains. A kernel passes over the logits twice.
  static func fusedLoss(gradients: Int) -> OperatorWork {
    OperatorWork(
      forward: { step in
        let hidden = step.shape(0)
        // What trains stands behind the hidden states, and what does not behind the gradients.
        let weight = step.shape(gradients > 1 ? 1 : 2 * gradients)
        let type = step.value(0).dataType
        let product = Kernel.product(m: hidden[0], n: weight[0], k: hidden[1], type)
        let logits = Double(hidden[0]) * Double(weight[0]) * Double(type.bitWidth) / 8
        return Array(repeating: product, count: gradients > 1 ? 3 : 2) + [.streaming(type, bytes: 3 * logits)]
      },
      backward: { step in
        (0..<gradients).map { .streaming(step.value($0).dataType, bytes: 2 * step.bytes(step.operation.inputs[$0])) }
      })
  }
}
