import Architecture
import Foundation
import Graph
import Strategy
import Testing
import TrainingStep

/// A row of a table in Tests/Truth.
struct TracedRun: Sendable, CustomTestStringConvertible {
  var checkpoint: String
  var estimator: Estimator
  var workload: Workload
  var layout = Strategy.Layout(.single, ParallelDegrees())
  /// The rank that was traced, where ranks differ.
  var rank: Int?
  /// The peak of each phase of the second step, in bytes.
  var phases: [Phase: Int]
  var testDescription: String

  var peak: Int { phases.values.max() ?? 0 }

  struct Malformed: Error {
    var row: String
  }

  static let tables = [
    "sample-models.tsv", "other-models.tsv", "families.tsv", "experts.tsv", "images.tsv", "training-settings.tsv",
    "quantized.tsv", "quantized-experts.tsv", "windows.tsv", "techniques.tsv", "sharding.tsv",
  ]

  /// The rows of every table.
  static let all = tables.flatMap(table)

  /// The rows of a table, without its heading.
  static func table(_ name: String) -> [TracedRun] {
    let path = SampleModels.root.appendingPathComponent("Tests/Truth/\(name)").path
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [] }
    return text.split(separator: "\n").dropFirst().compactMap { line in
      do {
        return try TracedRun(line.split(separator: "\t").map(String.init))
      } catch {
        Issue.record("not a row of \(name): \(line)")
        return nil
      }
    }
  }

  private init(_ fields: [String]) throws {
    guard fields.count == 11, let batch = Int(fields[1]), let length = Int(fields[2]),
      let precision = ForwardSettings.Precision(rawValue: fields[3]), let optimizer = Optimizer(rawValue: fields[4]),
      let checkpointing = Checkpointing(rawValue: fields[5]),
      let attention = ForwardSettings.Attention(rawValue: fields[6]), let forward = Int(fields[8]),
      let backward = Int(fields[9]), let update = Int(fields[10])
    else { throw Malformed(row: fields.joined(separator: " ")) }
    checkpoint = fields[0]
    guard let model = TracedModel.all[checkpoint] else { throw Malformed(row: checkpoint) }
    // LoRA's usual targets depend on it.
    let modelType = model.configuration.string("model_type") ?? ""
    estimator = model.estimator
    phases = [.forward: forward, .backward: backward, .optimizer: update]
    testDescription = fields[..<8].joined(separator: " ")
    var settings = ForwardSettings(
      batchSize: batch, sequenceLength: length, precision: precision, attention: attention, loop: .plain)
    var accumulation = 1
    var clips = false
    var projection = GradientProjection()
    for option in fields[7].split(separator: ",") {
      let parts = option.split(separator: "=")
      let number = parts.count == 2 ? Int(parts[1]) : nil
      switch parts[0] {
      case "-": break
      case "padded": settings.isPadded = true
      case "cache": settings.usesCache = true
      case "accelerate": settings.loop = .accelerate
      case "accumulate": accumulation = number ?? 0
      case "clip": clips = true
      case "side": settings.imageSize = number
      case "images": settings.imagesPerSample = number ?? 0
      case "rank": projection.rank = number ?? 0
      case "kernels": settings.kernels = ForwardSettings.Kernels(rawValue: String(parts.last ?? "")) ?? .eager
      case "loss": settings.loss = ForwardSettings.Loss(rawValue: String(parts.last ?? "")) ?? .transformers
      case "ia3": settings.technique = Technique(.scaling)
      case "prompt":
        settings.technique = Technique(
          .prompt(virtualTokens: number ?? 0))
      case "prefix", "prefix-projected":
        settings.technique = Technique(.prefix(virtualTokens: number ?? 0, isProjected: parts[0] != "prefix"))
      case "convbn-tune": settings.technique = Technique(.tunedConvolutions)
      case "lora-qv", "lora-all", "lora", "lamda":
        let names = parts.dropFirst().first?.split(separator: "+").map(String.init)
        let isWide = option == "lora-all" || option == "lamda"
        settings.adapters = LowRankAdapters(
          parts[0] == "lamda" ? .lamda : .pair, rank: 16,
          targets: names.map { .names($0) } ?? (isWide ? .allLinear : .usual(of: modelType)), dropout: 0.05)
      case "lora-rank": settings.adapters?.rank = number ?? 0
      case "dropout": settings.adapters?.dropout = Double(number ?? 0)
      case "dora": settings.adapters?.form = .dora
      case "quantize": settings.quantization = Quantization(rawValue: String(parts.last ?? ""))
      case "experts": settings.expertBalance = parts.last == "worst" ? .worst : .even
      case "fsdp", "fsdp1", "ddp", "zero-redundancy":
        guard let strategy = StrategyKind(rawValue: String(parts[0])), let number else {
          throw Malformed(row: String(option))
        }
        layout = Strategy.Layout(strategy, ParallelDegrees(data: number))
      case "param": layout.engine.parameterType = .bfloat16
      case "reduce": layout.engine.reductionType = .float32
      case "keep": layout.engine.reshardsAfterForward = false
      case "bucket-view": layout.engine.usesBucketView = true
      case "kbit": settings.isPreparedForKBitTraining = true
      case "tensor" where layout.strategy == .fsdp: layout.degrees.tensor = number ?? 0
      case "context": layout.degrees.context = number ?? 0
      case "context-rank": rank = number
      case "expert": layout.degrees.expert = number ?? 0
      case "tensor": layout = Strategy.Layout(.tp, ParallelDegrees(tensor: number ?? 0), engine: layout.engine)
      case "sequence": layout.engine.isSequenceParallel = true
      case "freeze": settings.frozen.append(String(parts.last ?? ""))
      default: throw Malformed(row: String(option))
      }
    }
    workload = Workload(
      forward: settings, optimizer: optimizer, checkpointing: checkpointing, accumulation: accumulation,
      clipsGradients: clips, projection: projection)
  }
}
