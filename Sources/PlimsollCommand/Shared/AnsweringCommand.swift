internal import ArgumentParser
internal import Glibc
internal import Report

/// A form that a command offers, by the word for it on the command line.
protocol AnswerFormat: RawRepresentable, CaseIterable, ExpressibleByArgument, Sendable where RawValue == String {
  static var table: Self { get }
  static var json: Self { get }
}

/// A command that works out one answer and shows it in the form asked for.
///
/// A new command says which flags it has and how the answer comes about; errors, forms, `--output` and exit codes
/// are the same for all.
protocol AnsweringCommand: ParsableCommand {
  associatedtype Format: AnswerFormat
  var output: OutputOptions<Format> { get }
  /// The file that the answer goes to; nil for standard output.
  var answerFile: String? { get }
  func answer() throws -> any Answer
}

extension AnsweringCommand {
  var answerFile: String? { output.file }

  func run() throws {
    let answer = try answer()
    guard let form = OutputForm(rawValue: output.format.rawValue) else {
      throw Failure(.internalFault, ErrorReport(code: "no-such-form", message: "no writer for \(output.format)"))
    }
    let style = answerFile == nil && form == .table ? Terminal.standardOutput : .plain
    try Output.write(answer.rendered(as: form, style: style), to: answerFile)
    // The process ends with the answer still in memory: to hand back every tensor's name and shape one by one would
    // take as long as to read them.
    withExtendedLifetime(answer) { Glibc.exit((answer.holds ? ExitStatus.yes : .no).rawValue) }
  }
}
