internal import ArgumentParser
internal import Strategy

/// The files that start the winner of a plan.
struct LaunchOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Write the files that start the best candidate on an engine into the folder that --output names; the plan itself "
        + "goes to standard output then.",
      valueName: "engine"))
  var emit: LaunchEngine?

  @Flag(help: "Let --emit replace files of the folder that are not the same.")
  var force = false

  /// Checks the flags against `--output`. A command that has both groups calls this from its own `validate`.
  func validate(folder: String?) throws {
    if emit == nil, force { throw ValidationError("--force has no effect without --emit") }
    guard emit != nil else { return }
    guard let folder, !folder.isEmpty else { throw ValidationError("--emit needs --output, the folder for its files") }
  }
}
