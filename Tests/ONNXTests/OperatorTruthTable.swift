import Foundation
import Graph
import Units

@testable import ONNX

/// A line of a table of operators in Tests/Truth: a node with what it takes and gives.
struct OperatorTruth: Decodable {
  var test: String
  var domain: String
  var op: String
  var sets: [String: Int]
  var attributes: [String: Entry]
  var inputs: [Entry]
  var outputs: [Entry]

  enum Table: String {
    /// The tests that ONNX has.
    case official = "onnx-operators"
    /// Operators beyond those, as onnxruntime runs them.
    case measured = "onnxruntime-operators"
  }

  static func all(_ table: Table) throws -> [OperatorTruth] {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Truth/\(table.rawValue).jsonl")
    return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
      try JSONDecoder().decode(OperatorTruth.self, from: Data($0.utf8))
    }
  }
}

/// What a line holds, as JSON has it.
indirect enum Entry: Decodable {
  case null
  case number(Double)
  case integer(Int)
  case text(String)
  case list([Entry])
  case object([String: Entry])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Int.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .text(value)
    } else if let value = try? container.decode([Entry].self) {
      self = .list(value)
    } else {
      self = .object(try container.decode([String: Entry].self))
    }
  }

  var list: [Entry] { if case .list(let entries) = self { entries } else { [] } }
  var text: String? { if case .text(let text) = self { text } else { nil } }
  var integer: Int? { if case .integer(let number) = self { number } else { nil } }
  var double: Double? {
    switch self {
    case .integer(let number): Double(number)
    case .number(let number): number
    case .text(let text): Double(text)
    default: nil
    }
  }

  /// The tensor of `[type, extents]` or `[type, extents, elements]`.
  var tensor: TensorDefinition? {
    guard let name = list.first?.text, let type = DataType(rawValue: name), list.count > 1 else { return nil }
    var tensor = TensorDefinition()
    tensor.dataType = type
    tensor.shape = Shape(list[1].list.compactMap(\.integer))
    if list.count > 2 {
      let elements = list[2].list
      tensor.content =
        if type == .string {
          .texts(elements.compactMap(\.text))
        } else if type.isFloatingPoint {
          .reals(elements.compactMap(\.double))
        } else {
          .integers(elements.compactMap(\.integer))
        }
    }
    return tensor
  }

  /// The value of an attribute, `[kind, value]`.
  var attribute: AttributeValue? {
    guard list.count == 2, let kind = list[0].text else { return nil }
    let value = list[1]
    return switch kind {
    case "f": value.double.map { .float($0) }
    case "i": value.integer.map { .integer($0) }
    case "s": value.text.map { .string($0) }
    case "t": value.tensor.map { .tensor($0) }
    case "fs": .floats(value.list.compactMap(\.double))
    case "is": .integers(value.list.compactMap(\.integer))
    case "ss": .strings(value.list.compactMap(\.text))
    default: nil
    }
  }

  /// What is known of the value that it describes, with its elements or without.
  func fact(withElements: Bool) -> Fact? {
    if let tensor {
      var fact = TensorFact(tensor)
      if !withElements { fact.elements = nil }
      return .tensor(fact)
    }
    guard case .object(let members) = self else { return nil }
    if let elements = members["sequence"]?.list.compactMap({ $0.fact(withElements: withElements) }) {
      guard let first = elements.first else { return nil }
      // Without values, the elements are known to be tensors of one type and no more.
      let element = TensorFact(first.tensor?.dataType, unknownRank: Cause(.data, "an element of a sequence"))
      return .sequence(SequenceFact(element: .tensor(element), elements: withElements ? elements : nil))
    }
    guard let content = members["optional"] else { return nil }
    let element = content.fact(withElements: withElements)
    return .optional(OptionalFact(element: element, isPresent: withElements ? element != nil : nil))
  }
}

