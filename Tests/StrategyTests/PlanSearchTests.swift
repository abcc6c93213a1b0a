import struct Graph.ForwardSettings
import struct Graph.LowRankAdapters
import Testing
import TrainingStep
import Units

@testable import Strategy

/// The search over strategies, degrees, batches and checkpointing.
@Suite("The search of a plan")
struct PlanSearchTests {
  // MARK: - The largest number that fits

  /// Sizes that grow by more and more, as the highest of several lines does: the answer is that of trying every number.
  @Test(arguments: [(3.0, 1.0, 40.0), (0, 7, 100), (50, 0.5, 60), (10, 0, 12), (90, 3, 95), (101, 1, 100)])
  func largestIsThatOfTryingAll(_ first: Double, _ second: Double, _ budget: Double) {
    func sizes(_ number: Int) -> [Double] { [first + second * Double(number), 2 * Double(number) - 5, 20] }
    func fits(_ number: Int) -> Bool { sizes(number).allSatisfy { $0 <= budget } }
    for limit in [1, 2, 7, 64, 1000] {
      for start in [1, 3, 30] {
        var tries = 0
        let found = BatchSearch.largest(upTo: limit, from: start, budget: budget) { numbers in
          tries += numbers.count
          return numbers.map { BatchSearch.Sample(value: $0, fits: fits($0), sizes: sizes($0)) }
        }
        #expect(found?.number == (1...limit).last(where: fits))
        #expect(found?.value == found?.number)
        #expect(tries <= (start == 1 ? 4 : 7), "\(start) of \(limit)")
      }
    }
  }

  /// Sizes that go up in steps, as an allocator's segments do, do not make it crawl.
  @Test func stepsOfTheSize() {
    for edge in [3, 17, 82, 300, 901] {
      var tries = 0
      let found = BatchSearch.largest(upTo: 1000, budget: 1000) { numbers in
        tries += numbers.count
        return numbers.map { number in
          let size = Double(number * 1000 / (edge + 1) / 50 * 50 + (number % 2) * 40)
          return BatchSearch.Sample(value: (), fits: number <= edge, sizes: [size])
        }
      }
      #expect(found?.number == edge)
      #expect(tries <= 22)
    }
  }

  /// What fits may also depend on what does not grow evenly.
  @Test func unevenSizes() {
    for edge in 1...40 {
      let found = BatchSearch.largest(upTo: 64, budget: 100) { numbers in
        numbers.map { BatchSearch.Sample(value: (), fits: $0 <= edge, sizes: [Double($0 % 3) * 10 + Double($0)]) }
      }
      #expect(found?.number == edge)
    }
  }

  // MARK: - The space

  private static func space(_ gpus: Int, perNode: Int = 8, experts: Int = 1) -> LayoutSpace {
    LayoutSpace(
      gpus: gpus, gpusPerNode: perNode, layers: 4, heads: 12, sharesSequences: false, experts: experts,
      choices: PlanChoices())
  }

  @Test func layoutsOfFourGPUs() {
    let layouts = Self.space(4).layouts()
    #expect(layouts.allSatisfy { $0.degrees.worldSize == 4 })
    #expect(Set(layouts).count == layouts.count)
    // Data 4: five engines. Tensor 2 with data 2: replicas and shards; tensor 4; each of the three with and without a
    // shared sequence. Pipelines: 2 and 4 alone or with data 2, and 2 with tensor 2.
    #expect(layouts.count { $0.degrees.data == 4 } == 5)
    #expect(layouts.count { $0.degrees.tensor > 1 && $0.degrees.pipeline == 1 } == 6)
    #expect(layouts.filter { $0.strategy == .pp }.map(\.degrees.pipeline).sorted() == [2, 2, 4])
    #expect(layouts.count == 14)
    #expect(Self.space(1).layouts() == [Layout(.single, ParallelDegrees())])
  }

  @Test func tensorRanksShareANodeAndDivideTheHeads() {
    #expect(Set(Self.space(64).layouts().map(\.degrees.tensor)) == [1, 2, 4])
    #expect(Set(Self.space(64, perNode: 2).layouts().map(\.degrees.tensor)) == [1, 2])
    #expect(Self.space(64).layouts().contains { $0.engine.shardDegree == 8 })
    #expect(!Self.space(8).layouts().contains { $0.engine.shardDegree != nil })
    #expect(Self.space(8, experts: 4).layouts().map(\.degrees.expert).max() == 4)
  }

