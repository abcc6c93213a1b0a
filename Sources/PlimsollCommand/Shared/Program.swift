internal import ArgumentParser
internal import Glibc
internal import Report

/// From the arguments to the exit code.
enum Program {
  static func run(_ arguments: [String]) -> Never {
    do {
      var command = try Plimsoll.parseAsRoot(arguments)
      try command.run()
      exit(ExitStatus.yes.rawValue)
    } catch let code as ExitCode {
      exit(code.rawValue)
    } catch {
      let code = Plimsoll.exitCode(for: error)
      if code.isSuccess {
        // Help, the version or a completion script was asked for.
        try? Output.write(Array((Plimsoll.fullMessage(for: error) + "\n").utf8), to: nil)
        exit(ExitStatus.yes.rawValue)
      }
      fail(code == .validationFailure ? wrongUsage(error, arguments) : Failure(error), arguments)
    }
  }

  private static func wrongUsage(_ error: any Error, _ arguments: [String]) -> Failure {
    let name = commandName(arguments)
    var message = Plimsoll.message(for: error).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    if name == nil, let first = arguments.first, !first.hasPrefix("-"), first != "help" {
      // The parser would complain about the flags of a command that does not exist.
      message = "there is no command '\(first)'"
    }
    return Failure(
      .wrongUsage,
      ErrorReport(
        code: "wrong-usage", message: message,
        help: "'plimsoll \(name.map { "\($0) " } ?? "")--help' shows what is possible"))
  }

  private static func fail(_ failure: Failure, _ arguments: [String]) -> Never {
    if wants("json", arguments) {
      try? Output.write(failure.report.document(command: commandName(arguments) ?? "plimsoll").encoded(), to: nil)
    } else if commandName(arguments) == "audit", wants("sarif", arguments) {
      let log = StaticAnalysisLog.document(failure.report, exitCode: Int(failure.status.rawValue))
      try? Output.write(log.encoded(), to: nil)
    }
    Output.writeError(failure.report.text(style: Terminal.standardError))
    exit(failure.status.rawValue)
  }

  /// The subcommand that the arguments name.
  private static func commandName(_ arguments: [String]) -> String? {
    let names = Plimsoll.configuration.subcommands.map { $0._commandName }
    return arguments.first.flatMap { names.contains($0) ? $0 : nil }
  }

  /// Arguments that cannot be parsed still say in which form the error is wanted.
  private static func wants(_ format: String, _ arguments: [String]) -> Bool {
    arguments.contains("--format=\(format)")
      || zip(arguments, arguments.dropFirst()).contains { $0 == ("--format", format) }
  }
}
