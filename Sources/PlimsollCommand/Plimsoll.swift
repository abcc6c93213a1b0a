internal import ArgumentParser
internal import Report

@main
struct Plimsoll: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plimsoll",
    abstract: "What a model checkpoint really holds, and what fine-tuning it costs in GPU memory.",
    discussion: """
      No weight is ever read: names, shapes and the configuration say what the model is, and of packed weights the few \
      bytes beside them that state a shape.
      """,
    version: Release.version,
    subcommands: [
      InspectCommand.self, AuditCommand.self, CompareCommand.self, GraphCommand.self, EstimateCommand.self,
      PlanCommand.self,
      FamiliesCommand.self, GPUsCommand.self,
    ])

  static func main() {
    Program.run(Array(CommandLine.arguments.dropFirst()))
  }
}
