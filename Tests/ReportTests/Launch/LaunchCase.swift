import Graph
import Report
import Strategy
import TrainingStep
import Units
import Yams

/// Requests to start, as a plan would make them.
enum LaunchCase {
  static func request(
    _ strategy: StrategyKind, _ degrees: ParallelDegrees = ParallelDegrees(), batch: Int = 4, length: Int = 2048,
    _ precision: ForwardSettings.Precision = .bf16, nodes: Int = 1, model: LaunchModel = llama8B,
    change: (inout LaunchRequest) -> Void = { _ in }
  ) throws -> LaunchRequest {
    let forward = ForwardSettings(batchSize: batch, sequenceLength: length, precision: precision)
    let gpus = degrees.worldSize ?? 1
    let cluster = Cluster(
      gpu: try GPU.named("h100-80gb"), memory: .gibibytes(79), nodes: nodes, gpusPerNode: gpus / nodes)
    var request = LaunchRequest(
      checkpoint: "/models/Llama-3-8B", model: model, layout: Layout(strategy, degrees),
      workload: Workload(forward: forward), cluster: cluster, peak: .gibibytes(64))
    change(&request)
    return request
  }

  /// Llama-3-8B, whose positions are not scaled.
  static let llama8B: LaunchModel = {
    var model = LaunchModel(
      modelType: "llama", task: .causalLM,
      sizes: LaunchModel.Sizes(
        layers: 32, hidden: 4096, intermediate: 14_336, heads: 32, keyValueHeads: 8, vocabulary: 128_256))
    model.rotationBase = 500_000
    return model
  }()

  static let bert = LaunchModel(modelType: "bert", task: .maskedLM)

  static func text(_ name: String, _ engine: LaunchEngine, _ request: LaunchRequest) throws -> String {
    try LaunchFiles(request, for: engine).files.first { $0.name == name }?.text ?? "no \(name)"
  }

  /// A file of YAML, or JSON, which is YAML too.
  static func document(_ name: String, _ engine: LaunchEngine, _ request: LaunchRequest) throws -> [String: Any] {
    try Yams.load(yaml: try text(name, engine, request)) as? [String: Any] ?? [:]
  }

  /// QLoRA as it is mostly done.
  static func quantized(_ request: inout LaunchRequest) {
    request.workload.forward.adapters = LowRankAdapters(rank: 16, targets: .names(["q_proj", "v_proj"]), dropout: 0.05)
    request.workload.forward.quantization = .nf4Double
    request.workload.checkpointing = .nonReentrant
  }

  /// One of each kind that an engine writes differently, for readers that look at every file.
  static func everyKind() throws -> [(name: String, engine: LaunchEngine, request: LaunchRequest)] {
    let eight = ParallelDegrees(data: 8)
    var cases: [(String, LaunchRequest)] = [
      ("single", try request(.single, .init(), .bf16Mixed) { $0.gradientNorm = 1 }),
      ("qlora", try request(.ddp, eight, change: quantized)),
      ("ddp", try request(.ddp, eight, .fp16Mixed) { $0.layout.engine.usesBucketView = true }),
      ("zero1", try request(.zero1, eight, nodes: 2) { $0.layout.engine.offload = .optimizer }),
      ("zero2", try request(.zero2, eight, .fp16) { $0.workload.accumulation = 4 }),
      ("zero3", try request(.zero3, eight) { $0.workload.optimizer = .lion8bit }),
      ("zero3-offload", try request(.zero3, eight) { $0.layout.engine.offload = .all }),
      ("zero3-nvme", try request(.zero3, eight, nodes: 2) { $0.layout.engine.offload = .nvme }),
      ("zero3-qlora", try request(.zero3, eight, change: quantized)),
      ("fsdp1", try request(.fsdp1, eight, .bf16Mixed)),
      ("fsdp1-hybrid", try request(.fsdp1, eight, nodes: 2) { $0.layout.engine.shardDegree = 4 }),
      ("fsdp-qlora", try request(.fsdp, eight, change: quantized)),
      ("tp", try request(.tp, ParallelDegrees(data: 2, tensor: 4))),
      ("fsdp-tp", try request(.fsdp, ParallelDegrees(data: 4, tensor: 2))),
      ("zero-redundancy", try request(.zeroRedundancy, eight)),
      ("bert", try request(.ddp, eight, .fp32, model: bert) { $0.workload.forward.isPadded = true }),
    ]
    cases.append(
      (
        "fsdp",
        try request(.fsdp, eight, .fp32, nodes: 2) {
          $0.layout.engine.parameterType = .bfloat16
          $0.layout.engine.reductionType = .float32
          $0.layout.engine.shardDegree = 4
          $0.workload.checkpointing = .nonReentrant
          $0.workload.optimizer = .adamWFused
          $0.gradientNorm = 1
        }
      ))
    cases.append(
      (
        "pipeline",
        try request(.pp, ParallelDegrees(tensor: 2, pipeline: 4), nodes: 2) {
          $0.workload.accumulation = 8
          $0.layout.engine.isSequenceParallel = true
          $0.layout.engine.schedule = .interleaved
          $0.workload.forward.loss = .chunked
        }
      ))
    for optimizer in Optimizer.allCases {
      cases.append(("optimizer-\(optimizer.rawValue)", try request(.single) { $0.workload.optimizer = optimizer }))
    }
    for attention in ForwardSettings.Attention.allCases {
      cases.append(
        ("attention-\(attention.rawValue)", try request(.single) { $0.workload.forward.attention = attention }))
    }
    for kind: Technique.Kind in [.prompt(virtualTokens: 20), .prefix(virtualTokens: 8, isProjected: true), .scaling] {
      cases.append(("technique-\(kind)", try request(.single) { $0.workload.forward.technique = Technique(kind) }))
    }
    return cases.flatMap { name, request in
      LaunchEngine.allCases.compactMap { engine in
        (try? LaunchFiles(request, for: engine)).map { _ in (name, engine, request) }
      }
    }
  }
}
