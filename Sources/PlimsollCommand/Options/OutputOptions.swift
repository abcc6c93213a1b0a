internal import ArgumentParser

/// In which form an answer is shown, and where.
struct OutputOptions<Format: AnswerFormat>: ParsableArguments {
  @Option(help: "The form of the answer.")
  var format: Format = .table

  @Option(
    name: .customLong("output"),
    help: ArgumentHelp("Write the answer to a file instead of standard output.", valueName: "file"),
    completion: .file())
  var file: String?
}
