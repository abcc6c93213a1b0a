import Architecture
import Checkpoint
import Graph
import Strategy
import Testing
import TrainingStep
import Units

/// A GGUF file trains as the checkpoint that it was made from: its modules are the same under other names.
@Suite("Models under ggml's names")
struct GGMLNameTests {
  private static let names = [
    ("model.embed_tokens", "token_embd"), ("model.norm", "output_norm"), ("lm_head", "output"),
    ("model.layers.", "blk."), ("input_layernorm", "attn_norm"), ("post_attention_layernorm", "ffn_norm"),
    ("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"), ("self_attn.v_proj", "attn_v"),
    ("self_attn.o_proj", "attn_output"), ("mlp.gate_proj", "ffn_gate"), ("mlp.up_proj", "ffn_up"),
    ("mlp.down_proj", "ffn_down"),
  ]

  private static func renamed(_ sketch: Sketch) -> ModelDescription {
    var set = sketch.weightSet
    set.container = .gguf
    for index in set.tensors.indices {
      for (name, other) in names { set.tensors[index].name = set.tensors[index].name.replacing(name, with: other) }
      if set.tensors[index].shape.rank == 2 { set.tensors[index].dataType = .q4K }
    }
    return ModelDescription(weightSet: set, configuration: sketch.configuration)
  }

  @Test(arguments: [Sketch.llamaSmall, .qwen2Small]) func theSameModel(_ sketch: Sketch) throws {
    let plain = ModelDescription(weightSet: sketch.weightSet, configuration: sketch.configuration)
    let description = Self.renamed(sketch)
    #expect(description.isRecognised)
    #expect(description.family == plain.family)
    #expect(description.parameterCount?.value == plain.parameterCount?.value)
    #expect(description.layerCount?.value == plain.layerCount?.value)
    #expect(description.vocabularySize?.value == plain.vocabularySize?.value)
    let estimator = Estimator(description: description, configuration: sketch.configuration)
    for adapters in [nil, LowRankAdapters(rank: 4, targets: .names(["q_proj", "v_proj"]))] {
      var forward = ForwardSettings(batchSize: 2, sequenceLength: 32, precision: .bf16)
      forward.adapters = adapters
      let estimate = try estimator.estimate(Workload(forward: forward))
      #expect(try sketch.estimator.estimate(Workload(forward: forward)).peak == estimate.peak)
      #expect(estimate.assumptions.contains { $0.what == "weights" && $0.value == "at full width" })
    }
  }

  @Test func whatLiesOtherwiseIsRefused() throws {
    var set = Sketch.gpt2Small.weightSet
    set.container = .gguf
    for index in set.tensors.indices {
      let name = set.tensors[index].name.replacing("transformer.h.", with: "blk.").replacing("h.", with: "blk.")
      set.tensors[index].name = name.replacing("attn.c_attn", with: "attn_qkv").replacing("wte", with: "token_embd")
    }
    let description = ModelDescription(weightSet: set, configuration: Sketch.gpt2Small.configuration)
    #expect(description.family == "gpt2")
    let estimator = Estimator(description: description, configuration: Sketch.gpt2Small.configuration)
    let workload = Workload(forward: ForwardSettings(batchSize: 1, sequenceLength: 8, precision: .bf16))
    let error = #expect(throws: EstimationError.self) { try estimator.estimate(workload) }
    #expect(error?.reason.contains("GGUF") == true)
  }
}
