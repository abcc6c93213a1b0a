/// What can start a planned run. The raw value is what `--emit` calls it.
public enum LaunchEngine: String, CaseIterable, Hashable, Sendable {
  /// Hugging Face accelerate, with DDP, FSDP or DeepSpeed below it.
  case accelerate
  /// DeepSpeed's own launcher and `deepspeed.initialize`.
  case deepspeed
  /// torchrun and torch's own wrappers: DDP, ZeroRedundancyOptimizer, `fully_shard`, DTensor's tensor parallelism.
  case fsdp
  case torchtitan
  case llamaFactory = "llama-factory"
  /// A batch script around the files of ``accelerate``, or of ``fsdp`` where accelerate has no such layout.
  case slurm
  /// A task of SkyPilot around the same.
  case skypilot

  /// The release whose readers the files are written for.
  public var release: String {
    switch self {
    case .accelerate: "accelerate 1.15.0"
    case .deepspeed: "deepspeed 0.19.8"
    case .fsdp: "torch 2.11.0"
    case .torchtitan: "torchtitan 0.3.0"
    case .llamaFactory: "llamafactory 0.9.5"
    case .slurm: "Slurm 23.02"
    case .skypilot: "skypilot 0.14.1"
    }
  }
}
