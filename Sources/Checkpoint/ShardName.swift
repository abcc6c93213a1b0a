/// The parts of a shard's file name: `model-00001-of-00002.safetensors`.
///
/// Digits come in fives and in sixes, the separator before them is `-` or `_`, and some writers count from zero. Folders before the
/// name are part of the stem.
struct ShardName: Hashable {
  var container: Container
  /// What stands before the separator: `model`, `model.fp16`.
  var stem: String
  var number: Int
  var total: Int

  init?(_ fileName: String) {
    guard let container = Container(fileName: fileName) else { return nil }
    let name = Container.withoutSuffix(fileName)
    let pieces = name.split(separator: "-", omittingEmptySubsequences: false)
    guard pieces.count >= 3, pieces[pieces.count - 2] == "of", let total = Self.number(pieces[pieces.count - 1])
    else { return nil }
    let head = name.dropLast(pieces[pieces.count - 1].count + "-of-".count)
    guard let separator = head.lastIndex(where: { $0 == "-" || $0 == "_" }),
      let number = Self.number(head[head.index(after: separator)...])
    else { return nil }
    self.container = container
    self.stem = String(head[..<separator])
    self.number = number
    self.total = total
  }

  private static func number(_ digits: Substring) -> Int? {
    guard (1...9).contains(digits.utf8.count), digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
    return Int(digits)
  }
}
