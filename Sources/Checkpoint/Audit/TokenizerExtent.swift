/// How many tokens a tokenizer has, as far as its small documents tell: `vocab.txt` has a line for each, the others name
/// those that were added. `tokenizer.json` is not read, which is often larger than all headers together.
package struct TokenizerExtent: Sendable {
  /// One more than the largest id.
  package var count: Int
  package var file: String
  /// Whether every token was counted, and not only those that were added.
  package var isWhole: Bool
}

extension Checkpoint {
  /// Nil where the folder says nothing of its tokens.
  package func tokenizerExtent() -> TokenizerExtent? {
    guard isFolder(path) else { return nil }
    var extents: [TokenizerExtent] = []
    if let lines = lineCount("vocab.txt") {
      extents.append(TokenizerExtent(count: lines, file: "vocab.txt", isWhole: true))
    }
    if let added = smallDocument("added_tokens.json") {
      let largest = added.keys.compactMap { added.integer($0) }.max()
      if let largest { extents.append(.init(count: largest + 1, file: added.file, isWhole: false)) }
    }
    if let settings = smallDocument("tokenizer_config.json"), let added = settings.section("added_tokens_decoder") {
      if let largest = added.keys.compactMap({ Int($0) }).max(), largest < Int.max {
        extents.append(.init(count: largest + 1, file: settings.file, isWhole: false))
      }
    }
    guard var largest = extents.max(by: { $0.count < $1.count }) else { return nil }
    largest.isWhole = extents.contains(where: \.isWhole)
    return largest
  }

  private func smallDocument(_ name: String) -> Configuration? {
    guard let source = try? ByteSource(path: joined(path, name)), source.length <= 1 << 20 else { return nil }
    var findings = FindingList()
    var bytesRead = 0
    return Configuration.read(folder: path, name: name, seed: 0, findings: &findings, bytesRead: &bytesRead)
  }

  private func lineCount(_ name: String) -> Int? {
    guard var source = try? ByteSource(path: joined(path, name)), source.length <= 8 << 20 else { return nil }
    let lines = try? source.withPrefix(source.length) { bytes in
      bytes.count { $0 == 0x0A } + (bytes.last == 0x0A || bytes.isEmpty ? 0 : 1)
    }
    return lines == 0 ? nil : lines
  }
}
