internal import Checkpoint

/// A weight set's names as patterns, and the columns of blocks in them.
struct StackedPatterns {
  var names: NamePatterns
  var table: PatternTable
  var stacks: [BlockStack]
  private var style = PatternTable.IndexStyle.component
  private var telling: Set<ArraySlice<UInt8>> = []

  /// - Parameter wanted: the name of a column that counts whatever it looks like.
  init(_ weightSet: WeightSet, wanted: String? = nil) {
    names = NamePatterns(weightSet.tensors)
    let packsWords = weightSet.container != .gguf
    table = PatternTable(weightSet.tensors, names, packsWords: packsWords)
    stacks = BlockStack.find(in: table, wanted: wanted)
    guard stacks.isEmpty else { return }
    let other = PatternTable(weightSet.tensors, names, style: .trailing, packsWords: packsWords)
    let found = BlockStack.find(in: other, wanted: wanted)
    if !found.isEmpty { (table, stacks, style) = (other, found, .trailing) }
  }

  /// The same with the numbers kept that say what a part is; nil where there are none.
  func keepingTellingNumbers(_ weightSet: WeightSet, wanted: String? = nil) -> StackedPatterns? {
    guard style == .component else { return nil }
    var finer = self
    // A list in a list shows once the numbers of the outer one are kept.
    for _ in 0..<3 {
      let places = finer.table.tellingPlaces(weightSet.tensors).subtracting(finer.telling)
      guard !places.isEmpty else { break }
      finer.telling.formUnion(places)
      finer.table = PatternTable(
        weightSet.tensors, names, telling: finer.telling, packsWords: weightSet.container != .gguf)
    }
    guard !finer.telling.isEmpty else { return nil }
    finer.stacks = BlockStack.find(in: finer.table, wanted: wanted)
    return finer.stacks.isEmpty ? nil : finer
  }
}
