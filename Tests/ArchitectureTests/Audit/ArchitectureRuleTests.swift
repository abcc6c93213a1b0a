import Checkpoint
import Testing
import Units

@testable import Architecture

/// Every rule has a fixture that breaks it and nothing else: a sound checkpoint with one change.
@Suite struct ArchitectureRuleTests {
  struct Fixture: CustomTestStringConvertible, Sendable {
    var rule: Finding.ArchitectureRule
    /// Rules that the same fixture cannot help but break too.
    var company: Set<Finding.ArchitectureRule> = []
    var base = AuditSample.llama()
    var spoil: @Sendable (inout AuditSample) -> Void

    var testDescription: String { rule.rawValue }
  }

  private static func setting(
    _ rule: Finding.ArchitectureRule, _ key: String, _ value: Configuration.Node,
    base: AuditSample = AuditSample.llama()
  ) -> Fixture {
    Fixture(rule: rule, base: base) { $0.set(key, value) }
  }

  static let sizes = [
    setting(.familyNotRecognised, "model_type", "unheard-of"),
    setting(.layerCountMismatch, "num_hidden_layers", 5),
    Fixture(rule: .layerCountMismatch, company: [.familyNotRecognised]) { $0.remove { $0.contains("layers") } },
    setting(.hiddenSizeMismatch, "hidden_size", 128),
    setting(.intermediateSizeMismatch, "intermediate_size", 256),
    setting(.vocabularySizeMismatch, "vocab_size", 99),
    setting(.expertCountMismatch, "num_local_experts", 8, base: .mixtral),
    setting(.keyValueHeadsMismatch, "num_key_value_heads", 1),
    setting(.attentionHeadsMismatch, "head_dim", 24),
    setting(.positionsMismatch, "n_positions", 512, base: .gpt2),
    Fixture(rule: .indexSizeMismatch) { $0.indexBytes = 12345 },
  ]

  static let heads = [
    setting(.tiedHeadStored, "tie_word_embeddings", true),
    Fixture(rule: .headNotStored) { $0.remove { $0 == "lm_head.weight" } },
    setting(.headClassMismatch, "architectures", .array(["LlamaForSequenceClassification"])),
    Fixture(rule: .taskHead) {
      $0.remove { $0 == "lm_head.weight" }
      $0.add("out_proj.weight", 1, 64)
      $0.set("architectures", .array(["LlamaRewardModel"]))
    },
    setting(.tokenOutOfVocabulary, "eos_token_id", 100),
  ]

  static let siblings = [
    Fixture(rule: .layerNumberingGap) {
      $0.remove { $0.hasPrefix("model.layers.2.") }
      $0.set("num_hidden_layers", 3)
    },
    Fixture(rule: .layerIncomplete) { $0.remove { $0 == "model.layers.2.mlp.up_proj.weight" } },
    Fixture(rule: .layerIncomplete) { $0.remove { $0 == "model.layers.2.input_layernorm.weight" } },
    // Every layer lacks its values.
    Fixture(rule: .layerIncomplete) { $0.remove { $0.hasSuffix("v_proj.weight") } },
    Fixture(rule: .layerShapeDiffers) {
      $0.reshape([96, 64]) { $0.hasPrefix("model.layers.2.mlp.") && !$0.contains("down") }
      $0.reshape([64, 96]) { $0 == "model.layers.2.mlp.down_proj.weight" }
    },
    Fixture(rule: .layerDtypeDiffers, company: [.dtypeIsland]) {
      $0.retype(.float32) { $0.hasPrefix("model.layers.2.mlp.up") }
    },
    Fixture(rule: .expertMissing, base: .mixtral) {
      $0.remove { $0 == "model.layers.2.block_sparse_moe.experts.3.w1.weight" }
    },
    Fixture(rule: .tensorUnderTwoNames) { sample in
      sample.tensors += sample.tensors.filter { $0.name.hasPrefix("model.") }.map { tensor in
        var tensor = tensor
        tensor.name = String(tensor.name.dropFirst("model.".count))
        return tensor
      }
    },
  ]

  static let shapes = [
    Fixture(rule: .attentionShapes) { $0.reshape([64, 48]) { $0.hasSuffix("o_proj.weight") } },
    Fixture(rule: .attentionShapes, company: [.layerShapeDiffers]) {
      $0.reshape([16, 64]) { $0 == "model.layers.3.self_attn.v_proj.weight" }
    },
    Fixture(rule: .mlpShapes) { $0.reshape([64, 96]) { $0.hasSuffix("down_proj.weight") } },
    Fixture(rule: .normShapes, company: [.layerShapeDiffers]) {
      $0.reshape([32]) { $0 == "model.layers.1.input_layernorm.weight" }
    },
    Fixture(rule: .biasShapes, base: .llama(bias: true)) { $0.reshape([32]) { $0.hasSuffix("q_proj.bias") } },
    Fixture(rule: .embeddingShapes) { $0.reshape([100, 32]) { $0 == "lm_head.weight" } },
  ]

