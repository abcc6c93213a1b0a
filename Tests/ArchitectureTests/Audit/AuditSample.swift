import Architecture
import Checkpoint
import Units

/// A small checkpoint in which everything fits, to be spoilt in one place.
struct AuditSample {
  var tensors: [StoredTensor]
  var configuration: [String: Configuration.Node]
  var adapterConfiguration: [String: Configuration.Node]?
  var kind = WeightSet.Kind.model
  var generation: [String: Configuration.Node]?
  /// Where set, no shard is there, and the index gives this size.
  var indexBytes: Int?

  var findings: [Finding] {
    // Sizes of files are those of shapes, and tensors lie in the order in which readers hand them on.
    let tensors = tensors.map { tensor in
      var tensor = tensor
      let bits = (tensor.shape.elementCount?.count ?? 0) * tensor.dataType.bitWidth
      tensor.range = FileRange(offset: 0, length: bits / 8)
      return tensor
    }.sorted { NaturalOrder.precedes($0.name, $1.name) }
    let set = WeightSet(label: "model.safetensors", kind: kind, files: ["model.safetensors"], tensors: tensors)
    return Checkpoint(
      path: "no-folder", weightSets: indexBytes == nil ? [set] : [],
      configuration: kind == .adapter ? nil : Configuration(file: "config.json", root: configuration),
      adapterConfiguration: adapterConfiguration.map { Configuration(file: "adapter_config.json", root: $0) },
      generationConfiguration: generation.map { Configuration(file: "generation_config.json", root: $0) },
      unbackedTensorNames: indexBytes == nil ? [] : tensors.map(\.name),
      unbackedBytes: indexBytes.map { ByteCount($0) }, findings: []
    ).auditFindings()
  }

  // MARK: Models

  /// Four layers of a Llama with four heads of 16 features, two of them for keys and values.
  static func llama(_ change: (inout Blueprint) -> Void = { _ in }, bias: Bool = false) -> AuditSample {
    var blueprint = Blueprint.llama(
      layers: 4, hidden: 64, keys: 32, intermediate: 128, vocabulary: 100, attentionBias: bias)
    change(&blueprint)
    return AuditSample(
      tensors: blueprint.tensors,
      configuration: Blueprint.llamaConfiguration([
        "num_hidden_layers": 4, "hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2,
        "intermediate_size": 128, "vocab_size": 100, "dtype": "bfloat16",
      ]).root)
  }

  /// Four layers of a Mixtral with four experts.
  static var mixtral: AuditSample {
    var sample = llama()
    sample.tensors.removeAll { $0.name.contains(".mlp.") }
    var blueprint = Blueprint()
    for layer in 0..<4 {
      let block = "model.layers.\(layer).block_sparse_moe."
      blueprint.linear(block + "gate", 4, 64)
      for expert in 0..<4 {
        blueprint.linear(block + "experts.\(expert).w1", 128, 64)
        blueprint.linear(block + "experts.\(expert).w2", 64, 128)
        blueprint.linear(block + "experts.\(expert).w3", 128, 64)
      }
    }
    sample.tensors += blueprint.tensors
    sample.configuration.merge([
      "model_type": "mixtral", "architectures": .array(["MixtralForCausalLM"]), "num_local_experts": 4,
    ]) { $1 }
    return sample
  }

  static var gpt2: AuditSample {
    AuditSample(
      tensors: Blueprint.gpt2(layers: 4, hidden: 64).tensors,
      configuration: Blueprint.gpt2Configuration.root.merging(["n_embd": 64, "n_layer": 4, "n_head": 4]) { $1 })
  }

  /// GPTQ with four bits in groups of 32, on every linear layer of the blocks.
  static var gptq: AuditSample {
    var sample = llama()
    var blueprint = Blueprint()
    for tensor in sample.tensors where tensor.name.hasSuffix("proj.weight") {
      let path = String(tensor.name.dropLast(".weight".count))
      let (output, input) = (tensor.shape[0], tensor.shape[1])
      blueprint.add(path + ".qweight", input / 8, output, as: .int32)
      blueprint.add(path + ".qzeros", input / 32, output / 8, as: .int32)
      blueprint.add(path + ".scales", input / 32, output, as: .float16)
      blueprint.add(path + ".g_idx", input, as: .int32)
    }
    sample.tensors.removeAll { $0.name.hasSuffix("proj.weight") }
    sample.tensors += blueprint.tensors
    sample.configuration["quantization_config"] = .object([
      "quant_method": "gptq", "bits": 4, "group_size": 32, "desc_act": true,
    ])
    return sample
  }

  /// An update of rank 8 to queries and values.
  static var adapter: AuditSample {
    var blueprint = Blueprint(dataType: .float32)
    for layer in 0..<4 {
      for (name, output) in [("q_proj", 64), ("v_proj", 32)] {
        let path = "base_model.model.model.layers.\(layer).self_attn.\(name)."
        blueprint.add(path + "lora_A.weight", 8, 64)
        blueprint.add(path + "lora_B.weight", output, 8)
      }
    }
    return AuditSample(
      tensors: blueprint.tensors, configuration: [:],
      adapterConfiguration: ["peft_type": "LORA", "r": 8, "target_modules": .array(["q_proj", "v_proj"])],
      kind: .adapter)
  }

  // MARK: Changes

  mutating func set(_ key: String, _ value: Configuration.Node) { configuration[key] = value }

  mutating func setQuantization(_ key: String, _ value: Configuration.Node) {
    guard case .object(var fields)? = configuration["quantization_config"] else { return }
    fields[key] = value
    configuration["quantization_config"] = .object(fields)
  }

  mutating func remove(where isRemoved: (String) -> Bool) { tensors.removeAll { isRemoved($0.name) } }

  mutating func reshape(_ shape: Shape, where isMeant: (String) -> Bool) {
    for index in tensors.indices where isMeant(tensors[index].name) { tensors[index].shape = shape }
  }

  mutating func retype(_ type: DataType, where isMeant: (String) -> Bool) {
    for index in tensors.indices where isMeant(tensors[index].name) { tensors[index].dataType = type }
  }

  mutating func add(_ name: String, _ shape: Int..., as type: DataType = .bfloat16) {
    tensors.append(
      StoredTensor(
        name: name, dataType: type, shape: Shape(shape), fileIndex: 0, range: FileRange(offset: 0, length: 0)))
  }
}
