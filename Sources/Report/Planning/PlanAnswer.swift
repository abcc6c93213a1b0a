package import Strategy
internal import Units

/// The answer of `plimsoll plan`: the ways to run on a cluster, best first.
package struct PlanAnswer: Answer {
  package static let command = "plan"

  let checkpoint: String
  /// The model of memory behind LLMem's methods; nil where every strategy was searched.
  let model: String?
  let objective: PlanObjective
  let hardware: String
  let plan: Plan
  let assumptions: [Assumption]

  package init(
    checkpoint: String, model: String?, objective: PlanObjective, hardware: String, plan: Plan,
    assumptions: [Assumption]
  ) {
    self.objective = objective
    self.checkpoint = checkpoint
    self.model = model
    self.hardware = hardware
    self.plan = plan
    self.assumptions = assumptions
  }

  package var holds: Bool { plan.best != nil }

  package var fields: [JSONValue.Field] {
    [
      .init("checkpoint", .string(checkpoint)),
      .init("model", .string(model ?? "simulate")),
      .init("objective", model == nil ? .string(objective.rawValue) : .null),
      .init("candidates", .array(plan.candidates.map(\.json))),
      .init("best", plan.best?.json ?? .null),
      .init("longestSequence", .init(plan.longestSequence)),
      .init("advice", .array(plan.advice.map(JSONValue.string))),
      .init("assumptions", .array(assumptions.map(\.json))),
    ]
  }

  package var page: Page {
    var facts = [Page.Fact("Checkpoint", .text(checkpoint)), Page.Fact("Cluster", .text(hardware))]
    if let model {
      facts.append(Page.Fact("Memory model", .text(model)))
    } else {
      facts.append(Page.Fact("Objective", .text(objective.rawValue)))
    }
    if let length = plan.longestSequence { facts.append(Page.Fact("Longest sequence", .count(length))) }
    var blocks: [Page.Block] = [.facts(facts), .table(model == nil ? searched : scored)]
    if !plan.advice.isEmpty { blocks.append(.paragraph("Nothing fits: \(plan.advice.joined(separator: "; ")).")) }
    return Page(blocks)
  }

  /// The paper's methods by the paper's score.
  private var scored: Table {
    var table = Table(columns: [
      Table.Column("Strategy", key: "strategy"), Table.Column("Batch per GPU", key: "batchSize", .right),
      Table.Column("Peak per GPU", key: "peak", .right), Table.Column("Score", key: "score", .right),
      Table.Column("Verdict", key: "verdict", isFlexible: true),
    ])
    for candidate in plan.candidates {
      table.rows.append([
        .text(candidate.layout.summary), .count(candidate.batchSize), candidate.peak.map { .bytes($0) } ?? .unknown,
        candidate.fits ? .text(Quantity.decimal(candidate.score, places: 1)) : .empty, .text(verdict(candidate)),
      ])
    }
    return table
  }

  /// Every strategy by the time of a step: those that fit, and of the others the nearest few.
  private var searched: Table {
    let countsTokens = plan.candidates.contains { $0.tokensPerSecond != nil }
    var table = Table(columns: [
      Table.Column("Strategy", key: "strategy"), Table.Column("Checkpointing", key: "checkpointing"),
      Table.Column("Batch per GPU", key: "batchSize", .right), Table.Column("Peak per GPU", key: "peak", .right),
      Table.Column("Step", key: "stepSeconds", .right),
      Table.Column(
        countsTokens ? "Tokens/s" : "Samples/s", key: countsTokens ? "tokensPerSecond" : "samplesPerSecond", .right),
      Table.Column("Verdict", key: "verdict", isFlexible: true),
    ])
    let fitting = plan.candidates.filter(\.fits)
    let others = plan.candidates.filter { !$0.fits }
    for candidate in fitting.prefix(Self.mostShown) + others.prefix(max(4, Self.mostShown - fitting.count)) {
      let batch =
        candidate.accumulation > 1 ? "\(candidate.batchSize) x \(candidate.accumulation)" : "\(candidate.batchSize)"
      table.rows.append([
        .text(candidate.layout.summary), .text(candidate.checkpointing.rawValue), .text(batch),
        candidate.peak.map { .bytes($0) } ?? .unknown,
        candidate.stepSeconds.map { .text(Quantity.decimal($0, places: 2) + " s") } ?? .empty,
        (countsTokens ? candidate.tokensPerSecond : candidate.samplesPerSecond).map { .count(Int($0)) } ?? .empty,
        .text(verdict(candidate)),
      ])
    }
    return table
  }

  /// Lines of either kind that a table shows.
  private static let mostShown = 16

  private func verdict(_ candidate: Candidate) -> String {
    guard candidate.fits else { return candidate.whyNot ?? "does not fit" }
    return candidate == plan.best ? "fits, best" : "fits"
  }
}

extension Candidate {
  fileprivate var json: JSONValue {
    [
      "strategy": .string(strategy.rawValue), "degrees": .object(degrees.fields), "batchSize": .integer(batchSize),
      "peak": .init(peak?.bytes), "fits": .boolean(fits), "score": .number(score),
      "offload": .string(layout.engine.offload.rawValue),
      "sequenceParallel": .boolean(layout.engine.isSequenceParallel), "shardDegree": .init(layout.engine.shardDegree),
      "secondaryDegree": .init(layout.engine.levels.secondary),
      "parameterDegree": .init(layout.engine.levels.parameters),
      "gradientDegree": .init(layout.engine.levels.gradients),
      "checkpointing": .string(checkpointing.rawValue), "accumulate": .integer(accumulation),
      "stepSeconds": .init(stepSeconds), "tokensPerSecond": .init(tokensPerSecond),
      "samplesPerSecond": .init(samplesPerSecond), "mfu": .init(mfu),
      "whyNot": .init(whyNot),
      "terms": .object(terms.map { .init($0.name, .integer($0.bytes.bytes)) }),
    ]
  }
}
