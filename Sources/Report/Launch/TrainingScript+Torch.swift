internal import struct Graph.ForwardSettings
internal import Strategy
internal import TrainingStep
internal import Units

// torch's own wrappers, started by torchrun.
extension TrainingScript {
  private var splitsMatrices: Bool { layout.degrees.tensor > 1 }
  private var replicates: Bool {
    [.ddp, .zeroRedundancy].contains(layout.strategy) || (layout.strategy == .tp && layout.degrees.data > 1)
  }
  private var autocast: DataType? { forward.precision.autocast }
  private var scalesLoss: Bool { autocast == .float16 }
  private var offloads: Bool { layout.strategy == .fsdp && layout.engine.offload != .none }

  /// The mesh of ranks: its axes' names and extents.
  private var mesh: [(name: String, ranks: Int)] {
    var axes: [(String, Int)] = []
    if let shards = request.shardDegree, layout.strategy == .fsdp {
      axes = [("replicate", layout.degrees.data / shards), ("shard", shards)]
    } else {
      axes = [("data", layout.degrees.data)]
    }
    return splitsMatrices ? axes + [("tensor", layout.degrees.tensor)] : axes
  }

  private var dataAxes: String {
    let names = mesh.map(\.name).filter { $0 != "tensor" }
    return names.count == 1 ? Python.literal(names[0]) : "(\(names.map(Python.literal).joined(separator: ", ")))"
  }

  var torchImports: [String] {
    var lines = [
      "import torch.distributed as dist", "from torch.distributed.device_mesh import init_device_mesh",
      "from torch.utils.data.distributed import DistributedSampler",
      "from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict",
    ]
    if splitsMatrices {
      lines.append("from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module")
    }
    if layout.strategy == .fsdp {
      let names = ["MixedPrecisionPolicy", "fully_shard"] + (offloads ? ["CPUOffloadPolicy"] : [])
      lines.append("from torch.distributed.fsdp import \(names.sorted().joined(separator: ", "))")
    }
    if replicates { lines.append("from torch.nn.parallel import DistributedDataParallel") }
    if layout.strategy == .zeroRedundancy {
      lines.append("from torch.distributed.optim import ZeroRedundancyOptimizer")
    }
    return lines
  }

  /// The functions that spread the model, and the loop.
  var torchMain: [String] { splitting + sharding + torchLoop }

  private var splitting: [String] {
    guard splitsMatrices else { return [] }
    return [
      "def split_matrices(model, mesh):",
      "    \"\"\"The linear layers of each block by rows and columns, as the model's own plan names them.\"\"\"",
      "    styles = {\"colwise\": ColwiseParallel, \"rowwise\": RowwiseParallel}",
      "    plan = model.config.get_text_config().base_model_tp_plan or {}",
      "    if not plan or not set(plan.values()) <= set(styles):",
      "        raise SystemExit(f\"{type(model).__name__} has no plan of plain rows and columns\")",
      "    parallelize_module(model.base_model, mesh, {name: styles[style]() for name, style in plan.items()})", "", "",
    ]
  }

  private var sharding: [String] {
    guard layout.strategy == .fsdp else { return [] }
    var settings = [
      "\"mesh\": mesh", "\"reshard_after_forward\": \(Python.literal(layout.engine.reshardsAfterForward))",
      "\"mp_policy\": \(precisionPolicy)",
    ]
    if offloads { settings.append("\"offload_policy\": CPUOffloadPolicy()") }
    return [
      "def shard(model, mesh):", "    \"\"\"Each block a unit of its own, and what is left one more.\"\"\"",
      "    settings = {",
    ]
      + settings.map { "        \($0)," } + [
        "    }", "    for module in list(model.modules()):",
        "        if type(module).__name__ in (model._no_split_modules or ()):",
        "            fully_shard(module, **settings)", "    fully_shard(model, **settings)", "", "",
      ]
  }

