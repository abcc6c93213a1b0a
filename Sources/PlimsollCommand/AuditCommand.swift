internal import ArgumentParser
internal import Report

struct AuditCommand: AnsweringCommand {
  enum Format: String, AnswerFormat {
    case table, json, sarif
  }

  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Report everything about a checkpoint that is wrong, suspicious or worth knowing.",
    discussion: "Exits with 1 when there is an error, or with --strict a warning.")

  @OptionGroup var input: CheckpointArgument

  @Flag(help: "Let a warning fail the audit too.")
  var strict = false

  @OptionGroup var output: OutputOptions<Format>

  func answer() throws -> any Answer {
    Audit(input.checkpoint, try input.audit(), isStrict: strict)
  }
}
