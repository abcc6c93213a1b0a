internal import Checkpoint
internal import Units

extension QuantizedStorage {
  /// Nil where no weight is quantised.
  init?(_ table: PatternTable, _ packed: PackedWeights, _ tensors: [StoredTensor]) {
    var elements: [Int: Int?] = [:]
    for (position, weight) in packed.weights {
      let pattern = Int(table.patternOf[position])
      let sum = elements[pattern] ?? 0
      elements[pattern] = sum.flatMap { sum in weight.elements.map { Tally.sum(sum, $0) } }
    }
    var found: [String: Scheme] = [:]
    /// The scheme that each module's weight is stored by.
    var owners: [Module: String] = [:]
    let helpers = Dictionary(grouping: table.patterns.filter { $0.part == .quantization }, by: Module.init)
    for (number, pattern) in table.patterns.enumerated() {
      let method: String
      let own = helpers[Module(pattern), default: []]
      if pattern.packing == .bitsandbytes4 {
        method = Self.bitsandbytes(own)
      } else if pattern.part == .packedWeight {
        method = packed.settings.name(of: pattern.packing ?? .unknown)
      } else if pattern.part == .weight {
        let scales = own.map { tensors[$0.example] }
        guard let narrow = Self.name(of: tensors[pattern.example], scales, packed.settings) else { continue }
        method = narrow
      } else {
        continue
      }
      owners[Module(pattern)] = method
      var scheme = found[method] ?? Scheme(method: method)
      let count = elements[number] ?? pattern.tally.elements
      scheme.isPacked = pattern.part == .packedWeight
      scheme.weights += pattern.tally.tensors
      scheme.elements = scheme.elements.flatMap { sum in count.map { Tally.sum(sum, $0) } }
      scheme.weightBytes = Tally.sum(scheme.weightBytes, pattern.tally.bytes)
      found[method] = scheme
    }
    guard !found.isEmpty else { return nil }
    all = Scheme(method: found.keys.sorted().joined(separator: ", "))
    for (module, patterns) in helpers {
      let tensors = patterns.reduce(0) { $0 + $1.tally.tensors }
      let bytes = patterns.reduce(0) { Tally.sum($0, $1.tally.bytes) }
      all.helperTensors += tensors
      all.helperBytes = Tally.sum(all.helperBytes, bytes)
      guard let owner = owners[module], var scheme = found[owner] else { continue }
      scheme.helperTensors += tensors
      scheme.helperBytes = Tally.sum(scheme.helperBytes, bytes)
      found[owner] = scheme
    }
    schemes = found.values.sorted { $0.method < $1.method }
    for scheme in schemes {
      all.weights += scheme.weights
      all.elements = all.elements.flatMap { sum in scheme.elements.map { Tally.sum(sum, $0) } }
      all.weightBytes = Tally.sum(all.weightBytes, scheme.weightBytes)
    }
  }

  /// A module of every block.
  private struct Module: Hashable {
    var stack: String?
    var path: String

    init(_ pattern: TensorPattern) {
      stack = pattern.stackPath
      path = pattern.module
    }
  }

  /// Which of its four-bit types bitsandbytes has used, by what lies beside a weight.
  private static func bitsandbytes(_ helpers: [TensorPattern]) -> String {
    func has(_ ending: String) -> Bool { helpers.contains { $0.text.hasSuffix(ending) } }
    let type = has("bitsandbytes__nf4") ? "NF4" : has("bitsandbytes__fp4") ? "FP4" : "4-bit"
    return "bitsandbytes \(type)\(has(".nested_absmax") ? ", scales quantised as well" : "")"
  }

  /// What a weight of eight bits or fewer that keeps its shape is called, by the scales beside it; nil for a wide one.
  private static func name(of weight: StoredTensor, _ scales: [StoredTensor], _ settings: Settings) -> String? {
    let type = weight.dataType
    if type.block != nil { return type.rawValue }
    guard type == .int8 || type.isFloatingPoint && type.bitWidth <= 8 else { return nil }
    let name = type == .int8 ? "INT8" : "FP\(type.bitWidth)"
    let grids = scales.filter { $0.name.contains("scale") && !$0.name.contains("input_scale") }
    guard weight.shape.rank >= 2, let scale = grids.max(by: { $0.range.length < $1.range.length })?.shape else {
      return name
    }
    let extents = Array(weight.shape.dimensions.suffix(2))
    let counts = scale.rank == weight.shape.rank ? Array(scale.dimensions.suffix(2)) : [scale.dimensions.last ?? 1, 1]
    guard counts.allSatisfy({ $0 > 0 }) else { return name }
    if counts == [1, 1] { return "\(name), a scale for each tensor" }
    if counts == [extents[0], 1] { return "\(name), a scale for each row" }
    let edges = zip(extents, counts).map { ($0 - 1) / $1 + 1 }
    // The last block of a row may stand over; the configuration says by how much.
    let said = settings.weightBlockSize.flatMap { said in
      zip(extents, said).map { ($0 - 1) / $1 + 1 } == counts ? said : nil
    }
    return "\(name) in blocks of \((said ?? edges).map(String.init).joined(separator: " x "))"
  }
}

extension Settings {
  /// What a packing is called, with what the configuration knows of it: it tells AWQ from GPTQ, which both write `qweight`.
  func name(of packing: Packing) -> String {
    switch (packing, quantizationMethod) {
    case (.gptqOrAWQ, "awq"?): Packing.awq.rawValue
    case (.gptqOrAWQ, "gptq"?): Packing.gptq.rawValue
    case (.nvfp4, _) where compressedFormat == "mxfp4-pack-quantized": Packing.mxfp4.rawValue
    default: packing.rawValue
    }
  }
}