  @Test func choicesAreKept() {
    var space = Self.space(8)
    space.choices.tensor = 2
    space.choices.strategy = .fsdp
    #expect(space.layouts().allSatisfy { $0.degrees.tensor == 2 && $0.strategy == .fsdp && $0.degrees.data == 4 })
    space.choices = PlanChoices()
    space.choices.strategy = .zeroRedundancy
    #expect(space.layouts().map(\.degrees.data) == [8])
  }

  // MARK: - The search

  private static let forward = ForwardSettings(sequenceLength: 64, precision: .bf16, loop: .plain)

  private static func search(
    _ memory: ByteCount, gpus: Int = 2, objective: PlanObjective = .throughput, choices: PlanChoices = PlanChoices()
  ) throws -> PlanSearch {
    let cluster = Cluster(gpu: try GPU.named("a100-40gb"), memory: memory, gpusPerNode: gpus)
    return PlanSearch(
      estimator: Sketch.llamaTwoLayers.estimator, workload: Workload(forward: forward), cluster: cluster,
      objective: objective, choices: choices)
  }

  /// Every trial with its batch raised from 1 until it no longer fits, as LLMem has it, finds nothing faster. (Where the
  /// allocator is full a larger batch may fit again, which the search may come upon.)
  @Test func nothingIsFasterThanTheBest() throws {
    let search = try Self.search(.gibibytes(5))
    var exhaustive = search
    exhaustive.isExhaustive = true
    let best = try #require(search.plan().best)
    #expect(exhaustive.plan().best == best)
    var fastest = 0.0
    for trial in search.trials(on: search.cluster) {
      var last: Candidate?
      for batch in 1...48 {
        var fixed = search
        fixed.choices.batchSize = batch
        let candidate = fixed.candidate(trial, on: search.cluster)
        guard candidate.fits else { break }
        last = candidate
      }
      fastest = max(fastest, last?.tokensPerSecond ?? 0)
    }
    #expect(fastest > 0)
    #expect(try #require(best.tokensPerSecond) >= fastest)
    #expect(try #require(search.plan().longestSequence) >= 64)
  }

  @Test func objectives() throws {
    let least = try #require(try Self.search(.gibibytes(6), objective: .memory).plan().best)
    #expect(least.batchSize == 1)
    let most = try Self.search(.gibibytes(6), objective: .batch).plan()
    let largest = try #require(most.best)
    #expect(most.candidates.filter(\.fits).allSatisfy { $0.samplesPerStep <= largest.samplesPerStep })
    let fewest = try #require(try Self.search(.gibibytes(30), gpus: 4, objective: .gpus).plan().best)
    #expect(fewest.degrees.worldSize == 1)
  }

  /// Samples of images count for all GPUs, in the bound as in the speed: what is left out is not the fastest.
  @Test func nothingFasterIsLeftOutOfImages() throws {
    let model = Sketch.vitTiny
    let cluster = Cluster(gpu: try GPU.named("a100-40gb"), memory: .gibibytes(2), gpusPerNode: 4)
    var search = PlanSearch(
      estimator: model.estimator, workload: Workload(forward: Self.forward), cluster: cluster)
    let best = try #require(search.plan().best)
    search.isExhaustive = true
    let plan = search.plan()
    #expect(plan.best == best)
    #expect(plan.candidates.filter(\.fits).count > 3 && best.tokensPerSecond == nil && plan.longestSequence == nil)
  }

  /// Twelve GPUs are no part of three nodes of eight.
  @Test func partsOfACluster() throws {
    var search = try Self.search(.gibibytes(30), gpus: 8)
    search.cluster.nodes = 3
    #expect(search.parts.map(\.gpus) == [1, 2, 3, 4, 6, 8, 24])
    #expect(search.parts.map(\.nodes) == [1, 1, 1, 1, 1, 1, 3])
  }

  @Test func fixedBatch() throws {
    var choices = PlanChoices()
    choices.batchSize = 3
    choices.checkpointing = .reentrant
    let plan = try Self.search(.gibibytes(8), choices: choices).plan()
    #expect(plan.candidates.allSatisfy { $0.batchSize == 3 && $0.checkpointing == .reentrant })
  }

  /// Two gibibytes are less than the states of 384 million parameters take on two GPUs; adapters fit.
  @Test func adviceIsSimulated() throws {
    let plan = try Self.search(.gibibytes(2)).plan()
    #expect(plan.best == nil)
    #expect(plan.advice.contains { $0.contains("--lora-rank 16") && $0.contains("which fits") })
    #expect(plan.candidates.allSatisfy { $0.whyNot != nil })
  }
}
