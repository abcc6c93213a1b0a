internal import ArgumentParser

@main
struct Plimsoll: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plimsoll",
    abstract: "What a model checkpoint really holds, and what fine-tuning it costs in GPU memory.",
    version: "0.1.0")
}
