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

  @Option(help: ArgumentHelp("Fail where median, 95th percentile or worst pass these percentages.", valueName: "p"))
  var limits: [Double] = []

  func run() throws {
    var models: [String: Result<Estimator, any Error>] = [:]
    var rows: [(row: TruthRow, error: Double, phases: [Double])] = []
    var skipped: [String: Int] = [:]
    for line in try Self.lines(of: truth) {
      guard let document = Configuration(line: line, file: truth) else { continue }
      do {
        let row = try TruthRow(document)
        if let filter, !row.id.contains(filter) { continue }
        let model = models[row.folder] ?? Result { try Self.estimator(of: "\(corpus)/\(row.folder)") }
        models[row.folder] = model
        let timeline = try model.get().timeline(row.workload)
        guard let peak = timeline.peak(ofStep: 2)?.peak.bytes else { continue }
        let phases = row.phases.compactMap { phase, truth in
          timeline.peaks[2]?[phase].map { Double($0.bytes.bytes) / Double(truth) - 1 }
        }
        rows.append((row, Double(peak.bytes) / Double(row.peak) - 1, phases))
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

  private func report(
    _ rows: [(row: TruthRow, error: Double, phases: [Double])], _ skipped: [String: Int]
  ) throws {
    var worst = Table(columns: [
      Table.Column("Error", key: "error", .right), Table.Column("Run", key: "run"),
      Table.Column("True peak", key: "peak", .right),
    ])
    for entry in rows.sorted(by: { $0.error.magnitude > $1.error.magnitude }).prefix(show) {
      let row = entry.row
      worst.rows.append([
        .text(ErrorTable.percent(entry.error)), .text(row.id), .bytes(ByteCount(row.peak)),
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
    for entry in rows {
      all.add(entry.error)
      for error in entry.phases { phases.add(error) }
    }
    print("phase peaks: \(phases.count), |error| median \(ErrorTable.percent(phases.median)), "
      + "95% \(ErrorTable.percent(phases.percentile(0.95))), worst \(ErrorTable.percent(phases.worst))")
    print("peaks: \(all.count), |error| median \(ErrorTable.percent(all.median)), "
      + "95% \(ErrorTable.percent(all.percentile(0.95))), worst \(ErrorTable.percent(all.worst)), "
      + "bias \(ErrorTable.percent(all.bias))")
    let figures = [all.median, all.percentile(0.95), all.worst]
    if zip(figures, limits).contains(where: { $0 * 100 > $1 }) || rows.isEmpty { throw ExitCode.failure }
  }

  private static func estimator(of folder: String) throws -> Estimator {
    let checkpoint = try Checkpoint.open(folder)
    let description = ModelDescription(checkpoint: checkpoint, weightSet: try checkpoint.primaryWeightSet())
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
