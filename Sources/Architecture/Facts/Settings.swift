internal import Checkpoint

/// What the configuration says of the text model: its own section where there is one, then the document itself.
struct Settings {
  var modelType: String?
  /// The type of the text model, where a section names it.
  var textModelType: String?
  var architecture: String?
  private var sections: [Configuration]
  /// The file, for findings.
  var file: String?

  /// What is published of an adapter's base, where no configuration lies beside the adapter.
  var base: PublishedModel?

  init(_ configuration: Configuration?, adapter: Configuration? = nil) {
    let text = Self.textSections.lazy.compactMap { configuration?.section($0) }.first
    modelType = configuration?.string("model_type")
    textModelType = text?.string("model_type")
    architecture = configuration?.strings("architectures")?.first
    sections = [text, configuration].compactMap(\.self)
    file = configuration?.file
    if configuration == nil {
      base = adapter?.string("base_model_name_or_path").flatMap(PublishedModel.named)
      textModelType = base?.modelType
    }
  }

  /// The settings of a vision tower that stands alone.
  var ofVision: Settings {
    var copy = self
    if let vision = sections.lazy.compactMap({ $0.section("vision_config") }).first { copy.sections = [vision] }
    return copy
  }

  /// A size: a whole number that a tensor could have. Anything else counts as not said.
  func size(_ keys: [String]) -> (value: Int, key: String)? {
    for section in sections {
      for key in keys {
        if let value = section.integer(key), value > 0, value < 1 << 40 { return (value, key) }
      }
    }
    return nil
  }

  func boolean(_ key: String) -> Bool? {
    sections.lazy.compactMap { $0.boolean(key) }.first
  }

  /// Whether any section sets the flag; nil where none speaks of it. Composite classes of transformers 5 forward
  /// `tie_word_embeddings` of the text section outward.
  func anyBoolean(_ key: String) -> Bool? {
    let said = sections.compactMap { $0.boolean(key) }
    return said.isEmpty ? nil : said.contains(true)
  }

  /// The labels that `id2label` names, or `num_labels` counts.
  var labelCount: Int? {
    for section in sections {
      if let names = section.section("id2label")?.keys, !names.isEmpty { return names.count }
      if let count = section.integer("num_labels"), (1...1 << 24).contains(count) { return count }
    }
    return nil
  }

  /// `quantization_config.quant_method`.
  var quantizationMethod: String? {
    sections.lazy.compactMap { $0.section("quantization_config")?.string("quant_method") }.first
  }

  /// A size that the quantisation of a module is set up with. MLX has a section of its own, and in it sections of the
  /// modules that differ from the rest.
  func quantizationSize(_ key: String, ofModule path: String) -> Int? {
    for section in sections {
      for name in ["quantization_config", "quantization"] {
        guard let all = section.section(name) else { continue }
        if let size = all.section(path)?.integer(key) ?? all.integer(key), (1...1 << 20).contains(size) { return size }
      }
    }
    return nil
  }

  /// The group size of compressed-tensors where all layers have one and it is fixed.
  var compressedGroupSize: Int? { compressedSize("group_size", upTo: 1 << 20) }

  /// The bits of an element of compressed-tensors where all layers have as many.
  var compressedBits: Int? { compressedSize("num_bits", upTo: 8) }

  /// The rows and columns of the blocks that have a scale each (`weight_block_size` of FP8).
  var weightBlockSize: [Int]? {
    let said = sections.lazy.compactMap { $0.section("quantization_config")?.integers("weight_block_size") }.first
    return said.flatMap { $0.count == 2 && $0.allSatisfy { (1...1 << 20).contains($0) } ? $0 : nil }
  }

  /// `quantization_config.format` of compressed-tensors.
  var compressedFormat: String? {
    sections.lazy.compactMap { $0.section("quantization_config")?.string("format") }.first
  }

  /// What all groups of compressed-tensors say of their weights.
  private func compressedSize(_ key: String, upTo limit: Int) -> Int? {
    let groups = sections.lazy.compactMap { $0.section("quantization_config")?.section("config_groups") }.first
    let sizes = groups?.keys.map { groups?.section($0)?.section("weights")?.integer(key) } ?? []
    guard let first = sizes.first, let size = first, sizes.allSatisfy({ $0 == size }), (1...limit).contains(size)
    else { return nil }
    return size
  }

  private static let textSections = ["text_config", "llm_config", "language_config", "language_model", "text_model"]
}
