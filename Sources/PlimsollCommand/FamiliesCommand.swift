internal import Architecture
internal import ArgumentParser
internal import Report

struct FamiliesCommand: AnsweringCommand {
  enum Format: String, AnswerFormat {
    case table, json
  }

  static let configuration = CommandConfiguration(
    commandName: "families", abstract: "List the families of models that are known, and how well each is verified.")

  @OptionGroup var output: OutputOptions<Format>

  func answer() throws -> any Answer { FamilyList(KnownFamily.all) }
}