extension OperatorTruth {
  enum Verdict: Equatable {
    case exact
    /// Something is not known, and nothing is false.
    case unknown(String)
    case wrong(String)
  }

  /// What is inferred of the test's outputs held against what it expects.
  func verdict(withElements: Bool) -> Verdict {
    let inference = Inference(functions: [:], symbols: [:])
    let scope = Scope(operatorSets: sets)
    var node = Node()
    node.operatorType = op
    node.domain = domain
    for (place, input) in inputs.enumerated() {
      guard let fact = input.fact(withElements: withElements) else {
        node.inputs.append("")
        continue
      }
      node.inputs.append("input\(place)")
      scope.add("input\(place)", fact, .input)
    }
    node.outputs = outputs.enumerated().map { place, output in
      if case .null = output { return "" }
      return "output\(place)"
    }
    for (name, entry) in attributes.sorted(by: { $0.key < $1.key }) {
      guard let value = entry.attribute else { return .wrong("attribute \(name) is not understood") }
      node.attributes.append(Attribute(name, value))
    }
    var graph = GraphDefinition()
    graph.nodes = [node]
    _ = inference.infer(graph, in: scope)
    var unknown = inference.unsupported.first?.description
    for (place, output) in outputs.enumerated() where !node.outputs[place].isEmpty {
      guard let fact = scope.fact(of: node.outputs[place]) else { return .wrong("output \(place) is missing") }
      switch output.compared(with: fact) {
      case .wrong(let why): return .wrong("output \(place): \(why)")
      case .unknown(let why): unknown = unknown ?? "output \(place): \(why)"
      case .exact: break
      }
    }
    if let defect = inference.defects.first { return .wrong("a defect: \(defect)") }
    return unknown.map { .unknown($0) } ?? .exact
  }
}

extension Entry {
  fileprivate func compared(with fact: Fact) -> OperatorTruth.Verdict {
    if let expected = tensor { return compare(expected, fact) }
    guard case .object(let members) = self else { return .exact }
    if let expected = members["sequence"]?.list {
      guard case .sequence(let sequence) = fact else { return .unknown("\(fact)") }
      guard let elements = sequence.elements else { return .unknown("the number of elements") }
      guard elements.count == expected.count else { return .wrong("\(elements.count), not \(expected.count) elements") }
      return zip(expected, elements).lazy.map { $0.compared(with: $1) }.first { $0 != .exact } ?? .exact
    }
    guard case .optional(let optional) = fact, let element = optional.element, let content = members["optional"] else {
      return .unknown("\(fact)")
    }
    return content.compared(with: element)
  }

  private func compare(_ expected: TensorDefinition, _ fact: Fact) -> OperatorTruth.Verdict {
    guard let tensor = fact.tensor else {
      if case .unknown(let cause) = fact { return .unknown(cause.description) }
      return .wrong("is no tensor: \(fact)")
    }
    if let type = tensor.dataType, type != expected.dataType {
      return .wrong("type \(type.rawValue), not \(expected.dataType?.rawValue ?? "none")")
    }
    guard let shape = tensor.shape else { return .unknown(tensor.cause?.description ?? "the rank") }
    guard shape.count == expected.shape.rank else { return .wrong("\(shape), not \(expected.shape)") }
    for (extent, truth) in zip(shape, expected.shape.dimensions) where extent.constant != nil {
      if extent.constant != truth { return .wrong("\(shape), not \(expected.shape)") }
    }
    if let elements = tensor.elements, elements.count != expected.shape.elementCount?.count {
      return .wrong("\(elements.count) elements in \(expected.shape)")
    }
    if let elements = tensor.elements, let truth = expected.content?.scalars {
      for (place, (own, truth)) in zip(elements, truth).enumerated() where own != .unknown && own != truth {
        return .wrong("element \(place) is \(own), not \(truth)")
      }
    }
    if tensor.extents == nil { return .unknown("\(shape)") }
    return tensor.dataType == nil ? .unknown("the type") : .exact
  }
}
