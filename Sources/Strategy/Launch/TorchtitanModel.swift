/// A model that torchtitan builds: a flavor of its registry (torchtitan/models/llama3 and qwen3, 0.3.0).
public struct TorchtitanModel: Hashable, Sendable {
  /// The package under torchtitan.models.
  public var module: String
  /// The key of its configurations.
  public var flavor: String

  /// The flavor with exactly these sizes; nil where there is none.
  public static func of(_ model: LaunchModel) -> TorchtitanModel? {
    guard model.task == .causalLM, let type = model.modelType else { return nil }
    return rows.first { row in
      row.modelType == type && row.sizes == model.sizes && row.rotations.contains(model.rotation)
    }?.model
  }

  private struct Row: Sendable {
    var modelType: String
    var rotations: Set<LaunchModel.Rotation>
    var sizes: LaunchModel.Sizes
    var model: TorchtitanModel
  }

  private static let rows: [Row] =
    [
      llama("1B", layers: 16, hidden: 2048, intermediate: 8192, heads: 32),
      llama("3B", layers: 28, hidden: 3072, intermediate: 8192, heads: 24),
      llama("8B", layers: 32, hidden: 4096, intermediate: 14_336, heads: 32),
      llama("70B", layers: 80, hidden: 8192, intermediate: 28_672, heads: 64),
      llama("405B", layers: 126, hidden: 16_384, intermediate: 53_248, heads: 128),
      qwen("0.6B", layers: 28, hidden: 1024, intermediate: 3072, heads: 16),
      qwen("1.7B", layers: 28, hidden: 2048, intermediate: 6144, heads: 16),
      qwen("4B", layers: 36, hidden: 2560, intermediate: 9728, heads: 32),
      qwen("8B", layers: 36, hidden: 4096, intermediate: 12_288, heads: 32),
      qwen("14B", layers: 40, hidden: 5120, intermediate: 17_408, heads: 40),
      qwen("32B", layers: 64, hidden: 5120, intermediate: 25_600, heads: 64),
    ]

  private static func llama(_ flavor: String, layers: Int, hidden: Int, intermediate: Int, heads: Int) -> Row {
    Row(
      modelType: "llama", rotations: [.plain, .llama],
      sizes: LaunchModel.Sizes(
        layers: layers, hidden: hidden, intermediate: intermediate, heads: heads, keyValueHeads: 8, vocabulary: 128_256),
      model: TorchtitanModel(module: "llama3", flavor: flavor))
  }

  private static func qwen(_ flavor: String, layers: Int, hidden: Int, intermediate: Int, heads: Int) -> Row {
    Row(
      modelType: "qwen3", rotations: [.plain],
      sizes: LaunchModel.Sizes(
        layers: layers, hidden: hidden, intermediate: intermediate, heads: heads, keyValueHeads: 8, vocabulary: 151_936),
      model: TorchtitanModel(module: "qwen3", flavor: flavor))
  }
}
