internal import Checkpoint
internal import Units

extension Facts {
  /// The logical elements of every parameter in the files; nil, with a finding, where packing hides them.
  mutating func parameterCount() -> Sourced<Int>? {
    let packed = table.patterns.filter { $0.part == .packedWeight }
    if !packed.isEmpty {
      for scheme in Set(packed.map { named($0.packing ?? .unknown) }).sorted() {
        report(
          Finding(
            .note, rule: "packed-quantization", file: settings.file,
            message: "weights are packed (\(scheme)), so the stored shapes are not those of the model",
            help: "the parameter count is left open; bytes are exact"))
      }
      return nil
    }
    var total = 0
    for pattern in table.patterns where pattern.part == .weight || pattern.part == .bias {
      total = Tally.sum(total, pattern.tally.elements)
    }
    guard total < .max else { return nil }
    return Sourced(total, .exact, source: "shapes of the stored tensors")
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
