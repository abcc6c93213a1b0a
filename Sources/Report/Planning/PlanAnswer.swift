package import Strategy
internal import Units

/// The answer of `plimsoll plan`: the ways to run on a cluster, best first.
package struct PlanAnswer: Answer {
  package static let command = "plan"

  let checkpoint: String
  let model: String
  let hardware: String
  let plan: Plan
  let assumptions: [Assumption]

  package init(checkpoint: String, model: String, hardware: String, plan: Plan, assumptions: [Assumption]) {
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
      .init("model", .string(model)),
      .init("candidates", .array(plan.candidates.map(\.json))),
      .init("best", plan.best?.json ?? .null),
      .init("advice", .array(plan.advice.map(JSONValue.string))),
      .init("assumptions", .array(assumptions.map(\.json))),
    ]
  }

  package var page: Page {
    var table = Table(columns: [
      Table.Column("Strategy", key: "strategy"), Table.Column("Batch per GPU", key: "batchSize", .right),
      Table.Column("Peak per GPU", key: "peak", .right), Table.Column("Score", key: "score", .right),
      Table.Column("Verdict", key: "verdict", isFlexible: true),
    ])
    for candidate in plan.candidates {
      let verdict = candidate.fits ? candidate == plan.best ? "fits, best" : "fits" : candidate.whyNot ?? "does not fit"
      table.rows.append([
        .text(candidate.layout.summary), .count(candidate.batchSize), candidate.peak.map { .bytes($0) } ?? .unknown,
        candidate.fits ? .text(Quantity.decimal(candidate.score, places: 1)) : .empty, .text(verdict),
      ])
    }
    var blocks: [Page.Block] = [
      .facts([
        Page.Fact("Checkpoint", .text(checkpoint)), Page.Fact("Cluster", .text(hardware)),
        Page.Fact("Memory model", .text(model)),
      ]),
      .table(table),
    ]
    if !plan.advice.isEmpty { blocks.append(.paragraph("Nothing fits: \(plan.advice.joined(separator: "; ")).")) }
    return Page(blocks)
  }
}

extension Candidate {
  fileprivate var json: JSONValue {
    [
      "strategy": .string(strategy.rawValue), "degrees": .object(degrees.fields), "batchSize": .integer(batchSize),
      "peak": .init(peak?.bytes), "fits": .boolean(fits), "score": .number(score),
      "stepSeconds": .init(stepSeconds), "tokensPerSecond": .init(tokensPerSecond), "whyNot": .init(whyNot),
      "terms": .object(terms.map { .init($0.name, .integer($0.bytes.bytes)) }),
    ]
  }
}
