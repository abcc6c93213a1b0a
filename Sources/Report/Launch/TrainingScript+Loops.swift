internal import struct Graph.ForwardSettings
internal import Strategy
internal import TrainingStep
internal import Units

extension TrainingScript {
  var loopImports: [String] {
    switch loop {
    case .accelerate: accelerateImports
    case .deepspeed: deepspeedImports
    case .torch: torchImports
    }
  }

  var main: [String] {
    switch loop {
    case .accelerate: accelerateMain
    case .deepspeed: deepspeedMain
    case .torch: torchMain
    }
  }

  /// Samples that each data-parallel rank reads for itself.
  func loader(ranks: String, rank: String) -> [String] {
    [
      "    samples = read_samples(arguments, model.config.get_text_config().vocab_size)",
      "    sampler = DistributedSampler(samples, num_replicas=\(ranks), rank=\(rank), drop_last=True)",
      "    batches = DataLoader(samples, batch_size=BATCH_SIZE, sampler=sampler, drop_last=True)",
    ] + Self.refusingTooLittle
  }

  private static let refusingTooLittle = [
    "    if len(batches) == 0:", "        raise SystemExit(\"the data does not fill one batch of each rank\")",
  ]

  /// What the second step took at most: the first makes the optimizer's states.
  func measuring(print: String) -> [String] {
    [
      "if torch.cuda.is_available() and step == 1:",
      "    torch.cuda.reset_peak_memory_stats()",
      "if torch.cuda.is_available() and step == 2:",
      "    allocated, reserved = torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved()",
      "    \(print)(f\"peak of a step: {allocated / 2**30:.2f} GiB allocated, {reserved / 2**30:.2f} GiB reserved\")",
    ]
  }

  // MARK: - accelerate

  private var accelerateImports: [String] {
    var lines = ["from accelerate import Accelerator"]
    var utilities: [String] = []
    if layout.strategy == .fsdp {
      utilities.append("FullyShardedDataParallelPlugin")
      lines.append("from torch.distributed.fsdp import MixedPrecisionPolicy")
    }
    if layout.strategy == .ddp, layout.engine.usesBucketView { utilities.append("DistributedDataParallelKwargs") }
    if !utilities.isEmpty { lines.append("from accelerate.utils import \(utilities.joined(separator: ", "))") }
    return lines
  }

  private var accelerateMain: [String] {
    var plugin = "gradient_accumulation_steps=ACCUMULATION"
    var lines = ["def main():", "    arguments = read_arguments()"]
    if layout.strategy == .fsdp {
      lines += [
        "    # The types that parameters are gathered and gradients reduced in; the rest is in accelerate_config.yaml.",
        "    plugin = FullyShardedDataParallelPlugin(mixed_precision_policy=\(precisionPolicy))",
      ]
      plugin += ", fsdp_plugin=plugin"
    }
    if layout.strategy == .ddp, layout.engine.usesBucketView {
      plugin += ", kwargs_handlers=[DistributedDataParallelKwargs(gradient_as_bucket_view=True)]"
    }
    lines += [
      "    accelerator = Accelerator(\(plugin))",
      "    model = load_model(arguments.model)",
      "    samples = read_samples(arguments, model.config.get_text_config().vocab_size)",
      "    batches = DataLoader(samples, batch_size=BATCH_SIZE, shuffle=True, drop_last=True)",
      "    model, batches, *optimizers = accelerator.prepare(model, batches, *make_optimizers(model))",
    ]
    lines += Self.refusingTooLittle
    lines += [
      "    model.train()", "    step = 0", "    while step < arguments.steps:", "        for batch in batches:",
      "            with accelerator.accumulate(model):", "                loss = model(**batch).loss",
      "                accelerator.backward(loss)",
    ]
    if request.gradientNorm != nil {
      lines += [
        "                if accelerator.sync_gradients:",
        "                    accelerator.clip_grad_norm_(model.parameters(), MAX_GRADIENT_NORM)",
      ]
    }
    lines += [
      "                for optimizer in optimizers:", "                    optimizer.step()",
      "                    optimizer.zero_grad()", "            if not accelerator.sync_gradients:",
      "                continue", "            step += 1",
      "            accelerator.print(f\"step {step}: loss {loss.item():.4f}\")",
    ]
    lines += measuring(print: "accelerator.print").map { "            \($0)" }
    return lines + [
      "            if step == arguments.steps:", "                break", "    accelerator.wait_for_everyone()",
      "    accelerator.unwrap_model(model).save_pretrained(",
      "        arguments.output, is_main_process=accelerator.is_main_process, save_function=accelerator.save,",
      "        state_dict=accelerator.get_state_dict(model),", "    )", "    accelerator.end_training()",
    ]
  }

  /// MixedPrecisionPolicy as it was planned.
  var precisionPolicy: String {
    let types = [("param_dtype", layout.engine.parameterType), ("reduce_dtype", layout.engine.reductionType)]
    let arguments = types.compactMap { name, type in type.map { "\(name)=\(Python.type($0))" } }
    return "MixedPrecisionPolicy(\(arguments.joined(separator: ", ")))"
  }

  // MARK: - DeepSpeed

  private var deepspeedImports: [String] {
    var lines = ["import deepspeed", "from torch.utils.data.distributed import DistributedSampler"]
    if layout.strategy.zeroStage == 3 { lines.append("from transformers.integrations import HfDeepSpeedConfig") }
    return lines
  }

  private var deepspeedMain: [String] {
    var lines = [
      "def main():", "    arguments = read_arguments()", "    deepspeed.init_distributed()",
      "    torch.cuda.set_device(int(os.environ[\"LOCAL_RANK\"]))",
      "    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), \"\(DeepSpeedFile.name)\")) as file:",
      "        config = json.load(file)",
    ]
    if layout.strategy.zeroStage == 3, request.shardDegree == nil {
      lines += [
        "    # While this object lives, from_pretrained shards each weight as it reads it.",
        "    sharding = HfDeepSpeedConfig(config)  # noqa: F841",
      ]
    }
    lines += ["    model = load_model(arguments.model)"]
    lines += loader(ranks: "torch.distributed.get_world_size()", rank: "torch.distributed.get_rank()")
    lines += [
      "    [optimizer] = make_optimizers(model)",
      "    engine, *_ = deepspeed.initialize(model=model, optimizer=optimizer, config=config)", "    engine.train()",
      "    step, passes = 0, 0", "    while step < arguments.steps:", "        sampler.set_epoch(passes)",
      "        passes += 1", "        for batch in batches:",
      "            loss = engine(**{name: value.to(engine.device) for name, value in batch.items()}).loss",
      "            engine.backward(loss)", "            is_last = engine.is_gradient_accumulation_boundary()",
      "            engine.step()", "            if not is_last:", "                continue", "            step += 1",
      "            if engine.global_rank == 0:", "                print(f\"step {step}: loss {loss.item():.4f}\")",
    ]
    lines += measuring(print: "print").map { "            \($0)" }
    let skipsFrozen = forward.adapters != nil || forward.technique != nil || !forward.frozen.isEmpty
    return lines + [
      "            if step == arguments.steps:", "                break",
      "    engine.save_checkpoint(arguments.output\(skipsFrozen ? ", exclude_frozen_parameters=True" : ""))",
    ]
  }
}
