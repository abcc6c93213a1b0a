internal import Graph
internal import Units

/// Layers found in a graph without names: the longest stretch of operators with weights that repeats itself.
struct RepeatedWeights {
  private var names: [Int: String] = [:]

  func name(of place: Int) -> String? { names[place] }

  /// What one weight looks like to the search: how it is read, and its shape.
  private struct Mark: Hashable {
    var operatorType: String
    var operand: Int
    var shape: [Int]
  }

  /// More weights than this are not searched.
  private static let most = 8_000

  init(_ places: [Int], _ graph: InferredGraph, _ use: WeightUse) {
    let ordered = places.compactMap { place in use.readers[place]?.first.map { (place: place, reader: $0) } }
      .sorted { ($0.reader.step, $0.reader.operand) < ($1.reader.step, $1.reader.operand) }
    let marks = ordered.map { entry in
      Mark(
        operatorType: graph.nodes[graph.steps[entry.reader.step].node].operatorType, operand: entry.reader.operand,
        shape: graph.values[entry.place].fact.tensor?.extents ?? [])
    }
    guard marks.count <= Self.most, let found = Self.longestRepetition(marks) else { return }
    for offset in 0..<(found.period * found.count) {
      let (layer, place) = (offset / found.period, offset % found.period)
      let index = found.first + offset
      names[ordered[index].place] = "layers.\(layer).\(marks[index].operatorType.lowercased())_\(place).weight"
    }
  }

  private struct Repetition {
    var first: Int
    var period: Int
    var count: Int
    var length: Int { period * count }
  }

  /// The stretch that covers most marks by repeating a period; of equals the shortest period.
  private static func longestRepetition(_ marks: [Mark]) -> Repetition? {
    var numbers: [Mark: Int] = [:]
    let ids = marks.map { mark -> Int in
      if let known = numbers[mark] { return known }
      numbers[mark] = numbers.count
      return numbers.count - 1
    }
    var best: Repetition?
    for period in 1..<max(2, ids.count / 2 + 1) {
      var matching = 0
      for index in 0...max(0, ids.count - period) {
        if index + period < ids.count, ids[index] == ids[index + period] {
          matching += 1
          continue
        }
        // `matching` marks that equal those a period later make a stretch of that many and one period.
        let count = matching / period + 1
        if count >= 2, count * period > best?.length ?? 0 {
          best = Repetition(first: index - matching, period: period, count: count)
        }
        matching = 0
      }
    }
    return best
  }
}
