public import Checkpoint
internal import Units

extension GraphCheckpoint {
  /// What the graph and the safetensors checkpoint beside it do not agree on.
  ///
  /// Names are matched whole or by their longest common end, since exporters wrap models into others; weights without
  /// a name of their own by shape, whichever way a matrix lies.
  ///
  /// - Parameter file: the graph's, for findings.
  public func differences(from other: WeightSet, file: String) -> [Finding] {
    var findings: [Finding] = []
    var open = other.tensors.filter { $0.dataType.isFloatingPoint }
    var rest: [StoredTensor] = []
    let byEnd = Dictionary(grouping: open.indices, by: { open[$0].name.lastParts })
    var matched: Set<Int> = []
    for tensor in modules.tensors {
      let candidates = (byEnd[tensor.name.lastParts] ?? []).filter { !matched.contains($0) }
      let best = candidates.first { place in
        let name = open[place].name
        return name == tensor.name || name.hasSuffix("." + tensor.name) || tensor.name.hasSuffix("." + name)
      }
      guard let best else {
        rest.append(tensor)
        continue
      }
      matched.insert(best)
      if !open[best].shape.isSame(as: tensor.shape) {
        findings.append(
          Finding(
            .error, of: Finding.ModelRule.graphShapeDiffers, file: file, tensor: tensor.name,
            "has the shape \(tensor.shape) in the graph and \(open[best].shape) in \(other.label)"))
      }
    }
    open = open.indices.filter { !matched.contains($0) }.map { open[$0] }
    var shapes: [Shape: Int] = [:]
    for tensor in rest { shapes[tensor.shape.sorted, default: 0] += 1 }
    var missing: [StoredTensor] = []
    for tensor in open {
      if let count = shapes[tensor.shape.sorted], count > 0 {
        shapes[tensor.shape.sorted] = count - 1
      } else {
        missing.append(tensor)
      }
    }
    let extra = shapes.values.reduce(0, +)
    if !missing.isEmpty || extra > 0 {
      let examples = missing.prefix(3).map(\.name).joined(separator: ", ")
      findings.append(
        Finding(
          .warning, of: Finding.ModelRule.graphWeightsDiffer, file: file,
          "\(missing.count) tensors of \(other.label) have no counterpart in the graph"
            + (missing.isEmpty ? "" : " (\(examples)\(missing.count > 3 ? ", …" : ""))")
            + ", and \(extra) of the graph none there"))
    }
    if let own = modules.mostCommonType, let type = other.mostCommonType, own != type {
      findings.append(
        Finding(
          .note, of: Finding.ModelRule.graphTypesDiffer, file: file,
          "most of the graph's weights are \(own.rawValue), those of \(other.label) \(type.rawValue)"))
    }
    return findings
  }
}

extension WeightSet {
  /// The type that most bytes have.
  fileprivate var mostCommonType: DataType? {
    let bytes = tensors.reduce(into: [DataType: Int]()) {
      $0[$1.dataType] = Tally.sum($0[$1.dataType] ?? 0, $1.range.length)
    }
    return bytes.max { ($0.value, $0.key.rawValue) < ($1.value, $1.key.rawValue) }?.key
  }
}

extension String {
  /// The last two parts of a path.
  fileprivate var lastParts: String { split(separator: ".").suffix(2).joined(separator: ".") }
}

extension Shape {
  fileprivate var sorted: Shape { Shape(dimensions.filter { $0 != 1 }.sorted()) }

  /// The same extents, a matrix in either order.
  fileprivate func isSame(as other: Shape) -> Bool { self == other || sorted == other.sorted }
}
