internal import Graph
internal import Units

/// Operators that pick elements by indices, or put them.
enum Indexing {
  static let all: [OperatorRow] =
    [
      row("Gather", shape: gather, value: gatherValue),
      row("GatherElements", shape: gatherElements),
      row("GatherND", shape: gatherND, value: gatherNDValue),
      row("OneHot", shape: oneHot),
      row("ScatterND", shape: Elementwise.sameAsFirst, value: scatterNDValue),
    ] + rows(["Scatter", "ScatterElements"], shape: Elementwise.sameAsFirst)

  private static func gather(_ call: Call) throws(Unresolved) -> [Fact] {
    let (data, indices) = (try call.shape(0), try call.shape(1))
    let axis = try call.axis(try call.integer("axis", default: 0), rank: data.count)
    return [.tensor(call.type(0), Array(data[..<axis]) + indices + Array(data[(axis + 1)...]))]
  }

  private static func gatherValue(_ call: Call, _ results: [TensorFact]) throws(Unresolved) -> [[Scalar]?] {
    let elements = try call.elements(0)
    let indices = try call.integers(1)
    guard let source = try call.tensor(0).extents, let inner = try call.tensor(1).extents,
      let target = results[0].extents
    else { return [nil] }
    let axis = try call.axis(try call.integer("axis", default: 0), rank: source.count)
    return [
      Places(target).map { place in
        let at = place[axis..<(axis + inner.count)].enumerated().reduce(0) { $0 * inner[$1.offset] + $1.element }
        guard indices.indices.contains(at), let index = indices[at]?.constant,
          (-source[axis]..<source[axis]).contains(index)
        else { return .unknown }
        let picked = index < 0 ? index + source[axis] : index
        return elements[rowMajor: place[..<axis] + [picked] + place[(axis + inner.count)...], source]
      }
    ]
  }

  private static func gatherElements(_ call: Call) throws(Unresolved) -> [Fact] {
    [.tensor(call.type(0), try call.shape(1))]
  }

  private static func gatherND(_ call: Call) throws(Unresolved) -> [Fact] {
    let (data, indices) = (try call.shape(0), try call.shape(1))
    let batch = try call.integer("batch_dims", default: 0)
    guard let last = indices.last else { throw .defect("its indices have no axis") }
    guard let length = last.constant else { throw .data("the number of axes that it indexes is not known") }
    guard length >= 1, batch >= 0, batch < indices.count, batch <= data.count, length <= data.count - batch else {
      throw .defect("indexes \(length) axes after \(batch) batch axes of a tensor of rank \(data.count)")
    }
    return [.tensor(call.type(0), Array(indices.dropLast()) + Array(data[(batch + length)...]))]
  }

  private static func gatherNDValue(_ call: Call, _ results: [TensorFact]) throws(Unresolved) -> [[Scalar]?] {
    let (elements, indices) = (try call.elements(0), try call.elements(1))
    guard let source = try call.tensor(0).extents, let inner = try call.tensor(1).extents,
      let target = results[0].extents, try call.integer("batch_dims", default: 0) == 0, let length = inner.last
    else { return [nil] }
    let outer = inner.count - 1
    return [
      Places(target).map { place in
        var origin: [Int] = []
        for axis in 0..<length {
          guard let index = indices[rowMajor: place[..<outer] + [axis], inner].dimension?.constant,
            (-source[axis]..<source[axis]).contains(index)
          else { return .unknown }
          origin.append(index < 0 ? index + source[axis] : index)
        }
        return elements[rowMajor: origin + place[outer...], source]
      }
    ]
  }

  /// Writes of single elements, as exporters assemble a shape element by element.
  private static func scatterNDValue(_ call: Call, _ results: [TensorFact]) throws(Unresolved) -> [[Scalar]?] {
    var elements = try call.elements(0)
    let (indices, updates) = (try call.numbers(1), try call.elements(2))
    guard let extents = results[0].extents, extents.count == 1, let inner = try call.tensor(1).extents,
      inner.last == 1, try call.string("reduction") ?? "none" == "none"
    else { return [nil] }
    for (index, update) in zip(indices, updates) {
      guard (-extents[0]..<extents[0]).contains(index) else { return [nil] }
      elements[index < 0 ? index + extents[0] : index] = update
    }
    return [elements]
  }

  private static func oneHot(_ call: Call) throws(Unresolved) -> [Fact] {
    var shape = try call.shape(0)
    let given = try call.integer("axis", default: -1)
    let axis = try call.axis(given, rank: shape.count + 1)
    let depth: Dimension
    if let known = try? call.elements(1).first {
      // Any numeric type may hold the depth.
      if case .real(let number) = known, let whole = Int(exactly: number) {
        depth = .constant(whole)
      } else {
        depth = known.dimension ?? call.unknown("\(axis)", "its depth is not known")
      }
    } else {
      depth = call.unknown("\(axis)", "its depth is not known")
    }
    shape.insert(depth, at: axis)
    return [.tensor(call.type(2), shape)]
  }
}
