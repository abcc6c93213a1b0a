internal import Checkpoint
internal import Units

extension PatternTable {
  /// The places behind a block's index where a number says what a part is, and not which of several alike: the parts of
  /// a `Sequential` (`blocks.3.mlp.0`, `blocks.3.mlp.2`), or attention and MLP as the items of a list. Under such a
  /// place numbers bear different modules, or few of them the same modules with different shapes, or there is but one; experts are alike.
  func tellingPlaces(_ tensors: [StoredTensor]) -> Set<ArraySlice<UInt8>> {
    /// What lies under each number of a place, in one block.
    struct Place {
      var block: Int32
      /// The numbers of all blocks.
      var numbers: Set<Int> = []
      var contents: [Int: Set<Content>] = [:]
    }
    struct Content: Hashable {
      var rest: String
      var shape: Shape
    }
    let seconds = patterns.map { Self.secondIndex($0.text) }
    var places: [Substring: Place] = [:]
    for position in tensors.indices {
      guard let second = seconds[Int(patternOf[position])] else { continue }
      let block = blockOf[position]
      guard let number = Self.number(at: second.component, of: tensors[position].name) else { continue }
      places[second.place, default: Place(block: block)].numbers.insert(number)
      guard places[second.place]?.block == block else { continue }
      places[second.place, default: Place(block: block)].contents[number, default: []].insert(
        Content(rest: second.rest, shape: tensors[position].shape))
    }
    let telling = places.filter { _, place in
      if place.numbers.count == 1 { return true }
      guard (2...16).contains(place.contents.count), let first = place.contents.first?.value else { return false }
      if place.contents.values.contains(where: { Set($0.map(\.rest)) != Set(first.map(\.rest)) }) { return true }
      return place.contents.count <= 4 && place.contents.values.contains { $0 != first }
    }
    return Set(telling.keys.map { Array($0.utf8)[...] })
  }

  /// The second index of a pattern: what stands before it, behind it, and which component it is.
  private static func secondIndex(_ text: String) -> (place: Substring, rest: String, component: Int)? {
    guard let first = text.firstIndex(of: "#"),
      let second = text[text.index(after: first)...].firstIndex(of: "#")
    else { return nil }
    let place = text[..<second]
    return (place, String(text[text.index(after: second)...]), place.count { $0 == "." || $0 == "/" })
  }

  private static func number(at component: Int, of name: String) -> Int? {
    let parts = name.split(maxSplits: component + 1, omittingEmptySubsequences: false) { $0 == "." || $0 == "/" }
    return parts.count > component ? Int(parts[component]) : nil
  }
}
