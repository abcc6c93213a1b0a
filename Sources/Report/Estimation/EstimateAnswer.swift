package import Architecture
package import Strategy
package import TrainingStep
internal import Units

/// The answer of `plimsoll estimate`: what one GPU holds at the worst moment of a step, and whether that fits.
package struct EstimateAnswer: Answer {
  package static let command = "estimate"

  /// What the estimate was asked for, in the words of the flags.
  package struct Question: Sendable {
    package var checkpoint: String
    package var family: String
    package var workload: Workload
    package var layout: Layout
    /// What a batch is made of.
    package var inputs: Set<ModelDescription.Input>

    package init(
      checkpoint: String, family: String, inputs: Set<ModelDescription.Input>, workload: Workload, layout: Layout
    ) {
      self.checkpoint = checkpoint
      self.family = family
      self.inputs = inputs
      self.workload = workload
      self.layout = layout
    }
  }

  let question: Question
  let estimate: Estimate
  let step: StepTime?
  let explanation: Explanation?

  package init(_ question: Question, _ estimate: Estimate, step: StepTime? = nil, explanation: Explanation? = nil) {
    self.question = question
    self.estimate = estimate
    self.step = step
    self.explanation = explanation
  }

  private var device: DeviceFit? { estimate.device }

  package var holds: Bool { device?.fits ?? true }

  private var assumptions: [Assumption] { estimate.assumptions + (step?.assumptions ?? []) }

  // MARK: - JSON

  package var fields: [JSONValue.Field] {
    let degrees = question.layout.degrees
    let head: [JSONValue.Field] = [
      .init("checkpoint", .string(question.checkpoint)),
      .init("family", .string(question.family)),
      .init("recognised", .boolean(estimate.isRecognised)),
      .init("model", .string("simulate")),
      .init("strategy", .string(question.layout.strategy.rawValue)),
      .init("degrees", .object(degrees.fields)),
      .init(
        "peak",
        [
          "allocated": .integer(estimate.peak.bytes), "reserved": .integer(estimate.reserved.bytes),
          "device": .init(device?.used.bytes),
          "deviceRange": device.map {
            [
              "low": .integer($0.range.lowerBound.bytes), "high": .integer($0.range.upperBound.bytes),
            ]
          } ?? .null,
          "phase": .string(estimate.phase.rawValue),
        ]),
      .init(
        "phases",
        .object(
          [Phase.forward, .backward, .optimizer].map { phase in
            .init(phase.rawValue, .init(estimate.phases[phase]?.bytes))
          })),
      .init(
        "atPeak",
        .object(Category.allCases.map { .init($0.rawValue, .integer(estimate.atPeak[$0]?.bytes ?? 0)) })),
      .init("resident", .integer(estimate.resident.bytes)),
    ]
    let tail: [JSONValue.Field] = [
      .init(
        "range",
        [
          "low": .integer(estimate.range.lowerBound.bytes), "high": .integer(estimate.range.upperBound.bytes),
          "basis": .string(estimate.uncertainty.basis),
        ]),
      .init("step", step?.json ?? .null),
      .init("fits", .init(device?.fits)),
      .init("assumptions", .array(assumptions.map(\.json))),
    ]
    return head + outside + tail + (explanation.map { [.init("explanation", $0.json)] } ?? [])
  }

  // MARK: - For people

  package var page: Page {
    var blocks: [Page.Block] = [
      .facts([
        Page.Fact("Checkpoint", .text(question.checkpoint)),
        Page.Fact(
          "Model", .text(question.family), estimate.isRecognised ? .exact : .assumed,
          note: estimate.standIn),
        Page.Fact("Workload", .text(question.workload.summary(reading: question.inputs))),
        Page.Fact("Strategy", .text(question.layout.summary)),
      ]),
      .facts(peakFacts),
      .table(breakdown),
    ]
    if let step { blocks.append(.facts(step.facts)) }
    if let device {
      blocks.append(.paragraph(verdict(device)))
    }
    if let explanation { blocks += explanation.blocks(peak: estimate.peak) }
    var table = Table(columns: [
      Table.Column("Assumed", key: "what"), Table.Column("Value", key: "value"),
      Table.Column("Source", key: "source", isFlexible: true),
    ])
    table.rows = assumptions.map { [.text($0.what), .text($0.value), .text($0.source)] }
    blocks.append(.table(table))
    return Page(blocks)
  }

  private func verdict(_ device: DeviceFit) -> String {
    guard device.fits else { return "It does not fit: \(device.used) wanted, \(device.limit) there on \(device.name)." }
    guard device.isTight else { return "It fits: \(device.used) of \(device.limit) on \(device.name)." }
    return "It fits, but tightly: the allocator has to give cached blocks back to stay within the \(device.limit) of "
      + "\(device.name), which slows every step."
  }

  private var peakFacts: [Page.Fact] {
    var facts = [
      Page.Fact(
        "Peak allocated", .bytes(estimate.peak), .derived,
        note: "in the \(estimate.phase.rawValue) phase")
    ]
    facts.append(Page.Fact("Peak reserved", .bytes(estimate.reserved), .derived))
    facts.insert(Page.Fact("Expected within", .text(expected), .assumed, note: estimate.uncertainty.basis), at: 1)
    if let device {
      facts.append(
        Page.Fact(
          "Peak on the device", .bytes(device.used), .assumed,
          note: "\(device.range.lowerBound) to \(device.range.upperBound), by what the driver takes"))
    }
    for phase in [Phase.forward, .backward, .optimizer] {
      guard let bytes = estimate.phases[phase] else { continue }
      facts.append(Page.Fact("Peak in \(phase.rawValue)", .bytes(bytes), .derived))
    }
    facts.append(Page.Fact("Between steps", .bytes(estimate.resident), .derived))
    for (name, bytes) in [("In host memory", estimate.outside.host), ("On the drive", estimate.outside.disk)]
    where bytes > .zero {
      facts.append(Page.Fact(name, .bytes(bytes), .derived, note: "for each GPU"))
    }
    return facts
  }

  /// What a GPU's process holds in host memory and on a drive, where something is offloaded.
  private var outside: [JSONValue.Field] {
    guard question.layout.engine.offload != .none else { return [] }
    return [
      .init("host", .integer(estimate.outside.host.bytes)), .init("disk", .integer(estimate.outside.disk.bytes)),
    ]
  }

  private var expected: String { "\(estimate.range.lowerBound) to \(estimate.range.upperBound)" }

  private var breakdown: Table {
    var table = Table(columns: [
      Table.Column("At the peak", key: "category"), Table.Column("Size", key: "bytes", .right),
      Table.Column("Share", key: "share", .right),
    ])
    for category in Category.allCases {
      guard let bytes = estimate.atPeak[category], bytes > .zero else { continue }
      let share = 100 * Double(bytes.bytes) / Double(max(1, estimate.peak.bytes))
      table.rows.append([
        .text(category.title), .bytes(bytes), .text("\(Quantity.decimal(share, places: 1))%"),
      ])
    }
    table.total = [.text("Total"), .bytes(estimate.peak), .empty]
    return table
  }
}

