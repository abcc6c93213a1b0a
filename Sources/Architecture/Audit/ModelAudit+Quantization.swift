internal import Checkpoint
internal import Units

/// The quantisation that the configuration declares against the one that is stored, one tensor for all of its name.
extension ModelAudit {
  mutating func quantization() {
    let declared = declaredQuantization
    let method = declared?.string("quant_method")
    let quantised = table.patterns.filter { $0.part == .packedWeight && $0.packing != .unknown }
    let scaled = table.patterns.contains { $0.part == .quantization }
    // GPTQ's own document, before transformers kept it in the configuration.
    let isSaidElsewhere = checkpoint.hasFile("quantize_config.json") || checkpoint.hasFile("quant_config.json")
    if let declared {
      if quantised.isEmpty, !scaled, method != nil || declared.integer("bits") != nil, Self.storesPacked(method) {
        findings.add(
          .warning, .quantizationMissing, file: settings.file,
          "`quantization_config` declares \(method ?? "\(declared.integer("bits") ?? 0) bits"), and no weight is quantised"
        )
      }
      exceptions(declared, quantised)
      if hasShapes {
        for pattern in quantised { compare(pattern, with: declared) }
        blockScales(declared)
      }
    } else if let first = quantised.first, configuration != nil, !isSaidElsewhere {
      findings.add(
        .warning, .quantizationUnannounced, file: settings.file, tensor: weightSet.tensors[first.example].name,
        "weights are stored as \(first.packing?.rawValue ?? "packed"), and there is no `quantization_config`")
    }
  }

  private var declaredQuantization: Configuration? {
    let documents = [configuration, configuration?.section("text_config")].compactMap(\.self)
    let keys = ["quantization_config", "compression_config", "quantization"]
    return documents.lazy.flatMap { document in keys.lazy.compactMap { document.section($0) } }.first
  }

  /// Whether a method stores weights of its own; the others quantise while they load.
  private static func storesPacked(_ method: String?) -> Bool {
    guard let method else { return true }
    return [
      "gptq", "awq", "mxfp4", "compressed-tensors", "hqq", "aqlm", "bitsandbytes", "fp8", "fbgemm_fp8", "modelopt",
    ]
    .contains(method)
  }

  private mutating func mismatch(_ pattern: TensorPattern, _ message: String) {
    findings.add(
      .error, .quantizationMismatch, file: settings.file, tensor: weightSet.tensors[pattern.example].name, message)
  }

  private mutating func compare(_ pattern: TensorPattern, with declared: Configuration) {
    let method = declared.string("quant_method")
    switch pattern.packing {
    case .gptq, .gptqOrAWQ, .awq:
      guard method == nil || method == "gptq" || method == "awq" else {
        return mismatch(pattern, "the weights are stored as GPTQ or AWQ does, and `quant_method` is \(method ?? "")")
      }
      compareGroups(pattern, declared, isAWQ: method == "awq")
    case .bitsandbytes4, .bitsandbytes8:
      let isFour = pattern.packing == .bitsandbytes4
      let flags = (declared.boolean("load_in_4bit"), declared.boolean("load_in_8bit"))
      if isFour ? flags.1 == true && flags.0 != true : flags.0 == true && flags.1 != true {
        return mismatch(
          pattern, "the weights have \(isFour ? 4 : 8) bits, and the configuration says \(isFour ? 8 : 4)")
      }
      if isFour { compareBitsandbytes(pattern, declared) }
    case .mlx:
      guard let bits = declared.integer("bits"), let size = declared.integer("group_size"),
        let scales = beside(pattern, "scales"), scales.rank == 2, !declared.keys.contains(where: isModule)
      else { return }
      let words = weightSet.tensors[pattern.example].shape
      guard words.rank == 2, let stored = product(words[1], 32), let wanted = product(scales[1], size, bits) else {
        return
      }
      if stored != wanted {
        mismatch(
          pattern, "a row has \(stored) bits, and \(scales[1]) groups of \(size) with \(bits) bits take \(wanted)")
      }
    default: break
    }
  }

  /// MLX lists what differs by the names of modules.
  private func isModule(_ key: String) -> Bool { key.contains(".") }

