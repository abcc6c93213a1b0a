internal import COnnx

extension ModelReading {
  private static let quote = UInt8(ascii: "'")
  private static let slash = UInt8(ascii: "/")
  private static let dot = UInt8(ascii: ".")

  /// The module in which a node was traced: the last but one of the scopes that torch's newer exporter writes beside it,
  /// or the path that the older one makes its name of (`/model/layers.3/mlp/MatMul`).
  mutating func module(of message: Connx__Node, named name: String) -> String? {
    for entry in elements(message.metadata_props, message.n_metadata_props)
    where text(entry.pointee.key) == "pkg.torch.onnx.name_scopes" {
      // A list as Python writes it: "['', 'model', 'model.layers.3', 'linear_7']".
      let parts = text(entry.pointee.value).utf8.split(separator: Self.quote, omittingEmptySubsequences: false)
      // Every second part stands between quotes.
      let scopes = parts.count / 2
      guard scopes >= 2 else { return nil }
      let module = parts[2 * (scopes - 2) + 1]
      return module.isEmpty ? nil : String(module)
    }
    let path = name.utf8
    guard path.first == Self.slash, let end = path.lastIndex(of: Self.slash), end > path.startIndex else { return nil }
    return String(decoding: path[..<end].dropFirst().map { $0 == Self.slash ? Self.dot : $0 }, as: UTF8.self)
  }
}
