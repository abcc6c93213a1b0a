import Foundation
import Graph
import Testing
import TrainingStep
import Units

@testable import ONNX

/// Graphs of a few operators against the same ones run by torch (Tests/Truth/onnx-training.tsv).
@Suite struct TrainingTruthTests {
  @Test(arguments: try TrainingTruth.all())
  func memoryIsThatOfTorch(_ truth: TrainingTruth) throws {
    let graph = try GraphTraining(truth.model.model).trainingGraph(truth.settings)
    let timeline = TrainingStep(graph: graph, workload: Workload(forward: truth.settings)).run()
    let found = TrainingTruth.Memory(
      forward: timeline.peaks[2]?[.forward]?.bytes.bytes ?? 0,
      backward: timeline.peaks[2]?[.backward]?.bytes.bytes ?? 0,
      update: timeline.peaks[2]?[.optimizer]?.bytes.bytes ?? 0, madeForward: timeline.made(in: .forward),
      madeBackward: timeline.made(in: .backward))
    #expect(found == truth.memory, "made: \(timeline.made)")
  }
}

extension Timeline {
  /// What the second step made, in its order.
  fileprivate var made: String {
    allocations.filter { $0.step == 2 }.map { "\($0.cause) \($0.bytes.bytes)" }.joined(separator: ", ")
  }

  /// The bytes of every storage that one phase of the second step made.
  fileprivate func made(in phase: Phase) -> Int {
    allocations.filter { $0.step == 2 && $0.phase == phase }.reduce(0) { $0 + $1.bytes.bytes }
  }
}

/// A line of the table: a graph as text, and what its second training step takes.
struct TrainingTruth: CustomTestStringConvertible, Sendable {
  struct Memory: Equatable {
    var forward, backward, update, madeForward, madeBackward: Int
  }

  var name: String
  var settings: ForwardSettings
  var memory: Memory
  var graph: String

  var testDescription: String { "\(name) in \(settings.precision.rawValue)" }

  static func all() throws -> [TrainingTruth] {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Truth/onnx-training.tsv")
    return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").dropFirst().map { line in
      let cells = line.split(separator: "\t").map(String.init)
      try #require(cells.count == 11)
      let precision = try #require(ForwardSettings.Precision(rawValue: cells[1]))
      let numbers = try cells[2..<10].map { try #require(Int($0)) }
      var settings = ForwardSettings(batchSize: numbers[0], sequenceLength: numbers[1], precision: precision)
      settings.imageSize = numbers[2]
      settings.loop = .plain
      let memory = Memory(
        forward: numbers[3], backward: numbers[4], update: numbers[5], madeForward: numbers[6],
        madeBackward: numbers[7])
      return TrainingTruth(name: cells[0], settings: settings, memory: memory, graph: cells[10])
    }
  }

  /// The graph that the text describes, line by line.
  var model: SmallModel {
    get throws {
      var model = SmallModel()
      for line in graph.split(separator: ";") {
        let words = line.split(separator: " ").map(String.init)
        let (name, rest) = (words[1], words.dropFirst(2).map { $0 })
        let list = (rest.first ?? "").split(separator: ",").map(String.init)
        switch words[0] {
        case "input":
          let extents = list.joined(separator: ", ")
          model = model.input(name, extents, rest.count > 1 ? .int64 : .float32)
        case "weight": model = model.weight(name, Shape(list.compactMap { Int($0) }))
        case "integers": model = model.integers(name, list.compactMap { Int($0) })
        case "scalar": model = model.scalar(name, try #require(Int(rest[0])))
        case "numbers": model = model.numbers(name, list.compactMap { Double($0) })
        case "number": model = model.number(name, try #require(Double(rest[0])))
        case "output": model = model.output(name)
        default:
          let call = words.dropFirst().filter { !$0.contains("=") }.joined(separator: " ")
          model = model.node(call, words.filter { $0.contains("=") }.map(Self.attribute))
        }
      }
      return model
    }
  }

  private static func attribute(_ text: String) -> Attribute {
    let sides = text.split(separator: "=", maxSplits: 1).map(String.init)
    if let number = Int(sides[1]) { return Attribute(sides[0], .integer(number)) }
    let parts = sides[1].split(separator: ",")
    let numbers = parts.compactMap { Int($0) }
    return Attribute(sides[0], numbers.count == parts.count ? .integers(numbers) : .string(sides[1]))
  }
}
