internal import struct Graph.ForwardSettings
internal import Strategy
internal import TrainingStep
internal import Units

extension TrainingScript {
  var modelClass: String {
    switch request.model.task {
    case .maskedLM?: "AutoModelForMaskedLM"
    case .sequenceClassification?: "AutoModelForSequenceClassification"
    default: "AutoModelForCausalLM"
    }
  }

  var quantizationClass: [String] { forward.quantization == nil ? [] : ["BitsAndBytesConfig"] }

  /// What PEFT trains in the model's place.
  var techniqueClass: [String] {
    let names: [String]
    switch forward.technique?.kind {
    case .prompt?: names = ["PromptTuningConfig"]
    case .prefix?: names = ["PrefixTuningConfig"]
    case .scaling?: names = ["IA3Config"]
    case .tunedConvolutions?, nil: names = forward.adapters == nil ? [] : ["LoraConfig"]
    }
    return names.isEmpty ? [] : names + ["get_peft_model"]
  }

  var model: [String] {
    var lines = ["def load_model(path):", "    model = \(modelClass).from_pretrained("]
    lines += loading.map { "        \($0)," } + ["    )"]
    // transformers switches the cache off where it checkpoints.
    lines.append("    model.config.use_cache = \(Python.literal(forward.usesCache))")
    if !forward.frozen.isEmpty {
      lines += [
        "    for name, parameter in model.named_parameters():",
        "        if any(fnmatch.fnmatchcase(name, pattern) for pattern in \(Python.literal(forward.frozen))):",
        "            parameter.requires_grad_(False)",
      ]
    }
    if forward.isPreparedForKBitTraining {
      lines.append("    model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)")
    }
    if workload.checkpointing != .none {
      let reenters = Python.literal(workload.checkpointing == .reentrant)
      lines.append(
        "    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={\"use_reentrant\": \(reenters)})")
    }
    if forward.loss == .fused {
      lines += [
        "    # Head and loss in one kernel; the other kernels of Liger stay off, as planned.",
        "    _apply_liger_kernel_to_instance(",
        "        model, rope=False, rms_norm=False, layer_norm=False, swiglu=False, geglu=False, cross_entropy=False,",
        "        fused_linear_cross_entropy=True,",
        "    )",
      ]
    }
    lines += technique.map { "    \($0)" }
    return lines + ["    return model"]
  }

  private var loading: [String] {
    let types = forward.quantizedTypes
    let type = forward.quantization == nil ? forward.precision.parameterType : types.wide
    var lines = [
      "path", "dtype=\(Python.type(type))",
      "attn_implementation=\(forward.attention == .eager ? "\"eager\"" : "\"sdpa\"")",
    ]
    if let labels = request.model.labelCount { lines.append("num_labels=\(labels)") }
    guard let scheme = forward.quantization else { return lines }
    if scheme.isFourBit {
      var quantization = [
        "load_in_4bit=True", "bnb_4bit_quant_type=\"nf4\"",
        "bnb_4bit_use_double_quant=\(Python.literal(scheme == .nf4Double))",
        "bnb_4bit_compute_dtype=\(Python.type(types.compute))",
      ]
      // Shards are cut from weights of one floating type, so the packed bytes are stored as such.
      if isSharded { quantization.append("bnb_4bit_quant_storage=\(Python.type(type))") }
      let arguments = quantization.map { "    \($0)," }.joined(separator: "\n        ")
      lines.append("quantization_config=BitsAndBytesConfig(\n        \(arguments)\n        )")
    } else {
      lines.append("quantization_config=BitsAndBytesConfig(load_in_8bit=True)")
    }
    if !isSharded { lines.append("device_map={\"\": int(os.environ.get(\"LOCAL_RANK\", \"0\"))}") }
    return lines
  }

  private var technique: [String] {
    let task =
      switch request.model.task {
      case .sequenceClassification?: "\"SEQ_CLS\""
      case .maskedLM?: "None"
      default: "\"CAUSAL_LM\""
      }
    switch forward.technique?.kind {
    case .prompt(let count)?:
      return ["model = get_peft_model(model, PromptTuningConfig(task_type=\(task), num_virtual_tokens=\(count)))"]
    case .prefix(let count, let isProjected)?:
      let projection = isProjected ? ", prefix_projection=True" : ""
      let settings = "task_type=\(task), num_virtual_tokens=\(count)\(projection)"
      return ["model = get_peft_model(model, PrefixTuningConfig(\(settings)))"]
    case .scaling?: return ["model = get_peft_model(model, IA3Config(task_type=\(task)))"]
    case .tunedConvolutions?, nil: break
    }
    guard let adapters = forward.adapters else { return [] }
    let targets =
      switch adapters.targets {
      case .allLinear: "\"all-linear\""
      case .names(let names): Python.literal(names)
      }
    var lines = [
      "model = get_peft_model(", "    model,", "    LoraConfig(", "        task_type=\(task),",
      "        r=\(adapters.rank),", "        lora_alpha=\(2 * adapters.rank),", "        target_modules=\(targets),",
    ]
    if !adapters.excluded.isEmpty { lines.append("        exclude_modules=\(Python.literal(adapters.excluded)),") }
    if adapters.dropout > 0 { lines.append("        lora_dropout=\(adapters.dropout.withPoint),") }
    if adapters.form == .dora { lines.append("        use_dora=True,") }
    return lines + ["    ),", ")"]
  }
}
