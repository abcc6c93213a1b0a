internal import struct Graph.ForwardSettings
internal import Strategy
internal import TrainingStep

/// `train.yaml` for `llamafactory-cli train` (llamafactory/hparams and TrainingArguments, 0.9.5).
struct LlamaFactoryFile: Sendable {
  static let name = "train.yaml"
  let request: LaunchRequest

  private var workload: Workload { request.workload }
  private var forward: ForwardSettings { workload.forward }

  var text: String {
    CommentedFields(model + method + data + training).yaml(heading: [
      "Fine-tuning as plimsoll planned it: \(request.layout.summary). README.md has the command that starts it."
    ])
  }

  /// `dataset_info.json`: where the data of `train.yaml` is.
  static let dataInformation = String(
    decoding: JSONValue.object([
      .init("train", ["file_name": "train.jsonl", "columns": ["prompt": "text"]])
    ]).encoded(), as: UTF8.self)

  private var model: [CommentedFields.Field?] {
    var fields: [CommentedFields.Field?] = [
      .init("model_name_or_path", .string(request.checkpoint)),
      .init("flash_attn", forward.attention == .eager ? "disabled" : "sdpa", "the attention's implementation"),
      .init(
        "disable_gradient_checkpointing", .boolean(workload.checkpointing == .none),
        "activation checkpointing of each block"),
      workload.checkpointing == .none ? nil : .init("use_reentrant_gc", .boolean(workload.checkpointing == .reentrant)),
      forward.loss == .fused
        ? .init("enable_liger_kernel", true, "head and loss in one kernel; norms and MLP in Liger's too") : nil,
    ]
    if let scheme = forward.quantization {
      fields += [
        .init("quantization_method", "bnb"), .init("quantization_bit", scheme.isFourBit ? 4 : 8, "the frozen weights"),
        scheme.isFourBit ? .init("quantization_type", "nf4") : nil,
        scheme.isFourBit
          ? .init("double_quantization", .boolean(scheme == .nf4Double), "the scales are quantised too") : nil,
      ]
    }
    return fields
  }

  private var method: [CommentedFields.Field?] {
    var fields: [CommentedFields.Field?] = [
      .init("stage", "pt", "the next token of plain text; sft wants a dataset of instructions and a template"),
      .init("do_train", true), .init("finetuning_type", forward.adapters == nil ? "full" : "lora"),
    ]
    if let adapters = forward.adapters {
      let targets =
        switch adapters.targets {
        case .allLinear: "all"
        case .names(let names): names.joined(separator: ",")
        }
      fields += [
        .init("lora_rank", .integer(adapters.rank)), .init("lora_alpha", .integer(2 * adapters.rank)),
        .init("lora_target", .string(targets)), .init("lora_dropout", .number(adapters.dropout)),
        adapters.form == .dora ? .init("use_dora", true) : nil,
      ]
    }
    return fields
  }

  private var data: [CommentedFields.Field?] {
    [
      .init("dataset", "train", "named in dataset_info.json: train.jsonl, an object {\"text\": …} a line"),
      .init("dataset_dir", "."), .init("cutoff_len", .integer(forward.sequenceLength), "tokens per sequence"),
      .init("packing", .boolean(!forward.isPadded), "texts one after the other, so that each sequence is full"),
      .init("output_dir", "output"), .init("logging_steps", 1), .init("save_steps", 500),
    ]
  }

  private var training: [CommentedFields.Field?] {
    var fields: [CommentedFields.Field?] = [
      .init("per_device_train_batch_size", .integer(forward.batchSize), "sequences a GPU and micro-step"),
      .init("gradient_accumulation_steps", .integer(workload.accumulation)),
      .init("max_grad_norm", .number(request.gradientNorm ?? 0), "0: gradients are not clipped"),
      .init("learning_rate", .number(forward.adapters == nil ? 1e-5 : 2e-4)), .init("num_train_epochs", .number(1)),
      .init("optim", .string(optimizer.name)),
      optimizer.arguments.map { .init("optim_args", .string($0)) },
    ]
    switch (forward.precision, forward.adapters) {
    case (.bf16, nil): fields.append(.init("pure_bf16", true, "weights, gradients and states in bf16"))
    case (.fp16Mixed, _): fields.append(.init("fp16", true, "autocast over fp32 weights"))
    case (_, nil): fields.append(.init("bf16", true, "autocast over fp32 weights"))
    default: fields.append(.init("bf16", true, "frozen weights in bf16, adapters in fp32"))
    }
    if request.layout.strategy.zeroStage != nil {
      fields.append(.init("deepspeed", .string(DeepSpeedFile.name), "shards, offload and buckets are there"))
    }
    return fields
  }

  /// A name of transformers' OptimizerNames.
  private var optimizer: (name: String, arguments: String?) {
    switch workload.optimizer {
    case .adamW, .adamWLoop, .muon, .galoreAdamW: ("adamw_torch", nil)
    case .adamWFused: ("adamw_torch_fused", nil)
    case .adamW8bit: ("adamw_bnb_8bit", nil)
    case .pagedAdamW8bit: ("paged_adamw_8bit", nil)
    case .sgd: ("sgd", nil)
    case .sgdMomentum: ("sgd", "momentum=0.9")
    case .adafactor: ("adafactor", nil)
    case .lion: ("lion_32bit", nil)
    case .lion8bit: ("lion_8bit", nil)
    }
  }
}
