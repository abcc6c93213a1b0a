internal import Graph
internal import Units

/// Products of matrices.
extension Microsoft {
  static let matrices: [OperatorRow] =
    rows(
      ["FusedMatMul", "FusedMatMulActivation", "TransposeMatMul", "SparseToDenseMatMul"], domain: domain,
      shape: transposed)
    + rows(["FusedGemm", "GemmFloat8", "QGemm"], domain: domain, shape: general)
    + rows(["MatMulNBits", "MatMulBnb4"], domain: domain, shape: compressed)
    + [
      row("GemmFastGelu", domain: domain) { call throws(Unresolved) in [try plain(call, 0, 1, call.type(0))] },
      row("MatMulInteger16", domain: domain) { call throws(Unresolved) in [try plain(call, 0, 1, .int32)] },
      row("MatMulIntegerToFloat", domain: domain) { call throws(Unresolved) in [try plain(call, 0, 1, call.type(2))] },
      row("DynamicQuantizeMatMul", domain: domain) { call throws(Unresolved) in [try plain(call, 0, 1, call.type(0))] },
      row("QOrderedMatMul", domain: domain) { call throws(Unresolved) in [try plain(call, 0, 2, call.type(0))] },
      row("MatMulFpQ4", domain: domain) { call throws(Unresolved) in
        let shape = try call.shape(0)
        let columns = (try? call.integers(2))?.last.flatMap { $0 }
        return [
          .tensor(call.type(0), shape.dropLast() + [columns ?? call.unknown("columns", "the shape of its weight")])
        ]
      },
    ]

  /// The shape of a product as numpy's matmul makes it.
  static func product(_ call: Call, _ left: [Dimension], _ right: [Dimension]) throws(Unresolved) -> [Dimension] {
    guard !left.isEmpty, !right.isEmpty else { throw .defect("a scalar is no matrix in \(call.text([left, right]))") }
    let a = left.count == 1 ? [1] + left : left
    let b = right.count == 1 ? right + [1] : right
    guard a[a.count - 1].isEqual(b[b.count - 2]) != false else {
      throw .defect("\(a[a.count - 1]) columns meet \(b[b.count - 2]) rows in \(call.text([left, right]))")
    }
    var shape = try call.broadcast([Array(a.dropLast(2)), Array(b.dropLast(2))])
    if left.count > 1 { shape.append(a[a.count - 2]) }
    if right.count > 1 { shape.append(b[b.count - 1]) }
    return shape
  }

  private static func plain(_ call: Call, _ left: Int, _ right: Int, _ type: DataType?) throws(Unresolved) -> Fact {
    .tensor(type, try product(call, try call.shape(left), try call.shape(right)))
  }

  /// A product of operands whose last axes, or first and batch axes, may be exchanged.
  private static func transposed(_ call: Call) throws(Unresolved) -> [Fact] {
    func operand(_ input: Int, _ name: String) throws(Unresolved) -> [Dimension] {
      var shape = try call.shape(input)
      let (movesBatch, exchanges) = (try call.flag("transBatch\(name)"), try call.flag("trans\(name)"))
      if movesBatch {
        // [rows, batch..., columns] to [batch..., rows, columns].
        guard shape.count >= 3 else { throw .defect("a tensor of rank \(shape.count) has no batch to transpose") }
        shape.insert(shape.removeFirst(), at: shape.count - 1)
      }
      // A vector stays as it is.
      if exchanges, shape.count >= 2 { shape.swapAt(shape.count - 2, shape.count - 1) }
      return shape
    }
    let isSparse = call.node.operatorType == "SparseToDenseMatMul"
    return [.tensor(call.type(isSparse ? 1 : 0), try product(call, try operand(0, "A"), try operand(1, "B")))]
  }

  /// Two matrices, each of which may be transposed.
  private static func general(_ call: Call) throws(Unresolved) -> [Fact] {
    let isQuantized = call.node.operatorType == "QGemm"
    let (a, b) = (try shape(call, 0, rank: 2), try shape(call, isQuantized ? 3 : 1, rank: 2))
    let (turnsA, turnsB) = (try call.flag("transA"), try call.flag("transB"))
    guard a[turnsA ? 0 : 1].isEqual(b[turnsB ? 1 : 0]) != false else {
      throw .defect("\(a[turnsA ? 0 : 1]) columns meet \(b[turnsB ? 1 : 0]) rows in \(call.text([a, b]))")
    }
    let type: DataType? =
      switch call.node.operatorType {
      // Without a zero point, the result is not quantized.
      case "QGemm": call.has(8) ? call.type(8) : .float32
      case "GemmFloat8": DataType(onnx: try call.integer("dtype", default: 1))
      default: call.type(0)
      }
    return [.tensor(type, [a[turnsA ? 1 : 0], b[turnsB ? 0 : 1]])]
  }

  /// A weight of K rows and N columns in few bits, transposed unless it says otherwise.
  private static func compressed(_ call: Call) throws(Unresolved) -> [Fact] {
    var shape = try call.shape(0)
    let (rows, columns) = (try call.requiredInteger("K"), try call.requiredInteger("N"))
    let keepsOrder = try call.flag("transB", default: true)
    let (inner, outer) = keepsOrder ? (rows, columns) : (columns, rows)
    guard let last = shape.popLast() else { throw .defect("its input is a scalar") }
    guard last.isEqual(.constant(inner)) != false else { throw .defect("\(last) columns meet \(inner) rows") }
    return [.tensor(call.type(0), shape + [.constant(outer)])]
  }
}
