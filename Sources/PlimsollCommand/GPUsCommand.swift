internal import ArgumentParser
internal import Report
internal import Strategy

struct GPUsCommand: AnsweringCommand {
  enum Format: String, AnswerFormat {
    case table, json
  }

  static let configuration = CommandConfiguration(
    commandName: "gpus", abstract: "List the GPUs that --gpu knows, with memory, rates and links.")

  @OptionGroup var output: OutputOptions<Format>

  func answer() throws -> any Answer { GPUList(GPU.all) }
}
