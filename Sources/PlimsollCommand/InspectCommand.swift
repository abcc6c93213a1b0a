internal import ArgumentParser
internal import Report

struct InspectCommand: AnsweringCommand {
  enum Format: String, AnswerFormat {
    case table, json, csv, markdown
  }

  enum Grouping: String, CaseIterable, ExpressibleByArgument {
    case layer, component, dtype, tensor, shard
  }

  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Show what a checkpoint holds: its family, sizes, tensors and storage.",
    discussion: "Without --by, tensors whose names differ only in numbers share a line.")

  @OptionGroup var input: CheckpointArgument

  @Option(name: .customLong("by"), help: "What a line of the listing stands for (default: a name pattern).")
  var grouping: Grouping?

  @OptionGroup var output: OutputOptions<Format>

  func answer() throws -> any Answer {
    let (checkpoint, description) = try input.readWeights()
    return Inspection(
      checkpoint, description, by: grouping.flatMap { Inspection.Grouping(rawValue: $0.rawValue) } ?? .pattern)
  }
}
