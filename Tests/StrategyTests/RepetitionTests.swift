import Architecture
import Graph
import Strategy
import Testing
import TrainingStep
import Units

/// What one block of each kind of layer tells of all of them, held against a run that plays them all.
@Suite("Repeated layers")
struct RepetitionTests {
  /// An allocation without the name of its module, which is that of the layer that stands for the others.
  private struct Allocation: Equatable {
    var bytes: ByteCount
    var cause: String
    var category: Category?
    var keptFor: String?
    var birth: Int
    var death: Int?

    init(_ allocation: Timeline.Allocation) {
      bytes = allocation.bytes
      cause = allocation.cause
      category = allocation.category
      keptFor = allocation.keptFor
      birth = allocation.birth
      death = allocation.death
    }
  }

  /// - Returns: whether the run could be told from one block of each kind.
  private static func compare(
    _ model: Estimator, _ workload: Workload, _ layout: Strategy.Layout, _ name: String, rank: Int = 0
  ) throws -> Bool {
    var workload = workload
    workload.forward.isCheckpointed = workload.checkpointing != .none
    var model = model
    model.rank = rank
    var whole = model
    whole.playsEveryLayer = true
    guard let folded = try model.folded(workload, layout: layout) else { return false }
    let played = try whole.timeline(workload, layout: layout)
    #expect(folded.peaks[2]?.mapValues(\.bytes) == played.peaks[2]?.mapValues(\.bytes), "\(name)")
    #expect(folded.resident == played.resident, "\(name)")
    #expect(folded.outside == played.outside, "\(name)")
    #expect(try folded.reservation() == played.reservation(), "\(name)")
    let agrees = folded.allocations.map(Allocation.init) == played.allocations.map(Allocation.init)
    #expect(agrees, "\(name)")
    return true
  }

  /// Models that are as deep as published.
  @Test func sampleModels() throws {
    for run in TracedRun.all where ["gpt2", "Qwen2.5-0.5B"].contains(run.checkpoint) {
      #expect(try Self.compare(run.estimator, run.workload, run.layout, run.testDescription), "\(run)")
    }
  }

  /// Every family with twelve layers, under some of its traced settings.
  @Test func everyFamily() throws {
    let models = TracedModel.deepened(to: 12)
    var told: [String: Int] = [:]
    var all: [String: Int] = [:]
    for run in TracedRun.all where run.layout.strategy == .single {
      guard let model = models[run.checkpoint]?.estimator, all[model.description.family, default: 0] < 3
      else { continue }
      // A model whose layers are of several kinds may make no sense with other numbers.
      do {
        let isTold = try Self.compare(model, run.workload, run.layout, run.testDescription)
        all[model.description.family, default: 0] += 1
        told[model.description.family, default: 0] += isTold ? 1 : 0
      } catch is EstimationError {
        continue
      }
    }
    #expect(["llama", "qwen2_moe", "mamba2", "bert", "falcon"].allSatisfy { told[$0] == all[$0] }, "\(told)")
    #expect(all.count > 40)
  }

  /// Every row over several ranks, with twelve layers; FSDP1 with offload and ZeRO in the place of `fully_shard`
  /// too.
  @Test func layouts() throws {
    let models = TracedModel.deepened(to: 12)
    var told: Set<StrategyKind> = []
    for run in TracedRun.all where run.layout.strategy != .single {
      guard let model = models[run.checkpoint]?.estimator else { continue }
      var layouts = [run.layout]
      if run.layout.strategy == .fsdp {
        let zero: [StrategyKind] = [.zero1, .zero2, .zero3]
        layouts += ([.fsdp1] + zero + zero).map { Strategy.Layout($0, run.layout.degrees) }
        layouts[1].engine.offload = .all
        for index in layouts.indices.suffix(3) { layouts[index].engine.offload = .optimizer }
      }
      for layout in layouts where try Self.compare(model, run.workload, layout, run.testDescription) {
        told.insert(layout.strategy)
      }
    }
    #expect(told == [.fsdp, .fsdp1, .zero1, .zero2, .zero3, .ddp, .zeroRedundancy])
  }

  /// What DeepSpeed does after so many elements, wherever in the model that is: as deep as published, some layers do it
  /// and others do not.
  @Test(arguments: [StrategyKind.zero1, .zero2, .zero3, .zeroPlusPlus, .zeroTopology, .deepOptimizerStates])
  func buckets(_ strategy: StrategyKind) throws {
    var forward = ForwardSettings(batchSize: 1, sequenceLength: 64, precision: .bf16, attention: .sdpa)
    for name in ["opt-1.3b", "Llama-3-8B"] {
      let model = try #require(SampleModels.estimators[name])
      for (number, checkpointing) in [Checkpointing.none, .nonReentrant, .reentrant].enumerated() {
        forward.precision = name == "opt-1.3b" && number == 1 ? .fp32 : .bf16
        var workload = Workload(forward: forward, checkpointing: checkpointing)
        workload.accumulation = 1 + number % 2
        workload.clipsGradients = number == 2
        var layout = Strategy.Layout(strategy, ParallelDegrees(data: 16)).resolved(gpusPerNode: 8)
        if number == 1, [.zero1, .zero2, .zero3].contains(strategy) { layout.engine.offload = .optimizer }
        if number == 2, strategy == .zero3 { layout.engine.offload = .all }
        for rank in strategy == .zero1 || strategy == .zero2 ? [0, 15] : [0] {
          let words = "\(name) \(strategy) \(checkpointing) rank \(rank)"
          #expect(try Self.compare(model, workload, layout, words, rank: rank), "\(words)")
        }
      }
    }
  }

  @Test func kindsThatRepeat() {
    #expect(LayerRepetition(of: "aaaaaaaaaaaa".map(\.self))?.places == [0, 1, 2, 11])
    #expect(LayerRepetition(of: "baaaaaaaaaaaa".map(\.self))?.places == [0, 1, 2, 3, 12])
    #expect(
      LayerRepetition(of: "ababababababababab".map(\.self))?.places == [0, 1, 2, 3, 4, 5, 16, 17])
    #expect(LayerRepetition(of: "aaabaaaabaaabbaa".map(\.self)) == nil)
    #expect(LayerRepetition(of: "aaaa".map(\.self)) == nil)
  }
}
