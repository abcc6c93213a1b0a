internal import Graph
internal import Units

/// Layers found in a graph without names: stretches of operators with weights that repeat themselves.
///
/// What is compared is how weights are read, one after the other: by which operator, as which operand, in which shape. A
/// weight that several layers share (an exporter stores equal tensors once) belongs to none of them.
struct RepeatedWeights {
  private var names: [Int: String] = [:]

  func name(of place: Int) -> String? { names[place] }

  /// One reading of a weight.
  private struct Reading {
    var weight: Int
    var reader: WeightUse.Reader
    /// Readings that look the same have the same number.
    var mark: Int
  }

  private struct Mark: Hashable {
    var operatorType: String
    var operand: Int
    var shape: [Int]
  }

  private struct Stretch {
    var first: Int
    var period: Int
    var count: Int
    var length: Int { period * count }
  }

  /// More readings than this are not searched, since the search takes time that grows with their square.
  private static let most = 8_000

  init(_ weights: [Int], _ graph: InferredGraph, _ use: WeightUse) {
    var numbers: [Mark: Int] = [:]
    let readings = weights.flatMap { weight in (use.readers[weight] ?? []).map { (weight, $0) } }
      .sorted { ($0.1.step, $0.1.operand) < ($1.1.step, $1.1.operand) }
      .map { weight, reader in
        let mark = Mark(
          operatorType: graph.nodes[graph.steps[reader.step].node].operatorType, operand: reader.operand,
          shape: graph.values[weight].fact.tensor?.extents ?? [])
        let number = numbers[mark] ?? numbers.count
        numbers[mark] = number
        return Reading(weight: weight, reader: reader, mark: number)
      }
    guard readings.count <= Self.most else { return }
    let stretches = Self.stretches(in: readings.map(\.mark), 0..<readings.count)
    for (stage, stretch) in stretches.enumerated() {
      let stack = stretches.count == 1 ? "layers" : "stages.\(stage).layers"
      for offset in 0..<stretch.length {
        let reading = readings[stretch.first + offset]
        guard use.readers[reading.weight]?.count == 1 else { continue }
        let operatorType = graph.nodes[graph.steps[reading.reader.step].node].operatorType.lowercased()
        names[reading.weight] = "\(stack).\(offset / stretch.period).\(operatorType)_\(offset % stretch.period).weight"
      }
    }
  }

  /// The repeating stretches of a part, the longest first found and then those on either side of it.
  private static func stretches(in marks: [Int], _ part: Range<Int>) -> [Stretch] {
    guard let found = longest(in: marks, part) else { return [] }
    return stretches(in: marks, part.lowerBound..<found.first) + [found]
      + stretches(in: marks, (found.first + found.length)..<part.upperBound)
  }

  /// The stretch that covers most readings by repeating at least two of them; of equals the shortest period.
  private static func longest(in marks: [Int], _ part: Range<Int>) -> Stretch? {
    var best: Stretch?
    guard part.count >= 4 else { return nil }
    for period in 2...(part.count / 2) {
      var matching = 0
      for index in part {
        if index + period < part.upperBound, marks[index] == marks[index + period] {
          matching += 1
          continue
        }
        // `matching` readings that equal those a period later make a stretch of that many and one period.
        let count = matching / period + 1
        if count >= 2, count * period > best?.length ?? 0 {
          best = Stretch(first: index - matching, period: period, count: count)
        }
        matching = 0
      }
    }
    return best
  }
}
