import Graph
import Testing
import TrainingStep
import Units

@testable import Strategy

@Suite struct ExplanationTests {
  private func workload(batch: Int = 4) -> Workload {
    Workload(forward: ForwardSettings(batchSize: batch, sequenceLength: 1024, precision: .bf16))
  }

  @Test func theHoldingsMakeUpThePeak() throws {
    let estimator = try #require(SampleModels.estimators["Qwen2.5-0.5B"])
    let estimate = try estimator.estimate(workload())
    let holdings = try estimator.explanation(workload()).holdings
    #expect(holdings.reduce(.zero) { $0 + $1.bytes } == estimate.peak)
    for (category, bytes) in estimate.atPeak {
      #expect(holdings.filter { $0.category == category }.reduce(.zero) { $0 + $1.bytes } == bytes)
    }
    #expect(holdings.map(\.bytes) == holdings.map(\.bytes).sorted(by: >))
  }

  @Test func layersShareALineAndSayWhatTheyAreKeptFor() throws {
    let holdings = try #require(SampleModels.estimators["Qwen2.5-0.5B"]).explanation(workload()).holdings
    let gate = try #require(holdings.first { $0.keptFor == "silu" })
    // The gate's product is kept for SiLU in each of the 24 layers.
    #expect(gate.module == "model.layers.#.mlp")
    #expect(gate.operatorName == "linear")
    #expect(gate.count == 24)
    #expect(holdings.allSatisfy { $0.category != .activations || !$0.module.contains(".0.") })
  }

  @Test func eachSavingIsARunOfItsOwn() throws {
    let estimator = try #require(SampleModels.estimators["Qwen2.5-0.5B"])
    let peak = try estimator.estimate(workload()).peak
    let savings = try estimator.explanation(workload()).savings
    #expect(savings.count <= 3)
    #expect(savings.map(\.saved) == savings.map(\.saved).sorted(by: >))
    #expect(savings.allSatisfy { $0.peak + $0.saved == peak })
    if let halved = savings.first(where: { $0.change == "--batch-size 2 --accumulate 2" }) {
      var other = workload(batch: 2)
      other.accumulation = 2
      #expect(halved.peak == (try estimator.estimate(other).peak))
    }
  }

  @Test func whatIsDoneAlreadyIsNotProposed() throws {
    var done = workload(batch: 1)
    done.checkpointing = .nonReentrant
    done.optimizer = .sgd
    let changes = done.alternatives(usualTargets: .allLinear).map(\.change)
    #expect(changes == ["--lora-rank 16"])
  }
}
