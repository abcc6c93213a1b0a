internal import Checkpoint
internal import Units

extension Facts {
  /// The logical elements of every parameter in the files; nil where packing hides them. A finding says what is packed.
  mutating func parameterCount() -> Sourced<Int>? {
    guard let unpacked = packedElements() else { return nil }
    var total = unpacked
    for pattern in table.patterns where pattern.part == .weight || pattern.part == .bias {
      total = Tally.sum(total, pattern.tally.elements)
    }
    guard total < .max else { return nil }
    guard packed.weights.isEmpty else {
      return Sourced(total, .derived, source: "shapes of the stored tensors, packed weights unpacked")
    }
    return Sourced(total, .exact, source: "shapes of the stored tensors")
  }

  /// The logical elements of what is packed.
  private mutating func packedElements() -> Int? {
    guard !packed.weights.isEmpty else { return 0 }
    let elements = packed.elements
    let schemes = Set(table.patterns.filter { $0.part == .packedWeight }.map { named($0.packing ?? .unknown) })
    for scheme in schemes.sorted() {
      report(
        Finding(
          .note, .packedQuantization, file: settings.file,
          "weights are packed (\(scheme)), so the stored shapes are not those of the model",
          help: packed.bytes > 0 ? elements.map(width) ?? "the parameter count is left open; bytes are exact" : nil))
    }
    return elements
  }

  /// What an element takes on average.
  private func width(_ elements: Int) -> String {
    let bits = elements > 0 ? Double(packed.bytes) * 8 / Double(elements) : 0
    let hundredths = Int((bits * 100).rounded())
    let places = String(hundredths % 100 + 100).dropFirst()
    return "they are counted unpacked; with their scales each takes \(hundredths / 100).\(places) bits"
  }

  /// The configuration tells AWQ from GPTQ; both write `qweight`.
  func named(_ packing: Packing) -> String {
    guard packing == .gptqOrAWQ else { return packing.rawValue }
    switch settings.quantizationMethod {
    case "awq": return Packing.awq.rawValue
    case "gptq": return Packing.gptq.rawValue
    default: return packing.rawValue
    }
  }
}
