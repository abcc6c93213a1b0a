internal import Graph
internal import Units

/// What an operator runs in the forward and the backward pass, as kernels.
///
/// One row per operator that computes. All others move: forward, what they read and write; backward, what their
/// ``Derivative`` makes.
struct OperatorWork: Sendable {
  var forward: @Sendable (Operands) -> [Kernel]
  /// nil: what the derivative makes.
  var backward: (@Sendable (Operands) -> [Kernel])?

  init(
    forward: @escaping @Sendable (Operands) -> [Kernel], backward: (@Sendable (Operands) -> [Kernel])? = nil
  ) {
    self.forward = forward
    self.backward = backward
  }
}

/// The tensors of one operator, as the rows read them.
struct Operands {
  let graph: Graph
  let operation: Graph.Operator
  /// Which inputs a gradient is wanted for.
  let needed: [Bool]

  func value(_ input: Int) -> Graph.Value { graph[operation.inputs[input]] }
  func shape(_ input: Int) -> Shape { value(input).layout.shape }
  var result: Graph.Value { graph[operation.outputs[0]] }
  var count: Int { operation.inputs.count }
  func needs(_ input: Int) -> Bool { input < needed.count && needed[input] }

  /// Bytes of a value's elements; what an axis of stride zero repeats is read once.
  func bytes(_ id: Graph.ValueID) -> Double {
    let value = graph[id]
    let distinct = zip(value.layout.shape.dimensions, value.layout.strides).reduce(1.0) { product, axis in
      axis.1 == 0 ? product : product * Double(axis.0)
    }
    return distinct * Double(value.dataType.bitWidth) / 8
  }

  /// All that is read, each value once, and all that is written.
  var moved: Double {
    let read = Set(operation.inputs).reduce(0) { $0 + bytes($1) }
    return read + written
  }

  var written: Double { operation.outputs.reduce(0) { $0 + bytes($1) } }

  /// Rows of a tensor seen as a matrix.
  static func rows(_ shape: Shape) -> Int { shape.dimensions.dropLast().reduce(1, *) }
}

extension OperatorWork {
  static func of(_ kind: OperatorKind) -> OperatorWork {
    switch kind {
    case .view, .transpose, .permute, .expand, .slice, .select, .split, .routed(.asComplex), .routed(.asReal): view
    case .create(let name): created(name)
    // Rows that are picked are read; those beside them are not.
    case .pick, .gather, .embedding, .routed(.rows), .routed(.pick): picked
    case .linear(let isTransposed): linear(isTransposed: isTransposed)
    case .quantizedLinear(let weight): quantized(weight)
    case .batchedProduct: batched(left: 0, right: 1)
    case .addedBatchedProduct, .addedScaledProduct: batched(left: 1, right: 2)
    case .groupedLinear(let weight): packed(weight)
    case .collective(let collective): exchanged(collective)
    case .attention(let kernel, let isCausal): attention(kernel, isCausal: isCausal)
    case .convolution: convolution
    case .routed(.groupedProduct): grouped
    case .fusedLinearCrossEntropy(let gradients): fusedLoss(gradients: gradients)
    default: moving
    }
  }

  /// Reads its inputs and writes its results, in one pass.
  private static let moving = OperatorWork(forward: { [.streaming($0.result.dataType, bytes: $0.moved)] })

  private static let view = OperatorWork(forward: { _ in [] })

  private static let picked = OperatorWork(forward: { step in
    [.streaming(step.result.dataType, bytes: 2 * step.written)]
  })

  /// What the framework runs without a gradient, by name.
  private static func created(_ name: String) -> OperatorWork {
    switch name {
    // The exchange itself has a row of its own, and so has the product for which GPTQ's weight is brought back.
    case "empty", "all_gather_into_tensor", "dequant": view
    // Four bits an element, and a scale for each 64 of them, besides what is written.
    case "dequantize_4bit":
      OperatorWork(forward: { step in
        let elements = step.written * 8 / Double(step.result.dataType.bitWidth)
        return [Kernel(.decoding, step.result.dataType, bytes: step.written + elements * (0.5 + 4 / 64))]
      })
    // DoRA's two layers on a unit matrix.
    case "linear":
      OperatorWork(forward: { step in
        guard step.count > 0, let depth = step.shape(0).dimensions.last,
          let width = step.result.layout.shape.dimensions.last
        else { return [] }
        return [
          .product(m: Operands.rows(step.result.layout.shape), n: width, k: depth, step.result.dataType)
        ]
      })
    default: moving
    }
  }
}