  private var torchLoop: [String] {
    let sizes = mesh.map { "\($0.ranks)" }.joined(separator: ", ") + (mesh.count == 1 ? "," : "")
    let names = mesh.map { Python.literal($0.name) }.joined(separator: ", ") + (mesh.count == 1 ? "," : "")
    var lines = [
      "def main():", "    arguments = read_arguments()",
      "    # A GPU a process; without one, a tiny model can be tried on the CPU.",
      "    kind = \"cuda\" if torch.cuda.is_available() else \"cpu\"",
      "    device = torch.device(kind, int(os.environ[\"LOCAL_RANK\"]) if kind == \"cuda\" else 0)",
      "    if kind == \"cuda\":", "        torch.cuda.set_device(device)",
      "    dist.init_process_group(\"\(offloads ? "cpu:gloo,cuda:nccl" : "nccl")\" if kind == \"cuda\" else \"gloo\")",
      "    mesh = init_device_mesh(kind, (\(sizes)), mesh_dim_names=(\(names)))",
    ]
    lines += ["    model = load_model(arguments.model)\(offloads || forward.quantization != nil ? "" : ".to(device)")"]
    lines += loader(ranks: ranks, rank: rank)
    if splitsMatrices { lines.append("    split_matrices(model, mesh[\"tensor\"])") }
    if layout.strategy == .fsdp { lines.append("    shard(model, mesh[\(dataAxes)])") }
    if replicates { lines += replicating }
    lines.append("    model.train()")
    if layout.strategy == .zeroRedundancy {
      let (name, arguments) = optimizerCall
      lines += [
        "    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]",
        "    optimizers = [ZeroRedundancyOptimizer(parameters, optimizer_class=\(name), lr=LEARNING_RATE\(arguments))]",
      ]
    } else {
      lines.append("    optimizers = make_optimizers(\(replicates ? "model.module" : "model"))")
    }
    if scalesLoss { lines.append("    scaler = torch.amp.GradScaler(kind)") }
    lines += [
      "    step, micro_step, passes = 0, 0, 0", "    while step < arguments.steps:",
      "        sampler.set_epoch(passes)",
      "        passes += 1", "        for batch in batches:", "            micro_step += 1",
      "            is_last = micro_step % ACCUMULATION == 0",
    ]
    lines += microStep.map { "            \($0)" }
    lines += ["            if not is_last:", "                continue"] + update.map { "            \($0)" }
    lines += ["            step += 1", "            if dist.get_rank() == 0:"]
    lines += ["                print(f\"step {step}: loss {loss.item():.4f}\")"]
    lines += measuring(print: "print").map { "            \($0)" }
    return lines + [
      "            if step == arguments.steps:", "                break",
      "    trained = \(replicates ? "model.module" : "model")",
      "    state = get_model_state_dict(trained, options=StateDictOptions(full_state_dict=True, cpu_offload=True))",
      "    if dist.get_rank() == 0:", "        trained.save_pretrained(arguments.output, state_dict=state)",
      "    dist.destroy_process_group()",
    ]
  }

  /// The ranks that read other samples than this one, and which of them it is.
  private var ranks: String { "\(layout.degrees.data)" }
  private var rank: String { splitsMatrices ? "dist.get_rank() // \(layout.degrees.tensor)" : "dist.get_rank()" }

  private var replicating: [String] {
    let place =
      splitsMatrices ? "device_mesh=mesh[\"data\"]" : "device_ids=[device.index] if kind == \"cuda\" else None"
    let view = layout.engine.usesBucketView ? ", gradient_as_bucket_view=True" : ""
    return ["    model = DistributedDataParallel(model, \(place)\(view))"]
  }

  private var microStep: [String] {
    var lines: [String] = []
    var inner = [
      "loss = model(**{name: value.to(device) for name, value in batch.items()}).loss"
    ]
    if let autocast {
      inner = ["with torch.autocast(kind, dtype=\(Python.type(autocast))):"] + inner.map { "    \($0)" }
    }
    inner.append("\(scalesLoss ? "scaler.scale(loss / ACCUMULATION)" : "(loss / ACCUMULATION)").backward()")
    guard workload.accumulation > 1 else { return inner }
    if layout.strategy == .fsdp {
      lines.append("model.set_requires_gradient_sync(is_last)")
    } else if replicates {
      lines.append("model.require_backward_grad_sync = is_last  # what DistributedDataParallel.no_sync sets")
    }
    return lines + inner
  }

  private var update: [String] {
    var lines: [String] = []
    if request.gradientNorm != nil {
      if scalesLoss { lines += ["for optimizer in optimizers:", "    scaler.unscale_(optimizer)"] }
      lines.append("torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_GRADIENT_NORM)")
    }
    lines += ["for optimizer in optimizers:"]
    lines += [scalesLoss ? "    scaler.step(optimizer)" : "    optimizer.step()", "    optimizer.zero_grad()"]
    return scalesLoss ? lines + ["scaler.update()"] : lines
  }
}
