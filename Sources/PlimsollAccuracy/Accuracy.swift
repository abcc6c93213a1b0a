internal import Glibc
internal import Architecture
internal import ArgumentParser
internal import Checkpoint
internal import Report
internal import Strategy
internal import Units
internal import TrainingStep

/// Holds simulated peaks against a table of traced runs.
@main
struct Accuracy: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plimsoll-accuracy",
    abstract: "Compare the simulated peaks with a table of traced runs, worst first.")

  @Argument(help: "The table: a JSON object a line, with settings and results.", completion: .file())
  var truth: String

  @Argument(help: "The folder that holds the checkpoints that the table names.", completion: .directory)
  var corpus: String

  @Option(help: ArgumentHelp("Rows whose id holds this text.", valueName: "text"))
  var filter: String?

  @Option(help: ArgumentHelp("How many of the worst rows are shown.", valueName: "n"))
  var show = 12

  @Flag(help: "Show what is alive at the simulated peak of each row.")
  var live = false

  @Option(help: ArgumentHelp("The phase whose peak --live shows (default: the run's).", valueName: "phase"))
  var phase: String?

  @Option(help: "Which families' rows are used: all, others (all but the model's own), none.")
  var rows = FamilyRows.all

  @Option(help: ArgumentHelp("Fail where median, 95th percentile or worst pass these percentages.", valueName: "p"))
  var limits: [Double] = []

  /// A run, and the errors of its simulation.
  private struct Entry {
    var row: TruthRow
    /// Of the peak, as a share of it.
    var error: Double
    /// Of each phase's peak.
    var phases: [(phase: Phase, error: Double)]
    /// Of each category of what is alive at the peak, as a share of the peak.
    var categories: [Double]
  }

  func run() throws {
    var models: [String: Result<Estimator, any Error>] = [:]
    var rows: [Entry] = []
    var skipped: [String: Int] = [:]
    for line in try Self.lines(of: truth) {
      guard let document = Configuration(line: line, file: truth) else { continue }
      do {
        let row = try TruthRow(document)
        if let filter, !row.id.contains(filter) { continue }
        let model = models[row.folder] ?? Result { try estimator(of: "\(corpus)/\(row.folder)") }
        models[row.folder] = model
        let simulated = try model.get()
        let timeline =
          try row.rank.map { try simulated.timeline(row.workload, layout: row.layout, ofRank: $0) }
          ?? simulated.timeline(row.workload, layout: row.layout)
        guard let peak = timeline.peak(ofStep: 2)?.peak else { continue }
        try simulated.checkGuess(row.workload, row.layout, peak: peak.bytes)
        if live { print("\(row.id)\n\n\(liveAtPeak(timeline).text(style: .plain))") }
        let phases = row.phases.compactMap { phase, truth in
          timeline.peaks[2]?[phase].map { (phase: phase, error: Double($0.bytes.bytes) / Double(truth) - 1) }
        }
        let alive = timeline.breakdown(at: peak.event)
        let categories = row.atPeak.map { Double((alive[$0] ?? .zero).bytes - $1) / Double(row.peak) }
        rows.append(
          Entry(
            row: row, error: Double(peak.bytes.bytes) / Double(row.peak) - 1, phases: phases, categories: categories))
      } catch let unsupported as TruthRow.Unsupported {
        if let filter, !unsupported.id.contains(filter) { continue }
        skipped[unsupported.reason, default: 0] += 1
      } catch {
        skipped["\(error)", default: 0] += 1
      }
    }
    try report(rows, skipped)
  }

  // MARK: - Tables

  private func report(_ rows: [Entry], _ skipped: [String: Int]) throws {
    var worst = Table(columns: [
      Table.Column("Error", key: "error", .right), Table.Column("Worst phase", key: "phase", .right),
      Table.Column("Run", key: "run"),
      Table.Column("True peak", key: "peak", .right),
    ])
    func worstPhase(_ entry: Entry) -> (phase: Phase, error: Double)? {
      entry.phases.max { $0.error.magnitude < $1.error.magnitude }
    }
    func badness(_ entry: Entry) -> (Double, Double) {
      (entry.error.magnitude, worstPhase(entry)?.error.magnitude ?? 0)
    }
    for entry in rows.sorted(by: { badness($0) > badness($1) }).prefix(show) {
      let row = entry.row
      let phase = worstPhase(entry).map { "\($0.phase.rawValue) \(ErrorTable.percent($0.error))" } ?? ""
      worst.rows.append([
        .text(ErrorTable.percent(entry.error)), .text(phase), .text(row.id),
        .bytes(ByteCount(row.peak)),
      ])
    }
    var page = Page([.heading("Worst rows"), .table(worst)])
    for (title, key) in [
      ("By model", { (row: TruthRow) in row.model }), ("By precision", { $0.settings["precision"] ?? "" }),
      ("By checkpointing", { $0.settings["gc"] ?? "" }), ("By attention", { $0.settings["attn"] ?? "" }),
      ("By optimizer", { $0.settings["optimizer"] ?? "" }), ("By adapters", { $0.settings["peft"] ?? "" }),
    ] {
      var groups: [String: ErrorTable] = [:]
      for entry in rows { groups[key(entry.row), default: ErrorTable()].add(entry.error) }
      var table = Table(
        columns: [Table.Column(title, key: "group")]
          + ["Runs", "Median", "95%", "Worst"].map { Table.Column($0, key: $0, .right) })
      for (name, errors) in groups.sorted(by: { ($1.value.worst, $0.key) < ($0.value.worst, $1.key) }) {
        table.rows.append([.text(name)] + errors.cells)
      }
      page.blocks.append(.table(table))
    }
    print(page.text(style: .plain))
    for (reason, count) in skipped.sorted(by: { $0.key < $1.key }) { print("not simulated: \(count) runs, \(reason)") }

    var all = ErrorTable()
    var phases = ErrorTable()
    var categories = ErrorTable()
    for entry in rows {
      all.add(entry.error)
      for phase in entry.phases { phases.add(phase.error) }
      for error in entry.categories { categories.add(error) }
    }
    print("categories at the peak, as shares of it: \(categories.summary)")
    print("phase peaks: \(phases.summary)")
    print("peaks: \(all.summary), bias \(ErrorTable.percent(all.bias))")
    let figures = [all.median, all.percentile(0.95), all.worst]
    if zip(figures, limits).contains(where: { $0 * 100 > $1 }) || rows.isEmpty { throw ExitCode.failure }
  }

  /// What is alive at the peak, by operator and module, to be held against `biggest_at_peak` of the table.
  private func liveAtPeak(_ timeline: Timeline) -> Page {
    struct Kind: Hashable {
      var cause: String
      var module: String
      var bytes: ByteCount
    }
    let peak = phase.flatMap(Phase.init).flatMap { timeline.peaks[2]?[$0] } ?? timeline.peak(ofStep: 2)?.peak
    let event = peak?.event ?? 0
    var counts: [Kind: Int] = [:]
    for allocation in timeline.live(at: event) {
      let module = allocation.module.split(separator: ".").map { Int($0) == nil ? $0 : "#" }.joined(separator: ".")
      counts[Kind(cause: allocation.cause, module: module, bytes: allocation.bytes), default: 0] += 1
    }
    var table = Table(columns: [
      Table.Column("Operator", key: "operator"), Table.Column("Module", key: "module"),
      Table.Column("Size", key: "bytes", .right), Table.Column("Count", key: "count", .right),
    ])
    let sorted = counts.sorted {
      ($0.key.bytes.bytes * $0.value, $1.key.cause) > ($1.key.bytes.bytes * $1.value, $0.key.cause)
    }
    for (kind, count) in sorted.prefix(200) {
      table.rows.append([.text(kind.cause), .text(kind.module), .bytes(kind.bytes), .count(count)])
    }
    return Page([.table(table)])
  }

  private func estimator(of folder: String) throws -> Estimator {
    let checkpoint = try Checkpoint.open(folder)
    let description = ModelDescription(checkpoint: checkpoint, weightSet: try checkpoint.primaryWeightSet(), rows: rows)
    return Estimator(description: description, configuration: checkpoint.configuration)
  }

  private static func lines(of path: String) throws -> [Substring] {
    guard let file = fopen(path, "r") else { throw ValidationError("\(path) cannot be read") }
    defer { fclose(file) }
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&buffer, 1, buffer.count, file)
      guard count > 0 else { break }
      text += buffer[..<count]
    }
    return String(decoding: text, as: UTF8.self).split(separator: "\n")
  }
}

extension FamilyRows: ExpressibleByArgument {}
