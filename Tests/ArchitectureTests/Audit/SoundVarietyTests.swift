import Checkpoint
import Testing
import Units

@testable import Architecture

/// What looks odd and is meant: models are built in more ways than one, and an audit that cries wolf is not read.
@Suite struct SoundVarietyTests {
  private func rules(_ sample: AuditSample) -> [String] { sample.findings.map(\.rule) }

  @Test func layersMayAlternate() {
    // Attention in every fourth layer only, and a mixer in the others.
    var sample = AuditSample.llama()
    sample.set("model_type", "hybrid")
    sample.remove { $0.contains("self_attn") && !$0.hasPrefix("model.layers.3.") }
    for layer in 0..<3 {
      for name in ["in_proj", "out_proj", "conv1d"] { sample.add("model.layers.\(layer).mixer.\(name).weight", 64, 64) }
    }
    #expect(!rules(sample).contains("layer-incomplete"))
  }

  @Test func firstLayersMayBeDense() {
    var sample = AuditSample.mixtral
    sample.remove { $0.hasPrefix("model.layers.0.block_sparse_moe") }
    sample.add("model.layers.0.mlp.gate_proj.weight", 128, 64)
    sample.add("model.layers.0.mlp.up_proj.weight", 128, 64)
    sample.add("model.layers.0.mlp.down_proj.weight", 64, 128)
    #expect(!rules(sample).contains("layer-incomplete"))
  }

  @Test func prunedPartsAreANote() throws {
    var sample = AuditSample.llama()
    sample.remove { $0.hasPrefix("model.layers.2.self_attn") || $0 == "model.layers.2.input_layernorm.weight" }
    let finding = try #require(sample.findings.first { $0.rule == "layer-incomplete" })
    #expect(finding.severity == .note)
  }

  @Test func everyLayerMayHaveItsOwnWidth() {
    var sample = AuditSample.llama()
    sample.set("model_type", "pruned")
    for layer in 0..<4 {
      let width = 128 - 16 * layer
      sample.reshape([width, 64]) { $0.hasPrefix("model.layers.\(layer).mlp.") && !$0.contains("down") }
      sample.reshape([64, width]) { $0 == "model.layers.\(layer).mlp.down_proj.weight" }
    }
    #expect(rules(sample) == ["family-not-recognised"])
  }

  @Test func gatedAttentionDoublesTheQueries() {
    var sample = AuditSample.llama()
    sample.set("head_dim", 16)
    sample.reshape([128, 64]) { $0.hasSuffix("q_proj.weight") }
    #expect(rules(sample) == [])
  }

  @Test func adaptersMayLeaveLayersOut() {
    var sample = AuditSample.adapter
    sample.remove { $0.contains("layers.1.") || $0.contains("layers.2.self_attn.v_proj") }
    #expect(rules(sample) == ["family-not-recognised"])
  }

  @Test func rankPatternsGiveRanksOfTheirOwn() {
    var sample = AuditSample.adapter
    sample.adapterConfiguration?["r"] = 4
    sample.adapterConfiguration?["rank_pattern"] = .object(["q_proj": 8, "v_proj": 8])
    #expect(rules(sample) == ["family-not-recognised"])
  }

  @Test func quantisersMayLeaveLayersAlone() {
    var sample = AuditSample.gptq
    sample.setQuantization("modules_to_not_convert", .array(["lm_head"]))
    let first = AuditSample.llama().tensors.filter { $0.name.hasPrefix("model.layers.0.") && $0.shape.rank == 2 }
    sample.remove { $0.hasPrefix("model.layers.0.") && !$0.hasSuffix("layernorm.weight") }
    sample.tensors += first
    #expect(rules(sample) == ["packed-quantization"])
  }

  // MARK: - An index without shards

  /// The bytes of the sample in BF16.
  private let bytes = AuditSample.llama().tensors.reduce(0) { $0 + 2 * ($1.shape.elementCount?.count ?? 0) }

  @Test func anIndexIsHeldAgainstTheConfiguration() {
    var sample = AuditSample.llama()
    sample.indexBytes = bytes
    #expect(rules(sample) == [])
    sample.set("num_hidden_layers", 5)
    #expect(rules(sample).contains("layer-count-mismatch"))
  }

  @Test func anIndexTellsOfAWiderPart() throws {
    var sample = AuditSample.llama()
    sample.indexBytes = bytes + 2 * 4 * 64 * 128
    let finding = try #require(sample.findings.first)
    #expect(finding.rule == "dtype-island" && finding.tensor == "model.layers.0.mlp.down_proj.weight")
  }

  @Test func anIndexTellsOfExperts() {
    var sample = AuditSample.mixtral
    sample.indexBytes = 1
    sample.set("num_local_experts", 8)
    #expect(rules(sample).contains("expert-count-mismatch"))
  }
}
