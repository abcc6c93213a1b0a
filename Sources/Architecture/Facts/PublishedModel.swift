/// What is known of a published model without its folder: the base of an adapter, which holds neither embedding nor
/// head. Used only where the adapter's own shapes do not contradict, and always as an assumption.
struct PublishedModel {
  var name: String
  /// Its `model_type`.
  var modelType: String
  var layers: Int
  var hidden: Int
  var heads: Int
  var keyValueHeads: Int
  var headDimension: Int
  var intermediate: Int
  var vocabulary: Int
  var positions: Int
  var isTied: Bool

  /// What of an adapter's shapes cannot be for this base; nil where all of it can.
  func contradiction(to model: ModelDescription) -> String? {
    if let last = model.layers.last, last.index >= layers {
      return "\(last.path) is adapted, and \(name) has \(layers) layers"
    }
    for modules in model.layers.prefix(1).map(\.modules) {
      for role in [Role.query, .key, .value, .gate, .up, .fusedQKV] {
        guard let module = modules[role], let input = module.features?.input, input != hidden else { continue }
        return "\(module.path) takes \(input) features, and \(name) is \(hidden) wide"
      }
    }
    return nil
  }

  /// By the last part of a repository's name or of a path.
  static func named(_ name: String) -> PublishedModel? {
    let last = name.split { $0 == "/" || $0 == "\\" }.last?.lowercased()
    guard let last else { return nil }
    return table.first { model in
      let known = model.name.lowercased()
      return last == known || Self.tunings.contains { last == known + $0 }
    }
  }

  /// A tuned release has its base's architecture.
  private static let tunings = ["-instruct", "-hf", "-chat", "-chat-hf", "-it", "-base"]

  /// The published `config.json` of each, as of 2025.
  private static let table: [PublishedModel] = [
    row("Llama-3.2-1B", "llama", 16, 2048, 32, 8, 64, 8192, 128256, 131072, true),
    row("Llama-3.2-3B", "llama", 28, 3072, 24, 8, 128, 8192, 128256, 131072, true),
    row("Meta-Llama-3-8B", "llama", 32, 4096, 32, 8, 128, 14336, 128256, 8192, false),
    row("Llama-3.1-8B", "llama", 32, 4096, 32, 8, 128, 14336, 128256, 131072, false),
    row("Meta-Llama-3.1-8B", "llama", 32, 4096, 32, 8, 128, 14336, 128256, 131072, false),
    row("Meta-Llama-3-70B", "llama", 80, 8192, 64, 8, 128, 28672, 128256, 8192, false),
    row("Llama-3.1-70B", "llama", 80, 8192, 64, 8, 128, 28672, 128256, 131072, false),
    row("Llama-2-7b", "llama", 32, 4096, 32, 32, 128, 11008, 32000, 4096, false),
    row("Llama-2-13b", "llama", 40, 5120, 40, 40, 128, 13824, 32000, 4096, false),
    row("Llama-2-70b", "llama", 80, 8192, 64, 8, 128, 28672, 32000, 4096, false),
    row("llama-7b", "llama", 32, 4096, 32, 32, 128, 11008, 32000, 2048, false),
    row("Mistral-7B-v0.1", "mistral", 32, 4096, 32, 8, 128, 14336, 32000, 32768, false),
    row("Qwen2.5-0.5B", "qwen2", 24, 896, 14, 2, 64, 4864, 151936, 32768, true),
    row("Qwen2.5-7B", "qwen2", 28, 3584, 28, 4, 128, 18944, 152064, 131072, false),
    row("Qwen3-0.6B", "qwen3", 28, 1024, 16, 8, 128, 3072, 151936, 40960, true),
    row("gemma-2b", "gemma", 18, 2048, 8, 1, 256, 16384, 256000, 8192, true),
    row("gpt2", "gpt2", 12, 768, 12, 12, 64, 3072, 50257, 1024, true),
    row("gpt2-medium", "gpt2", 24, 1024, 16, 16, 64, 4096, 50257, 1024, true),
    row("gpt2-xl", "gpt2", 48, 1600, 25, 25, 64, 6400, 50257, 1024, true),
    row("opt-125m", "opt", 12, 768, 12, 12, 64, 3072, 50272, 2048, true),
    row("opt-1.3b", "opt", 24, 2048, 32, 32, 64, 8192, 50272, 2048, true),
    row("opt-6.7b", "opt", 32, 4096, 32, 32, 128, 16384, 50272, 2048, true),
    row("bloom-560m", "bloom", 24, 1024, 16, 16, 64, 4096, 250880, 2048, true),
    row("TinyLlama-1.1B", "llama", 22, 2048, 32, 4, 64, 5632, 32000, 2048, false),
    row("Phi-3-mini-4k", "phi3", 32, 3072, 32, 32, 96, 8192, 32064, 4096, false),
  ]

  private static func row(
    _ name: String, _ modelType: String, _ layers: Int, _ hidden: Int, _ heads: Int, _ keyValueHeads: Int,
    _ headDimension: Int,
    _ intermediate: Int, _ vocabulary: Int, _ positions: Int, _ isTied: Bool
  ) -> PublishedModel {
    PublishedModel(
      name: name, modelType: modelType, layers: layers, hidden: hidden, heads: heads, keyValueHeads: keyValueHeads,
      headDimension: headDimension, intermediate: intermediate, vocabulary: vocabulary, positions: positions,
      isTied: isTied)
  }
}
