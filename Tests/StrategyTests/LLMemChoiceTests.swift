import Strategy
import Testing
import Units

@Suite("LLMem's choices on four V100 of 16 GB")
struct LLMemChoiceTests {
  static func plan(_ model: LLMemModel) throws -> Plan {
    let gpu = try GPU.named("v100-16gb")
    let cluster = Cluster(gpu: gpu, memory: gpu.memory, gpusPerNode: 4)
    let estimator = LLMemEstimator(model: model, sequenceLength: 512)
    return Planner(cluster: cluster, memory: estimator).plan(Layout.llmem(gpus: 4, gpusPerNode: 4))
  }

  /// The paper's table is what happened; the published equations, on exact inventories, give six of its nine rows.
  /// They let OPT-2.7b fit under ADP, and BLOOM-3b and CodeGen-2B under DP+TP with a larger score than TP.
  @Test func equationsAgreeWithSixOfNine() throws {
    var agreeing = 0
    for published in PublishedModel.all {
      let best = try Self.plan(published.model).best
      #expect(best?.layout == published.chosenByEquations, "\(published.name)")
      agreeing += best?.layout == published.chosenInPaper ? 1 : 0
    }
    #expect(agreeing == 6)
  }

  /// The inventories of the checkpoints as published on the hub.
  @Test(arguments: [
    ("opt-1.3b", 1_315_758_080), ("opt-2.7b", 2_651_596_800), ("bloom-1b1", 1_065_314_304),
    ("bloom-3b", 3_002_557_440), ("biogpt-large", 1_571_188_800), ("codegen-2B-mono", 2_779_356_160),
    ("santacoder", 1_124_886_528), ("gpt-neo-1.3B", 1_315_575_808), ("llama-7b", 6_738_415_616),
  ])
  func sizesAreThoseOfTheInventory(name: String, parameters: Int) throws {
    let published = try #require(PublishedModel.all.first { $0.name == name })
    #expect(published.parameters == parameters)
  }

  @Test func offloadIsTheAnswerWhereNothingFits() throws {
    let plan = try Self.plan(PublishedModel.llama7B.model)
    #expect(plan.best == nil)
    #expect(plan.candidates.map(\.layout.strategy) == [.tp, .tp, .gemini, .ddp])
    #expect(plan.candidates.allSatisfy { $0.whyNot != nil && $0.batchSize == 1 })
    #expect(plan.advice.contains { $0.contains("offload") })
  }

  @Test func scoresAreThePapers() throws {
    let plan = try Self.plan(PublishedModel.santacoder.model)
    let best = try #require(plan.best)
    #expect(best.score == Double(best.batchSize * 4))
    let tensor = try #require(plan.candidates.first { $0.layout == PublishedModel.tp })
    #expect(tensor.score == Double(tensor.batchSize))
  }
}
