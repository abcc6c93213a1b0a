internal import Units

/// A form other than safetensors in which weights lie beside a checkpoint.
struct FileFormat {
  var name: String
  var suffixes: [String]
  /// Whether loading one can run code.
  var isPickle = false

  func holds(_ file: String) -> Bool { suffixes.contains { file.hasSuffix($0) } }

  static let all = [
    FileFormat(name: "PyTorch", suffixes: [".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"], isPickle: true),
    FileFormat(name: "ONNX", suffixes: [".onnx"]),
    FileFormat(name: "GGUF", suffixes: [".gguf"]),
    FileFormat(name: "TensorFlow", suffixes: [".h5", ".keras", ".tflite"]),
    FileFormat(name: "Flax", suffixes: [".msgpack"]),
    FileFormat(name: "Rust", suffixes: [".ot"]),
    FileFormat(name: "CoreML", suffixes: [".mlmodel"]),
  ]

  /// What trainers leave beside the weights: pickles that hold no model.
  static func isTrainingState(_ file: String) -> Bool {
    let name = file.split(separator: "/").last ?? ""
    return ["training_args", "optimizer", "scheduler", "scaler", "rng_state", "random_states"].contains {
      name.hasPrefix($0)
    }
  }
}

extension FolderAudit {
  /// The same model in other forms, and pickles. Subfolders are those in which publishers keep them.
  mutating func otherFormats() {
    let inner = ["onnx", "original"].flatMap { name in
      ((try? folderEntries(joined(folder, name))) ?? []).map { "\(name)/\($0)" }
    }
    let loaded = Set(checkpoint.weightSets.flatMap(\.files))
    let files = (entries + inner).filter { size(of: $0) != nil }
    let pickles = files.filter { file in FileFormat.all.contains { $0.isPickle && $0.holds(file) } }
    if let first = pickles.first {
      findings.add(
        .note, .picklePresent, file: first,
        pickles.count == 1 ? "the file is a pickle" : "\(first) and \(pickles.count - 1) more files are pickles")
    }
    guard !checkpoint.weightSets.isEmpty else { return }
    for format in FileFormat.all {
      let same = files.filter { format.holds($0) && !loaded.contains($0) && !FileFormat.isTrainingState($0) }
      guard let first = same.first else { continue }
      let bytes = same.reduce(0) { Tally.sum($0, size(of: $1) ?? 0) }
      findings.add(
        .note, .otherFormats, file: first,
        "\(same.count == 1 ? "a file" : "\(same.count) files") for \(format.name) (\(ByteCount(bytes))) "
          + "\(same.count == 1 ? "lies" : "lie") beside the weights that are loaded")
    }
  }
}
