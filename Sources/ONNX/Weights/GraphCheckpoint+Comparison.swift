public import Checkpoint
internal import Units

extension GraphCheckpoint {
  /// What the graph and the safetensors checkpoint beside it do not agree on.
  ///
  /// Names are matched whole or by their longest common end, since exporters wrap models into others; weights without
  /// a name of their own by shape, whichever way a matrix lies.
  public func differences(from other: WeightSet) -> [Finding] {
    let file = checkpoint.weightSets.first?.files.first
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
            .error, rule: Finding.ModelRule.graphShapeDiffers.rawValue, file: file, tensor: tensor.name,
            message: "has the shape \(tensor.shape) in the graph and \(open[best].shape) in \(other.label)",
            help: "One of the two belongs to another model: export again."))
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
          .warning, rule: Finding.ModelRule.graphWeightsDiffer.rawValue, file: file,
          message: "\(missing.count) tensors of \(other.label) have no counterpart in the graph"
            + (missing.isEmpty ? "" : " (\(examples)\(missing.count > 3 ? ", …" : ""))")
            + ", and \(extra) of the graph none there",
          help: "Tied heads and folded norms explain a few; more mean that the two are not the same model."))
    }
    return findings
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
