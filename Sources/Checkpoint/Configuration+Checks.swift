extension Configuration {
  /// A setting that must be an integer within limits.
  private struct IntegerRule {
    var keys: [String]
    var range: ClosedRange<Int>
  }

  /// What a size can be. The upper ends are far beyond any model (a thousand times the largest published) and far
  /// below where products overflow. A zero or a minus one is let pass where published models have it.
  private static let integerRules = [
    IntegerRule(
      keys: [
        "hidden_size", "intermediate_size", "d_model", "d_ff", "d_kv", "n_embd", "n_inner", "ffn_dim", "head_dim",
        "moe_intermediate_size",
      ], range: 1...(1 << 26)),
    IntegerRule(keys: ["num_hidden_layers", "num_layers", "n_layer", "n_layers"], range: 1...1_000_000),
    IntegerRule(keys: ["num_decoder_layers", "encoder_layers", "decoder_layers"], range: 0...1_000_000),
    IntegerRule(
      keys: ["num_attention_heads", "num_key_value_heads", "n_head", "num_heads", "n_heads", "num_kv_heads"],
      range: 1...(1 << 20)),
    IntegerRule(keys: ["vocab_size"], range: 1...(1 << 34)),
    IntegerRule(keys: ["max_position_embeddings", "n_positions", "n_ctx"], range: -1...(1 << 40)),
    IntegerRule(
      keys: [
        "num_experts", "num_local_experts", "n_routed_experts", "n_shared_experts", "num_experts_per_tok",
        "num_nextn_predict_layers",
      ], range: 0...(1 << 20)),
  ]

  /// Checks what `config.json` says about sizes, heads and types, in itself and in its sections.
  func check(into findings: inout FindingList) {
    let identified = ["model_type", "_class_name", "architecture"].contains { string($0) != nil }
    if !identified {
      findings.add(
        .warning, .configNoModelType, file: file,
        "`model_type` is missing: the family must be guessed from the tensors",
        help: "transformers refuses such a configuration.")
    }
    checkSection(path: "", depth: 0, into: &findings)
  }

  private func checkSection(path: String, depth: Int, into findings: inout FindingList) {
    for rule in Self.integerRules {
      for key in rule.keys { checkInteger(key, rule.range, path: path, into: &findings) }
    }
    checkHeads(path: path, into: &findings)
    for key in ["torch_dtype", "dtype"] { checkDataType(key, path: path, into: &findings) }
    guard depth < 4 else { return }
    for key in root.keys.sorted() where key.hasSuffix("_config") || key == "encoder" || key == "decoder" {
      guard key != "quantization_config" else { continue }
      section(key)?.checkSection(path: "\(path)\(key).", depth: depth + 1, into: &findings)
    }
  }

  private func checkInteger(_ key: String, _ range: ClosedRange<Int>, path: String, into findings: inout FindingList) {
    switch root[key] {
    case nil, .null, .array: break  // absent, left to the default, or given for each layer
    case .integer(let value):
      guard !range.contains(value) else { return }
      findings.add(
        .error, .configOutOfRange, file: file,
        "`\(path)\(key)` is \(value), not between \(range.lowerBound) and \(range.upperBound)")
    case .number(let value):
      if value == value.rounded(), abs(value) >= 0x1p63 {
        findings.add(.error, .configOutOfRange, file: file, "`\(path)\(key)` is \(value), beyond any model")
      } else {
        findings.add(.error, .configWrongType, file: file, "`\(path)\(key)` is \(value), not an integer")
      }
    case .boolean, .string, .object:
      findings.add(.error, .configWrongType, file: file, "`\(path)\(key)` is not an integer")
    }
  }

  private func checkHeads(path: String, into findings: inout FindingList) {
    guard let heads = integer("num_attention_heads") ?? integer("n_head") ?? integer("num_heads"), heads > 0 else {
      return
    }
    let explicit = ["head_dim", "d_kv", "v_head_dim", "qk_nope_head_dim", "attention_head_size", "kv_channels"]
    if let width = integer("hidden_size") ?? integer("n_embd") ?? integer("d_model"), width > 0, width % heads != 0,
      !explicit.contains(where: { integer($0) != nil })
    {
      findings.add(
        .error, .configHeads, file: file,
        "\(path.isEmpty ? "" : "in `\(path.dropLast())` ")the hidden size \(width) is not a multiple of the \(heads) attention heads"
      )
    }
    if let shared = integer("num_key_value_heads"), shared > 0, shared > heads || heads % shared != 0 {
      findings.add(
        .error, .configKeyValueHeads, file: file,
        "`\(path)num_key_value_heads` is \(shared), which does not divide the \(heads) attention heads")
    }
  }

  private func checkDataType(_ key: String, path: String, into findings: inout FindingList) {
    switch root[key] {
    case nil, .null, .object: break
    case .string(let name):
      guard name != "auto", Self.dataType(torch: name) == nil else { return }
      findings.add(
        .error, .configUnknownDtype, file: file,
        "`\(path)\(key)` is \(name.debugDescription), which PyTorch does not have")
    default: findings.add(.error, .configWrongType, file: file, "`\(path)\(key)` is not a string")
    }
  }
}
