import Graph
import Testing

@testable import ONNX

/// Nodes as no exporter writes them: whatever an operator is given, its rule answers.
@Suite struct OperatorRobustnessTests {
  @Test(arguments: [OperatorTruth.Table.official, .measured]) func nothingTraps(_ table: OperatorTruth.Table) throws {
    // One line an operator and set of attributes is enough, for each is changed in many ways.
    var seen: Set<String> = []
    for truth in try OperatorTruth.all(table) where truth.isKnown {
      let shape = "\(truth.domain) \(truth.op) \(truth.attributes.keys.sorted()) \(truth.inputs.count)"
      guard seen.insert(shape).inserted else { continue }
      for changed in truth.changed() { _ = changed.verdict(withElements: true) }
    }
  }
}

extension OperatorTruth {
  /// The node with one thing about it made wrong.
  fileprivate func changed() -> [OperatorTruth] {
    var results: [OperatorTruth] = []
    func add(_ change: (inout OperatorTruth) -> Void) {
      var truth = self
      change(&truth)
      results.append(truth)
    }
    for place in inputs.indices {
      let type = inputs[place].list.first ?? .text("F32")
      add { $0.inputs[place] = .null }
      add { $0.inputs = Array($0.inputs.prefix(place)) }
      for extents in [
        [], [0], [1], [5], [0, 3], [7, 7], [2, 0, 5], [3, 1, 2, 9], [1, 2, 3, 4, 5, 6], [.max, .max],
      ] {
        add { $0.inputs[place] = .list([type, .list(extents.map { .integer($0) })]) }
      }
      for number in [Int.max, .min, 0, -1, 1 << 40] {
        let count = inputs[place].list.count > 2 ? inputs[place].list[2].list.count : 1
        let elements = [Entry](repeating: .integer(number), count: count)
        let extents = inputs[place].list.count > 2 ? inputs[place].list[1] : .list([])
        add { $0.inputs[place] = .list([.text("I64"), extents, .list(elements)]) }
        add { $0.inputs[place] = .list([.text("F32"), extents, .list(elements)]) }
      }
      add { $0.inputs[place] = .object(["sequence": .list([.list([.text("F32"), .list([])])])]) }
    }
    for (name, value) in attributes {
      add { $0.attributes[name] = nil }
      guard let kind = value.list.first?.text, value.list.count == 2 else { continue }
      add { $0.attributes[name] = .list([.text(kind == "i" ? "s" : "i"), kind == "i" ? .text("") : .integer(1)]) }
      for number in [Int.max, .min, 0, -1, 3, 1 << 40] {
        if kind == "i" { add { $0.attributes[name] = .list([.text("i"), .integer(number)]) } }
        let count = value.list[1].list.count
        guard kind == "is" else { continue }
        for count in [0, 1, count, count + 1] {
          let list = [Entry](repeating: .integer(number), count: count)
          add { $0.attributes[name] = .list([.text("is"), .list(list)]) }
        }
      }
    }
    return results
  }
}
