internal import struct Graph.ForwardSettings
internal import Strategy
internal import TrainingStep
internal import Units

/// `plimsoll_run.py`: a module with a function that gives torchtitan's `Trainer.Config` (torchtitan/trainer.py, 0.3.0).
/// torchtitan has read Python instead of TOML since February 2026.
struct TorchtitanFile: Sendable {
  static let module = "plimsoll_run"
  static let name = "\(module).py"
  static let function = "finetune"

  let request: LaunchRequest
  let model: TorchtitanModel

  private var workload: Workload { request.workload }
  private var forward: ForwardSettings { workload.forward }
  private var layout: Layout { request.layout }
  private var degrees: ParallelDegrees { layout.degrees }
  private var isPiped: Bool { degrees.pipeline > 1 }
  /// The type that matrices are multiplied in.
  private var computeType: DataType {
    switch layout.strategy {
    case .fsdp: layout.engine.parameterType ?? forward.precision.parameterType
    default: forward.precision.autocast ?? forward.precision.parameterType
    }
  }

  var text: String {
    let parts = [heading, imports, data, function]
    return parts.map { $0.joined(separator: "\n") }.joined(separator: "\n\n\n") + "\n"
  }

  private var heading: [String] {
    [
      "# Fine-tuning as plimsoll planned it: \(layout.summary). README.md has the command that starts it.",
      "# torchtitan's own \(model.module) \(model.flavor) runs, not that of transformers, which the plan simulated.",
    ]
  }

  private var loss: [String] {
    forward.loss == .chunked ? ["ChunkedLossWrapper", "CrossEntropyLoss"] : ["CrossEntropyLoss"]
  }

  private var imports: [String] {
    [
      "import os", "", "from datasets import load_dataset",
      "from torchtitan.components.checkpoint import CheckpointManager",
      "from torchtitan.components.loss import \(loss.joined(separator: ", "))",
      "from torchtitan.components.optimizer import default_adamw",
      "from torchtitan.config import ParallelismConfig, TrainingConfig",
      "from torchtitan.distributed.activation_checkpoint import FullAC",
      "from torchtitan.hf_datasets import DatasetConfig",
      "from torchtitan.hf_datasets.text_datasets import DATASETS, HuggingFaceTextDataLoader",
      "from torchtitan.models.common.config_utils import decoder_vocab_size",
      "from torchtitan.models.\(model.module) import model_registry",
      "from torchtitan.trainer import Trainer",
    ].filter { workload.checkpointing != .none || !$0.hasSuffix("FullAC") }
  }

  private var data: [String] {
    [
      "MODEL = \(Python.literal(request.checkpoint))",
      "# A file with an object {\"text\": …} a line.",
      "DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), \"train.jsonl\")",
      "",
      "DATASETS[\"train\"] = DatasetConfig(",
      "    path=DATA,",
      "    loader=lambda path: load_dataset(\"json\", data_files=path, split=\"train\"),",
      "    sample_processor=lambda sample: sample[\"text\"],", ")",
    ]
  }

  private var function: [String] {
    let crossEntropy = "CrossEntropyLoss.Config(global_vocab_size=decoder_vocab_size(model))"
    var lines = [
      "def \(Self.function)() -> Trainer.Config:",
      "    model = model_registry(\"\(model.flavor)\", attn_backend=\"\(attention)\")",
    ]
    lines += rotation + ["    return Trainer.Config(", "        model_spec=model,", "        hf_assets_path=MODEL,"]
    lines.append(
      "        loss=\(forward.loss == .chunked ? "ChunkedLossWrapper.Config(loss_fn=\(crossEntropy))" : crossEntropy),")
    lines.append("        optimizer=\(optimizer),")
    lines += ["        training=TrainingConfig("] + training.map { "            \($0)," } + ["        ),"]
    lines += ["        parallelism=ParallelismConfig("] + parallelism.map { "            \($0)," } + ["        ),"]
    lines.append("        activation_checkpoint=\(workload.checkpointing == .none ? "None" : "FullAC.Config()"),")
    return lines + [
      "        dataloader=HuggingFaceTextDataLoader.Config(dataset=\"train\"),",
      "        # The weights of the checkpoint at the start, and what was trained at the end, both as transformers has them.",
      "        checkpoint=CheckpointManager.Config(",
      "            enable=True, initial_load_path=MODEL, initial_load_in_hf=True, last_save_in_hf=True,",
      "        ),", "    )",
    ]
  }

  /// Flash attention where it can run; context parallelism and fp32 take the flexible kernel.
  private var attention: String { computeType == .bfloat16 && degrees.context == 1 ? "varlen" : "flex" }

  /// The registry's llama3 is Llama 3.1, whose lower frequencies are scaled.
  private var rotation: [String] {
    var lines: [String] = []
    if model.module == "llama3", request.model.rotation == .plain { lines.append("rope.scaling = \"none\"") }
    if let base = request.model.rotationBase { lines.append("rope.theta = \(base.withPoint)") }
    guard !lines.isEmpty else { return [] }
    return ["    for layer in model.model.layers:", "        rope = layer.attention.rope"]
      + lines.map { "        \($0)" }
  }

  private var optimizer: String {
    let implementation =
      switch workload.optimizer {
      case .adamWFused: "fused=True, foreach=False"
      case .adamWLoop: "fused=False, foreach=False"
      default: "fused=False, foreach=True"
      }
    return "default_adamw(lr=1.0e-5, \(implementation))"
  }

  private var training: [String] {
    let batch = forward.batchSize * (isPiped ? workload.accumulation : 1)
    var lines = [
      "local_batch_size=\(batch)", "global_batch_size=\(request.globalBatchSize)",
      "seq_len=\(forward.sequenceLength)", "steps=100",
      "max_norm=\(request.gradientNorm.map(\.withPoint) ?? "float(\"inf\")")",
      "dtype=\"\(Self.word(forward.precision.parameterType))\"",
      "mixed_precision_param=\"\(Self.word(computeType))\"", "mixed_precision_reduce=\"float32\"",
      "disable_cuda_graphs=True",
    ]
    if layout.engine.offload != .none { lines.append("enable_cpu_offload=True") }
    return lines
  }

  private var parallelism: [String] {
    let isReplicated = layout.strategy != .fsdp
    let shards = isReplicated ? 1 : request.shardDegree ?? degrees.data
    var lines = [
      "data_parallel_replicate_degree=\(degrees.data / shards)", "data_parallel_shard_degree=\(shards)",
      "fsdp_reshard_after_forward=\"\(layout.engine.reshardsAfterForward ? "always" : "never")\"",
      "tensor_parallel_degree=\(degrees.tensor)",
      "enable_sequence_parallel=\(Python.literal(layout.engine.isSequenceParallel))",
      "pipeline_parallel_degree=\(degrees.pipeline)", "context_parallel_degree=\(degrees.context)",
    ]
    if isPiped {
      lines += [
        "pipeline_parallel_schedule=\"\(schedule)\"", "pipeline_parallel_microbatch_size=\(forward.batchSize)",
      ]
    }
    return lines
  }

  private var schedule: String {
    switch layout.engine.schedule {
    case .gpipe: "GPipe"
    case .oneForwardOneBackward: "1F1B"
    case .interleaved: "Interleaved1F1B"
    }
  }

  private static func word(_ type: DataType) -> String { type == .bfloat16 ? "bfloat16" : "float32" }
}
