internal import COnnx

extension ModelReading {
  /// The module in which a node was traced: the last but one of the scopes that torch's newer exporter writes beside it,
  /// or the path that the older one makes its name of (`/model/layers.3/mlp/MatMul`).
  mutating func module(of message: Connx__Node, named name: String) -> String? {
    for entry in elements(message.metadata_props, message.n_metadata_props)
    where text(entry.pointee.key) == "pkg.torch.onnx.name_scopes" {
      // A list as Python writes it: "['', 'model', 'model.layers.3', 'linear_7']".
      let scopes = text(entry.pointee.value).split(separator: "'", omittingEmptySubsequences: false)
        .enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
      guard scopes.count >= 2, !scopes[scopes.count - 2].isEmpty else { return nil }
      return scopes[scopes.count - 2]
    }
    guard name.hasPrefix("/") else { return nil }
    let parts = name.split(separator: "/").dropLast()
    return parts.isEmpty ? nil : parts.joined(separator: ".")
  }
}
