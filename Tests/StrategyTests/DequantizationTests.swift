import Checkpoint
import Graph
import Strategy
import Testing
import TrainingStep
import Units

@testable import Architecture

/// Weights that transformers brings back whole on loading cost what they cost where they were never quantised.
@Suite struct DequantizationTests {
  static let workload = Workload(
    forward: ForwardSettings(batchSize: 1, sequenceLength: 64, precision: .bf16, loop: .plain))

  static let gptOSS = Sketch(
    "gpt-oss-tiny", layers: 2,
    [
      "model_type": .string("gpt_oss"), "num_attention_heads": .integer(6), "num_key_value_heads": .integer(2),
      "head_dim": .integer(16), "hidden_size": .integer(96), "num_experts_per_tok": .integer(2),
      "num_local_experts": .integer(4), "intermediate_size": .integer(64), "sliding_window": .integer(24),
      "max_position_embeddings": .integer(512), "tie_word_embeddings": .boolean(false),
    ],
    """
    model.embed_tokens 320x96
    model.layers.#.input_layernorm 96
    model.layers.#.self_attn.q_proj 96x96 +
    model.layers.#.self_attn.k_proj 32x96 +
    model.layers.#.self_attn.v_proj 32x96 +
    model.layers.#.self_attn.o_proj 96x96 +
    model.layers.#.self_attn.sinks 6 P
    model.layers.#.post_attention_layernorm 96
    model.layers.#.mlp.router 4x96 +
    model.layers.#.mlp.experts.gate_up_proj 4x96x128 P
    model.layers.#.mlp.experts.gate_up_proj_bias 4x128 P
    model.layers.#.mlp.experts.down_proj 4x64x96 P
    model.layers.#.mlp.experts.down_proj_bias 4x96 P
    model.norm 96
    lm_head 320x96
    """)

  static func quantized(
    _ sketch: Sketch, _ method: String, _ change: (StoredTensor) -> [StoredTensor]
  ) -> Estimator {
    var set = sketch.weightSet
    set.tensors = set.tensors.flatMap(change)
    var configuration = sketch.configuration
    configuration.root["quantization_config"] = .object(["quant_method": .string(method)])
    return Estimator(
      description: ModelDescription(weightSet: set, configuration: configuration), configuration: configuration)
  }

  static func tensor(_ name: String, _ type: DataType, _ shape: Shape) -> StoredTensor {
    StoredTensor(name: name, dataType: type, shape: shape, fileIndex: 0, range: FileRange(offset: 0, length: 0))
  }

  @Test func expertsInMXFP4() throws {
    var stored = Self.quantized(Self.gptOSS, "mxfp4") { tensor in
      guard tensor.name.hasSuffix("experts.gate_up_proj") || tensor.name.hasSuffix("experts.down_proj") else {
        return [tensor]
      }
      let (input, output) = (tensor.shape[1], tensor.shape[2])
      return [
        Self.tensor(tensor.name + "_blocks", .uint8, [4, output, input / 32, 16]),
        Self.tensor(tensor.name + "_scales", .uint8, [4, output, input / 32]),
      ]
    }
    let error = #expect(throws: EstimationError.self) { try stored.estimate(Self.workload) }
    #expect(error?.help?.contains("--dequantize") == true)
    stored.description = try stored.description.dequantized()
    #expect(try stored.estimate(Self.workload).phases == Self.gptOSS.estimator.estimate(Self.workload).phases)
    var wide = Self.workload
    wide.forward.precision = .fp32
    #expect(throws: EstimationError.self) { try stored.estimate(wide) }
  }

  static func inBlocks(_ sketch: Sketch, of edge: Int) -> Estimator {
    quantized(sketch, "fp8") { tensor in
      guard tensor.name.contains("_proj.weight") else { return [tensor] }
      let grid = Shape(tensor.shape.dimensions.map { ($0 + edge - 1) / edge })
      return [
        Self.tensor(tensor.name, .float8e4m3, tensor.shape), Self.tensor(tensor.name + "_scale_inv", .float32, grid),
      ]
    }
  }

  @Test func weightsInFP8() throws {
    var stored = Self.inBlocks(Sketch.llamaTwoLayers, of: 128)
    #expect(throws: EstimationError.self) { try stored.estimate(Self.workload) }
    stored.description = try stored.description.dequantized()
    #expect(
      try stored.estimate(Self.workload).phases == Sketch.llamaTwoLayers.estimator.estimate(Self.workload).phases)
  }

  /// transformers takes no block that stands over.
  @Test func blocksThatStandOver() {
    let stored = Self.inBlocks(Sketch.llamaTwoLayers, of: 96)
    let error = #expect(throws: LoweringError.self) { try stored.description.dequantized() }
    #expect(error?.message.contains("no multiple") == true)
  }

  /// Each scheme that is not brought back says why, and what else can be done.
  @Test(arguments: ["compressed-tensors", "awq", "modelopt", "hqq"]) func refusals(method: String) {
    let stored = Self.quantized(Sketch.llamaTwoLayers, method) { [$0] }
    let error = #expect(throws: EstimationError.self) { try stored.estimate(Self.workload) }
    #expect(error?.help?.contains("give the checkpoint that it was made from") == true)
    #expect(throws: LoweringError.self) { try stored.description.dequantized() }
  }
}
