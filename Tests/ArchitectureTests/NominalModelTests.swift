import Checkpoint
import Testing
import Units

@testable import Architecture

/// Parameter counts by the formulas, held against what the authors publish (`total_size` of the published indexes over the
/// width of the type, where nothing but the formulas' parts is stored).
@Suite struct NominalModelTests {
  static let published: [(configuration: [String: Configuration.Node], parameters: Int)] = [
    (
      [
        "model_type": .string("llama"), "hidden_size": .integer(4096), "num_hidden_layers": .integer(32),
        "num_attention_heads": .integer(32), "num_key_value_heads": .integer(8), "intermediate_size": .integer(14336),
        "vocab_size": .integer(128_256), "tie_word_embeddings": .boolean(false),
      ], 8_030_261_248
    ),
    (
      [
        "model_type": .string("mixtral"), "hidden_size": .integer(6144), "num_hidden_layers": .integer(56),
        "num_attention_heads": .integer(48), "num_key_value_heads": .integer(8), "intermediate_size": .integer(16384),
        "num_local_experts": .integer(8), "vocab_size": .integer(32000),
      ], 140_620_634_112
    ),
    (
      [
        "model_type": .string("phi3"), "hidden_size": .integer(3072), "num_hidden_layers": .integer(32),
        "num_attention_heads": .integer(32), "num_key_value_heads": .integer(32), "intermediate_size": .integer(8192),
        "vocab_size": .integer(32064),
      ], 3_821_079_552
    ),
    (
      [
        "model_type": .string("gemma"), "hidden_size": .integer(2048), "num_hidden_layers": .integer(18),
        "num_attention_heads": .integer(8), "num_key_value_heads": .integer(1), "head_dim": .integer(256),
        "intermediate_size": .integer(16384), "vocab_size": .integer(256_000),
      ], 2_506_172_416
    ),
    (
      // Two towers of twelve layers, the second with cross-attention; T5's one learned table is no formula's (768).
      [
        "model_type": .string("t5"), "d_model": .integer(768), "num_layers": .integer(12), "num_heads": .integer(12),
        "d_kv": .integer(64), "d_ff": .integer(3072), "vocab_size": .integer(32128),
        "feed_forward_proj": .string("relu"),
      ], 222_903_552 - 768
    ),
  ]

  @Test(arguments: published.indices) func asPublished(index: Int) throws {
    let (configuration, parameters) = Self.published[index]
    let nominal = try #require(NominalModel(Configuration(file: "config.json", root: configuration)))
    #expect(nominal.parameterCount == parameters)
  }

  @Test func whatCannotBeTold() {
    #expect(NominalModel(nil) == nil)
    var root = Self.published[0].configuration
    root["hidden_size"] = .integer(1 << 30)
    #expect(NominalModel(Configuration(file: "config.json", root: root)) == nil)
    root["hidden_size"] = nil
    #expect(NominalModel(Configuration(file: "config.json", root: root)) == nil)
  }

  /// What is not said: heads as many as queries, an MLP of four times the hidden size, fp32.
  @Test func defaults() throws {
    let nominal = try #require(
      NominalModel(
        Configuration(
          file: "config.json",
          root: ["hidden_size": .integer(64), "num_hidden_layers": .integer(2), "num_attention_heads": .integer(4)])))
    #expect(nominal.keyValueHeads == 4 && nominal.headDimension == 16 && nominal.intermediate == 256)
    #expect(nominal.dataType == .float32 && nominal.vocabulary == nil && nominal.experts == nil)
  }
}
