import Checkpoint
import Graph
import Strategy
import struct Strategy.Layout
import Testing
import TrainingStep
import Units

@testable import Architecture

/// Base weights in fewer bits: what they take, what brings them along, and what cannot be trained.
@Suite struct QuantizationTests {
  static let adapters = LowRankAdapters(rank: 16, targets: .allLinear)

  static func workload(_ quantization: Quantization?, adapters: LowRankAdapters? = adapters) -> Workload {
    var forward = ForwardSettings(
      batchSize: 1, sequenceLength: 64, precision: .bf16, loop: .plain, adapters: adapters)
    forward.quantization = quantization
    return Workload(forward: forward)
  }

  static func reason(_ estimator: Estimator, _ workload: Workload, _ layout: Layout? = nil) -> String? {
    #expect(throws: EstimationError.self) {
      try estimator.estimate(workload, layout: layout ?? Layout(.single, ParallelDegrees()))
    }?.reason
  }

  /// Llama-3-8B with double quantisation: 6,979,321,856 weights in linear layers take half a byte, a byte for each 64,
  /// and four for each 64 · 256.
  @Test func bytesOfQuantizedWeights() {
    let shapes = [(4096, 4096, 64), (4096, 1024, 64), (4096, 14336, 64), (14336, 4096, 32)]
    var parameters = 0
    var bytes = 0
    for (input, output, count) in shapes {
      let weight = QuantizedWeight(.nf4Double, input: input, output: output, wideType: .bfloat16)
      parameters += input * output * count
      for part in weight.storages where ["weight", "weight.absmax", "weight.nested_absmax"].contains(part.name) {
        bytes += count * (part.shape.elementCount?.count ?? 0) * part.dataType.bitWidth / 8
      }
    }
    #expect(parameters == 6_979_321_856)
    #expect(bytes == 3_600_416_768)
  }

  /// What bitsandbytes has quantised trains as what it would quantise.
  @Test(arguments: Quantization.allCases) func quantizedCheckpoint(_ scheme: Quantization) throws {
    let sketch = Sketch.llamaTwoLayers
    let stored = Self.estimator(sketch, storedAs: scheme)
    #expect(stored.description.storedQuantization == .bitsandbytes(scheme))
    #expect(stored.description.layers[1].modules[.key]?.weight == [512, 2048])
    let expected = try sketch.estimator.estimate(Self.workload(scheme))
    // The table by which scales are quantised is not needed any more.
    let table = ByteCount(scheme == .nf4Double ? 1024 : 0)
    #expect(try stored.estimate(Self.workload(nil)).phases == expected.phases.mapValues { $0 - table })
    #expect(try stored.estimate(Self.workload(scheme)).peak == expected.peak - table)
    let other: Quantization = scheme == .int8 ? .nf4 : .int8
    #expect(Self.reason(stored, Self.workload(other))?.contains("quantised already") == true)
    #expect(Self.reason(stored, Self.workload(nil, adapters: nil))?.contains("--lora-rank") == true)
  }

  @Test func whatCannotBeTrained() throws {
    let estimator = Sketch.llamaTwoLayers.estimator
    #expect(Self.reason(estimator, Self.workload(.nf4, adapters: nil))?.contains("--lora-rank") == true)
    let split = Layout(.tp, ParallelDegrees(tensor: 2))
    #expect(Self.reason(estimator, Self.workload(.nf4), split) == "tp over nf4 weights is not simulated yet")
    let none = LowRankAdapters(rank: 16, targets: .names(["nothing"]))
    #expect(Self.reason(estimator, Self.workload(nil, adapters: none))?.contains("nothing to train") == true)

    var partly = Self.estimator(Sketch.llamaTwoLayers, storedAs: .nf4, where: { !$0.contains("k_proj") })
    #expect(Self.reason(partly, Self.workload(nil))?.contains("some layers only") == true)
    partly = Self.estimator(Sketch.llamaTwoLayers, storedAs: .nf4, elements: 3)
    #expect(Self.reason(partly, Self.workload(nil))?.contains("shape that the configuration does not give") == true)
  }

  // MARK: - GPTQ

  /// A sketch whose linear layers are stored as GPTQ stores them, in groups of 128.
  static func packed(_ sketch: Sketch, bits: Int = 4) -> Estimator {
    var set = sketch.weightSet
    set.tensors = set.tensors.flatMap { tensor -> [StoredTensor] in
      guard tensor.name.contains("_proj.weight") else { return [tensor] }
      let weight = GroupedWeight(
        bits: bits, input: tensor.shape[1], output: tensor.shape[0], groups: tensor.shape[1] / 128,
        scaleType: .float16, hasIndex: true)
      return weight.storages.map { part in
        StoredTensor(
          name: String(tensor.name.dropLast("weight".count)) + part.name, dataType: part.dataType, shape: part.shape,
          fileIndex: 0, range: tensor.range)
      }
    }
    return Estimator(
      description: ModelDescription(weightSet: set, configuration: sketch.configuration),
      configuration: sketch.configuration)
  }

  /// Llama-3-8B in groups of 128 with adapters of rank 16 on the attention's projections: 5,639.9 to 5,642.6 MiB were
  /// left after a run of fms-acceleration on an A100, for batches of 4 to 32 sequences of 4096 tokens. Of these 16.25
  /// MiB are the workspaces of cuBLAS, and the batch stays.
  @Test func packedResidentIsAsMeasured() throws {
    let sketch = Sketch(
      "Llama-3-8B", layers: 32,
      [
        "model_type": .string("llama"), "num_attention_heads": .integer(32), "num_key_value_heads": .integer(8),
        "hidden_size": .integer(4096), "max_position_embeddings": .integer(8192),
        "tie_word_embeddings": .boolean(false),
      ],
      """
      model.embed_tokens 128256x4096
      model.layers.#.input_layernorm 4096
      model.layers.#.self_attn.q_proj 4096x4096
      model.layers.#.self_attn.k_proj 1024x4096
      model.layers.#.self_attn.v_proj 1024x4096
      model.layers.#.self_attn.o_proj 4096x4096
      model.layers.#.post_attention_layernorm 4096
      model.layers.#.mlp.gate_proj 14336x4096
      model.layers.#.mlp.up_proj 14336x4096
      model.layers.#.mlp.down_proj 4096x14336
      model.norm 4096
      lm_head 128256x4096
      """)
    let forward = ForwardSettings(
      batchSize: 4, sequenceLength: 4096, precision: .fp16,
      adapters: LowRankAdapters(rank: 16, targets: .names(["q_proj", "k_proj", "v_proj", "o_proj"])))
    let estimate = try Self.packed(sketch).estimate(Workload(forward: forward, checkpointing: .reentrant))
    let mebibytes = Double(estimate.resident.bytes) / 1_048_576 + 16.25
    #expect(abs(mebibytes - 5_639.93) < 1)
  }

  /// A layer that nothing else is alive with: its whole weight is there beside what the product takes and gives.
  @Test func wholeWeightIsBroughtBack() throws {
    let estimator = Self.packed(Sketch.llamaTwoLayers)
    let timeline = try estimator.timeline(Self.workload(nil))
    let wide = timeline.allocations.filter { $0.cause == "dequant" && $0.step == 2 }
    // Seven linear layers in each of two blocks, forward and backward; in the first block no gradient goes on to the
    // projections' input.
    #expect(wide.count == 2 * 2 * 7 - 3)
    #expect(wide.allSatisfy { $0.death != nil })
    #expect(wide.map(\.bytes.bytes).max() == 2048 * 8192 * 2)
  }

  /// What GPTQ would make of whole weights costs what its files cost.
  @Test(arguments: [4, 8]) func packedEdition(bits: Int) throws {
    var edition = Sketch.llamaTwoLayers.estimator
    edition.description = try edition.description.packedByGPTQ(bits: bits)
    let files = Self.packed(Sketch.llamaTwoLayers, bits: bits)
    #expect(try edition.estimate(Self.workload(nil)).phases == files.estimate(Self.workload(nil)).phases)
    #expect(throws: LoweringError.self) { try files.description.packedByGPTQ(bits: bits) }
  }

  @Test func packedThatCannotBeTrained() {
    #expect(
      Self.reason(Self.packed(Sketch.llamaTwoLayers, bits: 3), Self.workload(nil))?.contains("2, 4 or 8 bits") == true)
    let estimator = Self.packed(Sketch.llamaTwoLayers)
    #expect(Self.reason(estimator, Self.workload(nil, adapters: nil))?.contains("--lora-rank") == true)
    #expect(Self.reason(estimator, Self.workload(.nf4))?.contains("by GPTQ") == true)
    var decomposed = Self.adapters
    decomposed.form = .dora
    #expect(Self.reason(estimator, Self.workload(nil, adapters: decomposed))?.contains("no DoRA") == true)
  }

  @Test func assumptionsSayWhatIsModelled() throws {
    let estimate = try Sketch.llamaTwoLayers.estimator.estimate(Self.workload(.int8))
    let subjects = Set(estimate.assumptions.map(\.what))
    #expect(subjects.isSuperset(of: ["quantisation", "rest of the model", "outlier columns"]))
  }

  /// A sketch whose linear layers are stored as bitsandbytes stores them.
  ///
  /// - Parameter elements: the length of every packed weight, in place of the right one.
  static func estimator(
    _ sketch: Sketch, storedAs scheme: Quantization, where isQuantized: (String) -> Bool = { _ in true },
    elements: Int? = nil
  ) -> Estimator {
    var set = sketch.weightSet
    set.tensors = set.tensors.flatMap { tensor -> [StoredTensor] in
      guard tensor.name.contains("_proj.weight"), isQuantized(tensor.name) else { return [tensor] }
      let weight = QuantizedWeight(scheme, input: tensor.shape[1], output: tensor.shape[0], wideType: .bfloat16)
      // The offset is a number in the state, and no tensor.
      return weight.storages.filter { !$0.name.hasSuffix("nested_offset") }.map { part in
        StoredTensor(
          name: String(tensor.name.dropLast("weight".count)) + part.name, dataType: part.dataType,
          shape: part.name == "weight" ? elements.map { [$0, 1] } ?? part.shape : part.shape, fileIndex: 0,
          range: tensor.range)
      }
    }
    return Estimator(
      description: ModelDescription(weightSet: set, configuration: sketch.configuration),
      configuration: sketch.configuration)
  }
}