  static let promises = [
    setting(.dtypeMismatch, "dtype", "float16"),
    Fixture(rule: .dtypeIsland) { $0.retype(.float32) { $0 == "model.norm.weight" } },
    setting(.towerMissing, "vision_config", .object(["hidden_size": 32])),
    Fixture(rule: .towerMissing, company: [.familyNotRecognised]) {
      $0.set("model_type", "seeing_text")
      $0.set("architectures", .array(["SeeingForConditionalGeneration"]))
    },
    Fixture(rule: .towerUnannounced) {
      for block in 0..<2 {
        for name in ["fc1", "fc2", "norm"] { $0.add("vision_tower.layers.\(block).\(name).weight", 32, 32) }
      }
    },
    Fixture(rule: .predictionLayersStored) { sample in
      sample.tensors += sample.tensors.filter { $0.name.hasPrefix("model.layers.3.") }.map { tensor in
        var tensor = tensor
        tensor.name = tensor.name.replacing("layers.3", with: "layers.4")
        return tensor
      }
      sample.add("model.layers.4.eh_proj.weight", 64, 128)
    },
    setting(.predictionLayersMissing, "num_nextn_predict_layers", 1),
    setting(.biasMissing, "attention_bias", true),
    setting(.biasUnannounced, "attention_bias", false, base: .llama(bias: true)),
    setting(.biasMissing, "mlp_bias", true),
  ]

  static let quantised = [
    Fixture(rule: .packedQuantization, base: .gptq) { _ in },
    Fixture(rule: .quantizationUnannounced, company: [.packedQuantization], base: .gptq) {
      $0.configuration["quantization_config"] = nil
    },
    setting(.quantizationMissing, "quantization_config", .object(["quant_method": "awq", "bits": 4])),
    mismatch("bits", 8), mismatch("group_size", 64), mismatch("group_size", -1), mismatch("quant_method", "mxfp4"),
    Fixture(rule: .quantizationMismatch, company: [.packedQuantization], base: .gptq) {
      $0.remove { $0.hasSuffix("g_idx") }
    },
    Fixture(rule: .quantizationException, company: [.packedQuantization], base: .gptq) {
      $0.setQuantization("modules_to_not_convert", .array(["o_proj"]))
    },
  ]

  private static func mismatch(_ key: String, _ value: Configuration.Node) -> Fixture {
    Fixture(rule: .quantizationMismatch, company: [.packedQuantization], base: .gptq) {
      $0.setQuantization(key, value)
    }
  }

  static let adapters = [
    adapter(.adapterConfigMissing) { $0.adapterConfiguration = nil },
    adapter(.adapterRankMismatch) { $0.adapterConfiguration?["r"] = 16 },
    adapter(.adapterFactorMissing) { $0.remove { $0.hasSuffix("layers.2.self_attn.v_proj.lora_B.weight") } },
    adapter(.adapterFactorShapes) {
      $0.reshape([32, 4]) { $0.hasSuffix("layers.2.self_attn.v_proj.lora_B.weight") }
    },
    adapter(.adapterTargetMissing) {
      $0.adapterConfiguration?["target_modules"] = .array(["q_proj", "v_proj", "k_proj"])
    },
    adapter(.adapterTargetUnannounced) { $0.adapterConfiguration?["target_modules"] = .array(["q_proj"]) },
    adapter(.adapterBaseMismatch) {
      $0.adapterConfiguration?["base_model_name_or_path"] = "meta-llama/Llama-3.2-1B"
    },
  ]

  private static func adapter(
    _ rule: Finding.ArchitectureRule, spoil: @escaping @Sendable (inout AuditSample) -> Void
  ) -> Fixture {
    Fixture(rule: rule, company: [.familyNotRecognised], base: .adapter, spoil: spoil)
  }

  static let fixtures = sizes + heads + siblings + shapes + promises + quantised + adapters

  @Test(arguments: fixtures) func isBroken(_ fixture: Fixture) {
    var sample = fixture.base
    fixture.spoil(&sample)
    let rules = Set(sample.findings.map(\.rule))
    #expect(rules.contains(fixture.rule.rawValue))
    #expect(rules.subtracting(fixture.company.map(\.rawValue)) == [fixture.rule.rawValue])
    #expect(sample.findings.allSatisfy { $0.help?.isEmpty == false })
  }

  /// The same checkpoints as they were before the change.
  @Test func soundCheckpointsPass() {
    #expect(AuditSample.llama().findings == [])
    #expect(AuditSample.mixtral.findings == [])
    #expect(AuditSample.gpt2.findings == [])
    #expect(AuditSample.gptq.findings.map(\.rule) == ["packed-quantization"])
    #expect(AuditSample.adapter.findings.map(\.rule) == ["family-not-recognised"])
  }

  @Test func noneIsForgotten() {
    // What needs a folder or a graph: see AuditFolderTests.
    let known = Set(Self.fixtures.map(\.rule)).union([.vocabularyPadded, .graphSizesDiffer])
    #expect(Set(Finding.ArchitectureRule.allCases).subtracting(known) == [])
  }
}
