internal import ArgumentParser
internal import Checkpoint
internal import ONNX
internal import Report

/// What a graph's inputs are like.
struct GraphInputOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The first axis of every input that leaves it open.", valueName: "n"))
  var batchSize: Int?

  @Option(
    help: ArgumentHelp(
      "The second axis of every integer matrix, and of every input of rank 3, that leaves it open.", valueName: "n"))
  var sequenceLength: Int?

  @Option(
    name: .customLong("dim"), help: ArgumentHelp("A named dimension; may be repeated.", valueName: "name=n"))
  var dimensions: [Assignment] = []

  @Option(
    name: .customLong("shape"),
    help: ArgumentHelp("A whole input's shape; may be repeated.", valueName: "input=d1,d2,…"))
  var shapes: [Assignment] = []

  @Option(
    name: .customLong("value"),
    help: ArgumentHelp(
      "An input's value, where shapes depend on it: numbers, or a file with a serialised TensorProto; may be repeated.",
      valueName: "input=v1,v2,…|input=file.pb"))
  var values: [Assignment] = []

  func validate() throws {
    try Limits.check(batchSize, "--batch-size", 1...Limits.count)
    try Limits.check(sequenceLength, "--sequence-length", 1...Limits.tokens)
    for assignment in dimensions { _ = try Self.extents(assignment, "--dim", count: 1) }
    for assignment in shapes { _ = try Self.extents(assignment, "--shape", count: nil) }
    for assignment in values where !assignment.text.hasSuffix(".pb") { _ = try Self.numbers(assignment) }
  }

  /// The question that the flags ask; files of values are read.
  func question() throws -> GraphQuestion {
    var question = GraphQuestion()
    question.batchSize = batchSize
    question.sequenceLength = sequenceLength
    for assignment in dimensions {
      question.dimensions[assignment.name] = try Self.extents(assignment, "--dim", count: 1)[0]
    }
    for assignment in shapes {
      question.shapes[assignment.name] = try Self.extents(assignment, "--shape", count: nil)
    }
    for assignment in values {
      question.values[assignment.name] =
        assignment.text.hasSuffix(".pb")
        ? .tensor(try TensorDefinition.open(assignment.text).tensor) : .numbers(try Self.numbers(assignment))
    }
    return question
  }

  /// A checkpoint's forward pass has no named inputs.
  func refuseForCheckpoint() throws {
    for (flag, given) in [("--dim", dimensions), ("--shape", shapes), ("--value", values)] where !given.isEmpty {
      throw Failure(
        .wrongUsage,
        ErrorReport(
          code: "wrong-usage", message: "\(flag) is for ONNX models",
          help: "--batch-size and --sequence-length give a checkpoint's forward pass its sizes"))
    }
  }

  private static func extents(_ assignment: Assignment, _ flag: String, count: Int?) throws -> [Int] {
    let parts = assignment.parts
    let extents = parts.compactMap { Int($0) }
    guard extents.count == parts.count, count == nil || extents.count == count,
      extents.allSatisfy({ (0...Limits.extent).contains($0) })
    else {
      let what = count == nil ? "sizes" : "a size"
      throw ValidationError("\(flag) \(assignment.name) wants \(what), not '\(assignment.text)'")
    }
    return extents
  }

  private static func numbers(_ assignment: Assignment) throws -> [Double] {
    let numbers = assignment.parts.compactMap { part -> Double? in
      switch part {
      case "true": return 1
      case "false": return 0
      default: return Double(part)
      }
    }
    guard numbers.count == assignment.parts.count else {
      throw ValidationError("--value \(assignment.name) wants numbers or a .pb file, not '\(assignment.text)'")
    }
    return numbers
  }
}

/// `NAME=TEXT`. Names may hold anything but an equals sign; everything behind the last one is the text.
struct Assignment: ExpressibleByArgument, Hashable {
  var name: String
  var text: String

  init?(argument: String) {
    guard let sign = argument.lastIndex(of: "="), sign > argument.startIndex else { return nil }
    name = String(argument[..<sign])
    text = String(argument[argument.index(after: sign)...])
  }

  /// The parts between commas; none for an empty text.
  var parts: [Substring] { text.isEmpty ? [] : text.split(separator: ",", omittingEmptySubsequences: false) }
}
