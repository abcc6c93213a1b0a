import Strategy
import Testing
import TrainingStep

/// Simulated ranks held against traced ones of kinds of parallelism beside one another; Tests/Truth/README.md says how
/// those were made.
@Suite("Traced runs under several kinds of parallelism")
struct CombinedParallelismTests {
  static let runs = SimulatedRun.simulated(TracedRun.table("combined-parallelism.tsv"))

  /// Each phase's peak within 0.01 percent. The pieces that context parallelism cuts are gone before the update in the
  /// trace, and here with the batch.
  @Test(arguments: runs) func phases(_ simulated: SimulatedRun) throws {
    let phases = try simulated.phases.get()
    let layout = simulated.run.layout
    for (phase, traced) in simulated.run.phases {
      let bytes = try #require(phases[phase])
      let error = abs(Double(bytes) / Double(traced) - 1)
      let limit = phase == .optimizer && layout.degrees.context > 1 ? 0.006 : 0.0001
      #expect(error <= limit, "\(bytes) bytes at the peak of \(phase), traced are \(traced)")
    }
  }

  @Test func everyKindHasRuns() {
    #expect(Self.runs.count > 35)
    let degrees = Self.runs.map(\.run.layout.degrees)
    #expect(Set(degrees.map(\.context)).isSuperset(of: [2, 4, 8]))
    #expect(Set(degrees.map(\.expert)).isSuperset(of: [2, 4]))
    #expect(degrees.contains { $0.data > 1 && $0.tensor > 1 })
  }

  private func model(_ name: String) throws -> TracedModel { try #require(TracedModel.all[name]) }

  private func workload(batch: Int = 2, length: Int = 256) -> Workload {
    Workload(forward: .init(batchSize: batch, sequenceLength: length, precision: .bf16, loop: .plain))
  }

  /// The estimate is that of the rank that needs the most, and says which.
  @Test func theWorstContextRankCounts() throws {
    let estimator = try model("llama3-tiny").estimator
    let layout = Layout(.fsdp, ParallelDegrees(context: 4))
    let estimate = try estimator.estimate(workload(), layout: layout)
    let peaks = try (0..<4).map { rank in
      try #require(try estimator.timeline(workload(), layout: layout, ofRank: rank).peak(ofStep: 2)).peak.bytes
    }
    #expect(estimate.peak == peaks.max())
    let named = try #require(estimate.assumptions.first { $0.what == "context parallelism" })
    #expect(peaks.indices.contains { named.value.contains("rank \($0) of 4") && peaks[$0] == estimate.peak })
  }

  /// A deep model gives the same from one block of each kind of layer.
  @Test(arguments: [ParallelDegrees(data: 2, context: 2), ParallelDegrees(data: 2, tensor: 2)])
  func folded(_ degrees: ParallelDegrees) throws {
    let model = try #require(TracedModel.deepened(to: 24)["llama3-tiny"])
    var whole = model.estimator
    whole.playsEveryLayer = true
    let layout = Layout(.fsdp, degrees)
    #expect(
      try whole.timeline(workload(), layout: layout).peaks[2]?.mapValues(\.bytes)
        == model.estimator.timeline(workload(), layout: layout).peaks[2]?.mapValues(\.bytes))
  }

  /// HSDP beside context parallelism shards over groups that hold whole sequences, as torchtitan's mesh does.
  @Test func hybridShards() throws {
    let estimator = try model("llama3-tiny").estimator
    var layout = Layout(.fsdp, ParallelDegrees(data: 4, context: 2))
    let all = try estimator.estimate(workload(), layout: layout)
    layout.engine.shardDegree = 4
    let some = try estimator.estimate(workload(), layout: layout)
    #expect(some.resident > all.resident)
    layout.engine.shardDegree = 1
    #expect(throws: EstimationError.self) { try estimator.estimate(workload(), layout: layout) }
  }

  /// At worst the ranks' rows all come to one.
  @Test func routingOfSharedExperts() throws {
    let estimator = try model("mixtral-tiny").estimator
    let estimate = try estimator.estimate(workload(), layout: Layout(.ddp, ParallelDegrees(expert: 2)))
    let routing = try #require(estimate.assumptions.first { $0.what == "routing of experts" })
    #expect(routing.value.hasPrefix("even; the worst adds "))
    #expect(!routing.value.hasSuffix("adds 0 B to it"))
    #expect(estimate.assumptions.contains { $0.what == "experts" && $0.source.contains("torchtitan") })
  }

  @Test func refusals() throws {
    func reason(_ name: String, _ layout: Layout, _ workload: Workload) throws -> String? {
      let estimator = try model(name).estimator
      return #expect(throws: EstimationError.self) { try estimator.estimate(workload, layout: layout) }?.reason
    }
    let usual = workload()
    var wide = usual
    wide.forward.precision = .fp32
    var eager = usual
    eager.forward.attention = .eager
    var padded = usual
    padded.forward.isPadded = true
    let context = Layout(.fsdp, ParallelDegrees(context: 2))
    #expect(try reason("llama3-tiny", context, wide)?.contains("flash and efficient") == true)
    #expect(try reason("llama3-tiny", context, eager)?.contains("sdpa") == true)
    #expect(try reason("llama3-tiny", context, padded)?.contains("padded") == true)
    #expect(try reason("llama3-tiny", context, workload(length: 30))?.contains("4 chunks") == true)
    #expect(try reason("mistral-tiny", context, usual)?.contains("window") == true)
    #expect(try reason("mpt-tiny", context, usual) != nil)
    #expect(try reason("llama3-tiny", Layout(.zero3, ParallelDegrees(context: 2)), usual)?.contains("zero3") == true)
    #expect(try reason("llama3-tiny", Layout(.fsdp1, ParallelDegrees(tensor: 2)), usual)?.contains("fsdp1") == true)
    let experts = Layout(.ddp, ParallelDegrees(expert: 2))
    #expect(try reason("llama3-tiny", experts, usual)?.contains("no experts") == true)
    #expect(try reason("mixtral-tiny", Layout(.ddp, ParallelDegrees(expert: 3)), usual)?.contains("by 3") == true)
    #expect(try reason("mixtral-tiny", Layout(.fsdp, ParallelDegrees(expert: 2)), usual)?.contains("expert") == true)
    #expect(
      try reason("mixtral-tiny", Layout(.tp, ParallelDegrees(tensor: 2, expert: 2)), usual)?.contains("tensor") == true)
  }
}
