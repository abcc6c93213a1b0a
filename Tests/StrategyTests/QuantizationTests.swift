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