extension Layout {
  /// `zero3 (data 4, offload all)`.
  package var summary: String {
    var named = degrees.fields.compactMap { field -> String? in
      guard case .integer(let degree) = field.value, degree > 1 else { return nil }
      return "\(field.name) \(degree)"
    }
    if let shards = engine.shardDegree { named.append("shard \(shards)") }
    if let copy = engine.levels.secondary { named.append("second copy \(copy)") }
    if let parameters = engine.levels.parameters { named.append("parameters \(parameters)") }
    if let gradients = engine.levels.gradients { named.append("gradients \(gradients)") }
    if engine.isSequenceParallel { named.append("sequence") }
    if engine.offload != .none { named.append("offload \(engine.offload.rawValue)") }
    return named.isEmpty ? "\(strategy.rawValue), one GPU" : "\(strategy.rawValue) (\(named.joined(separator: ", ")))"
  }
}

extension ParallelDegrees {
  /// The degrees by name, for JSON.
  package var fields: [JSONValue.Field] {
    [("data", data), ("tensor", tensor), ("pipeline", pipeline), ("context", context), ("expert", expert)].map {
      .init($0.0, .integer($0.1))
    }
  }
}

extension Assumption {
  var json: JSONValue { ["what": .string(what), "value": .string(value), "source": .string(source)] }
}
