/// A format in which weights are stored, in the order in which transformers prefers them.
public enum Container: String, CaseIterable, Sendable {
  case safetensors
  /// A zip archive with a pickle and the storages that it names.
  case pytorch
  case gguf

  /// How names of its files end.
  var suffixes: [String] {
    switch self {
    case .safetensors: [".safetensors"]
    case .pytorch: [".bin", ".pt", ".pth"]
    case .gguf: [".gguf"]
    }
  }

  /// The container that a file's name promises; nil where it promises none.
  init?(fileName name: String) {
    guard let found = Self.allCases.first(where: { $0.suffixes.contains(where: name.hasSuffix) }) else { return nil }
    self = found
  }

  /// The same; where the name says nothing, as in the Hugging Face cache's `blobs`, by the file's first bytes.
  static func of(_ path: String) throws(CheckpointError) -> Container {
    if let named = Container(fileName: path) { return named }
    var source = try ByteSource(path: path)
    return try source.withPrefix(4) { bytes in
      if bytes.starts(with: "GGUF".utf8) { return .gguf }
      return bytes.starts(with: ZipArchive.magic) ? .pytorch : .safetensors
    }
  }

  /// A file's name without the suffix of a container.
  static func withoutSuffix(_ name: String) -> String {
    let suffix = Self(fileName: name)?.suffixes.first(where: name.hasSuffix) ?? ""
    return String(name.dropLast(suffix.count))
  }

  /// Reads and checks the header of a file.
  ///
  /// - Parameter seed: keys the hash of names; one for all files of a checkpoint.
  func header(path: String, seed: UInt64, scratch: ScratchBuffer) throws(CheckpointError) -> any ShardHeader {
    switch self {
    case .safetensors: try SafetensorsHeader(path: path, seed: seed, scratch: scratch)
    case .pytorch: try TorchArchive.read(path: path, seed: seed)
    case .gguf: try GGUFFile.read(path: path, seed: seed, scratch: scratch)
    }
  }
}