  /// Bits and group size, by how many words and scales there are.
  private mutating func compareGroups(_ pattern: TensorPattern, _ declared: Configuration, isAWQ: Bool) {
    let words = weightSet.tensors[pattern.example].shape
    guard let scales = beside(pattern, "scales"), scales.rank == 2, words.rank == 2, scales[0] > 0 else { return }
    let packed = isAWQ ? words[1] : words[0]
    let groups = scales[0]
    // GPTQ packs along the inputs, AWQ along the outputs.
    let bits = declared.integer("bits") ?? declared.integer("w_bit")
    let size = declared.integer("group_size") ?? declared.integer("q_group_size")
    let inputs: Int
    if isAWQ {
      inputs = words[0]
      if let bits, let stored = product(packed, 32), let wanted = product(scales[1], bits), stored != wanted {
        return mismatch(pattern, "`bits` is \(bits), and \(scales[1]) outputs are stored in \(packed) words")
      }
    } else {
      guard let zeros = beside(pattern, "qzeros"), zeros.rank == 2, scales[1] > 0, let stored = product(zeros[1], 32)
      else {
        return
      }
      if let bits, let wanted = product(scales[1], bits), stored != wanted {
        return mismatch(pattern, "`bits` is \(bits), and \(scales[1]) zeros are stored in \(zeros[1]) words")
      }
      guard stored >= scales[1], let all = product(packed, 32) else { return }
      inputs = all / (stored / scales[1])
    }
    if let size {
      let wanted = size > 0 ? (inputs + size - 1) / size : 1
      if wanted != groups {
        return mismatch(pattern, "`group_size` is \(size), and \(inputs) inputs have \(groups) groups")
      }
    }
    if declared.boolean("desc_act") == true, !isAWQ, beside(pattern, "g_idx") == nil {
      mismatch(pattern, "`desc_act` is true, and no `g_idx` gives the order")
    }
  }

  private mutating func compareBitsandbytes(_ pattern: TensorPattern, _ declared: Configuration) {
    let states = table.patterns.filter { $0.text.hasPrefix(pattern.text + ".") }.map(\.text)
    if let type = declared.string("bnb_4bit_quant_type"),
      let state = states.first(where: { $0.contains("quant_state.bitsandbytes__") }), !state.hasSuffix("__\(type)")
    {
      mismatch(
        pattern,
        "`bnb_4bit_quant_type` is \(type), and the weights are stored as \(state.split(separator: "_").last ?? "")")
    }
    if let isDouble = declared.boolean("bnb_4bit_use_double_quant") {
      let isStored = states.contains { $0.hasSuffix(".nested_absmax") }
      if isStored != isDouble {
        mismatch(
          pattern,
          "`bnb_4bit_use_double_quant` is \(isDouble), and scales are \(isStored ? "" : "not ")quantised themselves")
      }
    }
  }

  /// FP8: a scale for each block of a matrix.
  private mutating func blockScales(_ declared: Configuration) {
    guard let block = declared.integers("weight_block_size"), block.count == 2, block.allSatisfy({ $0 > 0 }) else {
      return
    }
    for pattern in table.patterns where pattern.part == .quantization && pattern.leaf == "weight_scale_inv" {
      let scales = weightSet.tensors[pattern.example].shape
      guard let matrix = tensor(weightSet.tensors[pattern.example].name.dropLast("_scale_inv".count))?.shape,
        matrix.rank == 2
      else { continue }
      let wanted = Shape(zip(matrix.dimensions, block).map { ($0 - 1) / $1 + 1 })
      guard scales != wanted else { continue }
      mismatch(
        pattern, "has the shape \(scales), and blocks of \(block[0]) by \(block[1]) over \(matrix) make \(wanted)")
    }
  }

  /// Modules that the configuration says were left alone.
  private mutating func exceptions(_ declared: Configuration, _ quantised: [TensorPattern]) {
    let keys = ["modules_to_not_convert", "llm_int8_skip_modules", "ignore", "ignored_layers"]
    for name in keys.lazy.compactMap({ declared.strings($0) }).joined() where !name.isEmpty && !name.hasPrefix("re:") {
      let pattern = quantised.first { pattern in
        let path = weightSet.tensors[pattern.example].name
        return pattern.module.endsAsPath(with: name) || path.hasPrefix(name + ".")
      }
      guard let pattern else { continue }
      findings.add(
        .warning, .quantizationException, file: settings.file, tensor: weightSet.tensors[pattern.example].name,
        "\(name) is declared to be left alone, and is quantised")
    }
  }

  /// The shape of a tensor beside the first of a pattern.
  private func beside(_ pattern: TensorPattern, _ leaf: String) -> Shape? {
    let name = weightSet.tensors[pattern.example].name
    guard let dot = name.lastIndex(of: ".") else { return nil }
    return tensor(name[...dot] + leaf)?.shape
  }

  private func tensor(_ name: Substring) -> StoredTensor? { weightSet.tensor(named: String(name)) }

  private func product(_ factors: Int...) -> Int? {
    var product = 1
    for factor in factors {
      let (next, overflow) = product.multipliedReportingOverflow(by: factor)
      guard !overflow else { return nil }
      product = next
    }
    return product
  }
}
