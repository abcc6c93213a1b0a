internal import Strategy

/// The commands that start a run.
struct LaunchCommand: Sendable {
  let request: LaunchRequest

  init(_ request: LaunchRequest) { self.request = request }

  /// On one machine, or on each of several with its rank and the first one's address in variables.
  func lines(_ engine: LaunchEngine) -> [String] {
    let isOne = request.nodes == 1
    switch engine {
    case .accelerate where isOne:
      return ["accelerate launch --config_file \(AccelerateFile.name) train.py --data train.jsonl"]
    case .fsdp where isOne:
      return ["torchrun --standalone --nproc-per-node \(request.gpus) train.py --data train.jsonl"]
    case .accelerate, .fsdp:
      return onEachMachine(
        engine, rank: "\"$NODE_RANK\"", address: "\"$MASTER_ADDR\"", port: "29500",
        script: "train.py --data train.jsonl")
    case .deepspeed:
      let machines = isOne ? "" : " --hostfile hostfile --num_nodes \(request.nodes)"
      return ["deepspeed\(machines) --num_gpus \(request.gpusPerNode) train.py --data train.jsonl"]
    case .torchtitan:
      let place =
        isOne
        ? "--standalone --nproc-per-node \(request.gpus)"
        : "--nnodes \(request.nodes) --node-rank \"$NODE_RANK\" --nproc-per-node \(request.gpusPerNode) "
          + "--rdzv-backend c10d --rdzv-id plimsoll --rdzv-endpoint \"$MASTER_ADDR:29500\""
      return [
        "PYTHONPATH=. torchrun \(place) \\",
        "  -m torchtitan.train --module \(TorchtitanFile.module) --config \(TorchtitanFile.function)",
      ]
    case .llamaFactory: return llamaFactory
    case .slurm: return ["sbatch \(SlurmScript.name) --data train.jsonl"]
    case .skypilot: return ["sky launch -c plimsoll \(SkyPilotTask.name)"]
    }
  }

  /// FSDP goes through accelerate's launcher, which sets it up; all else through LLaMA-Factory's own.
  private var llamaFactory: [String] {
    if request.layout.strategy == .fsdp || request.layout.strategy == .fsdp1 {
      let rank =
        request.nodes == 1
        ? "" : "--machine_rank \"$NODE_RANK\" --main_process_ip \"$MASTER_ADDR\" --main_process_port 29500 "
      return [
        "accelerate launch --config_file \(AccelerateFile.name) \(rank)\\",
        "  -m llamafactory.launcher \(LlamaFactoryFile.name)",
      ]
    }
    let machines =
      request.nodes == 1
      ? "" : "NNODES=\(request.nodes) NODE_RANK=$NODE_RANK MASTER_ADDR=$MASTER_ADDR MASTER_PORT=29500 "
    return [
      "\(machines)FORCE_TORCHRUN=1 NPROC_PER_NODE=\(request.gpusPerNode) llamafactory-cli train \(LlamaFactoryFile.name)"
    ]
  }

  /// The command of one machine among several.
  func onEachMachine(_ engine: LaunchEngine, rank: String, address: String, port: String, script: String) -> [String] {
    if engine == .accelerate {
      return [
        "accelerate launch --config_file \(AccelerateFile.name) --machine_rank \(rank) \\",
        "  --main_process_ip \(address) --main_process_port \(port) \\",
        "  \(script)",
      ]
    }
    return [
      "torchrun --nnodes \(request.nodes) --node-rank \(rank) --nproc-per-node \(request.gpusPerNode) \\",
      "  --rdzv-backend c10d --rdzv-id plimsoll --rdzv-endpoint \(address):\(port) \\",
      "  \(script)",
    ]
  }

  /// The packages that the run imports, by their names on PyPI.
  func packages(_ engine: LaunchEngine) -> [String] {
    let workload = request.workload
    let forward = workload.forward
    var names: [String]
    switch engine {
    case .accelerate:
      names = ["torch", "transformers", "accelerate"] + (request.layout.strategy.zeroStage == nil ? [] : ["deepspeed"])
    case .deepspeed: names = ["torch", "transformers", "accelerate", "deepspeed"]
    case .fsdp: names = ["torch", "transformers", "accelerate"]
    case .torchtitan: return ["torchtitan", "datasets"]
    case .llamaFactory: names = ["llamafactory"] + (request.layout.strategy.zeroStage == nil ? [] : ["deepspeed"])
    case .slurm, .skypilot: return request.inner(of: engine).map(packages) ?? []
    }
    if engine != .llamaFactory, forward.adapters != nil || forward.technique != nil { names.append("peft") }
    let isBitsAndBytes = [.adamW8bit, .pagedAdamW8bit, .lion, .lion8bit].contains(workload.optimizer)
    if forward.quantization != nil || isBitsAndBytes { names.append("bitsandbytes") }
    if workload.optimizer == .galoreAdamW { names.append("galore-torch") }
    if forward.loss == .fused { names.append("liger-kernel") }
    return names
  }
}
