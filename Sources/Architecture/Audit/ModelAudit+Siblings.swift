internal import Checkpoint
internal import Units

/// Tensors among those of the same name in other blocks, by shape and type.
extension ModelAudit {
  /// One block in twenty may be unlike the rest; with more it is how the model is built.
  private static func isRare(_ few: Int, of all: Int) -> Bool { all >= 4 && (few == 1 || few * 20 <= all) }

  /// Shapes that differ in single blocks.
  mutating func shapesAmongSiblings() {
    guard !hasLayersOfTheirOwn else { return }
    for places in rows(where: { $0.shape == nil }) {
      let byShape = Dictionary(grouping: places) { weightSet.tensors[$0].shape }
      guard byShape.count == 2, let few = byShape.min(by: { $0.value.count < $1.value.count }),
        let many = byShape.max(by: { $0.value.count < $1.value.count }),
        Self.isRare(few.value.count, of: places.count)
      else { continue }
      findings.add(
        model.isRecognised ? .warning : .note, .layerShapeDiffers, tensor: weightSet.tensors[few.value[0]].name,
        "has the shape \(few.key), and in \(many.value.count) other blocks \(many.key)"
          + (few.value.count > 1 ? "; so have \(few.value.count - 1) more" : ""))
    }
  }

  /// Floating-point types that differ in single blocks. Narrower ones are a quantiser's, which leaves some alone.
  mutating func typesAmongSiblings() {
    let byText = Dictionary(grouping: model.names.patterns.indices) { model.names.patterns[$0].text }
    for text in byText.keys.sorted() {
      guard let patterns = byText[text], patterns.count > 1,
        patterns.allSatisfy({ model.names.patterns[$0].dataType.isFullWidth })
      else { continue }
      let tallies = patterns.map { model.names.patterns[$0] }.sorted { $0.tally.tensors < $1.tally.tensors }
      guard tallies.count == 2, text.contains("#"),
        Self.isRare(tallies[0].tally.tensors, of: tallies[0].tally.tensors + tallies[1].tally.tensors)
      else { continue }
      findings.add(
        .warning, .layerDtypeDiffers, tensor: weightSet.tensors[tallies[0].example].name,
        "is stored in \(tallies[0].dataType.rawValue), and \(tallies[1].tally.tensors) of the same name in "
          + "\(tallies[1].dataType.rawValue)"
          + (tallies[0].tally.tensors > 1 ? "; so are \(tallies[0].tally.tensors - 1) more" : ""))
    }
  }

  /// Of the names with one number, the block's, those whose patterns are wanted: the places of their tensors.
  private func rows(where isWanted: (NamePattern) -> Bool) -> [[Int]] {
    let paths = Set(stacks.map(\.path))
    var rows: [Int: [Int]] = [:]
    for (number, pattern) in model.names.patterns.enumerated()
    where pattern.dataType.isFullWidth && isWanted(pattern) {
      guard let mark = pattern.text.firstIndex(of: "#"), !pattern.text[mark...].dropFirst().contains("#"),
        paths.contains(String(pattern.text[..<mark]))
      else { continue }
      rows[number] = []
    }
    guard !rows.isEmpty else { return [] }
    for (place, number) in model.names.patternOf.enumerated() { rows[Int(number)]?.append(place) }
    return rows.sorted { $0.key < $1.key }.map(\.value)
  }
}

extension DataType {
  /// Whether it is a floating-point type that is no quantiser's.
  var isFullWidth: Bool { isFloatingPoint && bitWidth >= 16 }
}
