internal import ArgumentParser
internal import Report

struct AuditCommand: AnsweringCommand {
  enum Format: String, AnswerFormat {
    case table, json, sarif
  }

  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Report everything about a checkpoint that is wrong, suspicious or worth knowing.",
    discussion: """
      Exits with 1 when there is an error, or with --strict a warning. Of a model whose family is not known the parts are \
      shown that its names and shapes give away; --explain-architecture prints them as a file that can be corrected and \
      given back with --architecture.
      """)

  @OptionGroup var input: CheckpointArgument

  @Flag(help: "Let a warning fail the audit too.")
  var strict = false

  @Flag(help: "Print nothing but the file of what each module was taken for, for --architecture.")
  var explainArchitecture = false

  @OptionGroup var output: OutputOptions<Format>

  func validate() throws {
    if explainArchitecture, output.format == .sarif {
      throw ValidationError("--explain-architecture prints a file of its own, which is no SARIF")
    }
  }

  func answer() throws -> any Answer {
    if explainArchitecture { return ArchitectureExplanation(try input.readWeights().1) }
    let (findings, model) = try input.audit()
    return Audit(input.checkpoint, findings, model, isStrict: strict)
  }
}
