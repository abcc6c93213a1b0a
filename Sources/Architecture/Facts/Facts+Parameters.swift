internal import Checkpoint
internal import Units

extension Facts {
  /// The logical elements of every parameter in the files; nil where packing hides them. A finding says what is packed.
  mutating func parameterCount(_ storage: QuantizedStorage?) -> Sourced<Int>? {
    guard let unpacked = packedElements(storage) else { return nil }
    var total = unpacked
    for pattern in table.patterns where pattern.part == .weight || pattern.part == .bias {
      total = Tally.sum(total, pattern.tally.elements)
    }
    guard total < .max else { return nil }
    guard packed.weights.isEmpty else {
      let values = packed.stated.isEmpty ? "" : " by \(packed.stated.count) shapes read from values"
      return Sourced(total, .derived, source: "shapes of the stored tensors, packed weights unpacked\(values)")
    }
    return Sourced(total, .exact, source: "shapes of the stored tensors")
  }

  /// The logical elements of what is packed.
  private mutating func packedElements(_ storage: QuantizedStorage?) -> Int? {
    guard !packed.weights.isEmpty else { return 0 }
    let elements = packed.elements
    for scheme in storage?.schemes ?? [] where scheme.isPacked {
      report(
        Finding(
          .note, .packedQuantization, file: settings.file,
          "weights are packed (\(scheme.method)), so the stored shapes are not those of the model",
          help: scheme.weightBytes == 0
            ? nil : elements == nil ? "the parameter count is left open; bytes are exact" : Self.width(scheme)))
    }
    return elements
  }

  private static func width(_ scheme: QuantizedStorage.Scheme) -> String? {
    scheme.bitsText.map { "they are counted unpacked; with their scales each takes \($0) bits" }
  }
}

extension QuantizedStorage.Scheme {
  /// ``bitsPerWeight`` to two places.
  package var bitsText: String? { bitsPerWeight.map(QuantizedStorage.twoPlaces) }
}

extension QuantizedStorage {
  /// A number of bits as people read it: `4.16`.
  package static func twoPlaces(_ bits: Double) -> String {
    guard bits < 1e9 else { return "\(bits)" }
    let hundredths = Int((bits * 100).rounded())
    return "\(hundredths / 100).\(String(hundredths % 100 + 100).dropFirst())"
  }
}
