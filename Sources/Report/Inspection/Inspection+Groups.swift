internal import Architecture
internal import Checkpoint
internal import Units

extension Inspection {
  /// Tensors that have something in common: a layer, a component, a type or a file.
  struct Group {
    /// What they have in common, for people.
    var label: String
    /// The layer's number, where they share one.
    var layer: Int?
    var tally = Tally()
  }

  /// The groups of the listing, in natural order; empty for a listing by pattern or by tensor.
  var groups: [Group] {
    switch grouping {
    case .pattern, .tensor: []
    case .layer: groupsByLayer
    case .component: grouped(in: Component.allCases.map(\.rawValue)) { placement($0)?.component.rawValue ?? "unknown" }
    case .dtype: grouped(in: DataType.allCases.map(\.rawValue)) { tensors[$0].dataType.rawValue }
    case .shard: grouped(in: weightSet?.files ?? []) { file(tensors[$0]) }
    }
  }

  private func grouped(in order: [String], by label: (Int) -> String) -> [Group] {
    var groups = order.map { Group(label: $0) }
    var positions = Dictionary(order.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    for index in tensors.indices {
      let label = label(index)
      if positions[label] == nil {
        positions[label] = groups.count
        groups.append(Group(label: label))
      }
      if let position = positions[label] { groups[position].tally.add(tensors[index]) }
    }
    // A shard that holds nothing is worth a line, a type that does not occur is not.
    return grouping == .shard ? groups : groups.filter { $0.tally.tensors > 0 }
  }

  /// A group for each block, by its path, and one for what stands outside the blocks.
  private var groupsByLayer: [Group] {
    var outside = Group(label: "outside the layers")
    var groups: [Group] = []
    var positions: [String: Int] = [:]
    for index in tensors.indices {
      guard let layer = placement(index)?.layer else {
        outside.tally.add(tensors[index])
        continue
      }
      let path = Self.path(ofLayer: layer, in: tensors[index].name)
      let position = positions[path] ?? groups.count
      if position == groups.count {
        positions[path] = position
        groups.append(Group(label: path, layer: layer))
      }
      groups[position].tally.add(tensors[index])
    }
    return groups + (outside.tally.tensors > 0 ? [outside] : [])
  }

  /// The name up to the part that is the layer's number: `model.layers.3`.
  private static func path(ofLayer layer: Int, in name: String) -> String {
    let number = Array(String(layer).utf8)
    var name = name
    let length: Int? = name.withUTF8 { bytes in
      var start = 0
      while start < bytes.count {
        let end = bytes[start...].firstIndex(of: UInt8(ascii: ".")) ?? bytes.count
        if bytes[start..<end].elementsEqual(number) { return end }
        start = end + 1
      }
      return nil
    }
    return length.map { String(decoding: name.utf8.prefix($0), as: UTF8.self) } ?? "layer \(layer)"
  }
}
