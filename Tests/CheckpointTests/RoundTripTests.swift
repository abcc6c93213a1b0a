import Checkpoint
import Testing
import Units

/// What is written is read back.
@Suite struct RoundTripTests {
  /// SplitMix64: the same numbers on each run.
  struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      return mixed ^ (mixed >> 31)
    }
  }

  struct Sample: Hashable {
    var name: String
    var type: DataType
    var shape: Shape
    var begin: Int
    var end: Int
  }

  @Test(arguments: UInt64(0)..<40) func randomHeaders(_ seed: UInt64) throws {
    var generator = Generator(state: seed)
    var samples: [Sample] = []
    var end = 0
    for number in 0..<Int.random(in: 0...60, using: &generator) {
      let type = DataType.safetensors.randomElement(using: &generator) ?? .float32
      // A last extent of 4 makes any type end at a byte's border.
      var dimensions = (0..<Int.random(in: 0...4, using: &generator)).map { _ in
        Int.random(in: 0...7, using: &generator)
      }
      if type.bitWidth < 8 { dimensions.append(4) }
      let bytes = dimensions.reduce(1, *) * type.bitWidth / 8
      let name = "layers.\(Int.random(in: 0...99, using: &generator)).\(number)"
      samples.append(Sample(name: name, type: type, shape: Shape(dimensions), begin: end, end: end + bytes))
      end += bytes
    }
    let entries = samples.shuffled(using: &generator).map { sample in
      entry(sample.name, sample.type.rawValue, sample.shape.description, sample.begin, sample.end)
    }
    let bytes = safetensors("{\(entries.joined(separator: ", "))}")
    let folder = TemporaryFolder()
    let path = try folder.write("model.safetensors", bytes, hole: end)
    let checkpoint = try Checkpoint.open(path)
    let read = try checkpoint.primaryWeightSet().tensors.map { tensor in
      Sample(
        name: tensor.name, type: tensor.dataType, shape: tensor.shape, begin: tensor.range.offset - bytes.count,
        end: tensor.range.end - bytes.count)
    }
    #expect(read.map(\.name) == samples.map(\.name).naturallySorted())
    #expect(Set(read) == Set(samples))
    #expect(checkpoint.findings == [])
  }

  /// The attack that made the reference demand contiguous tensors: many on one range.
  @Test(arguments: [10, 100_000]) func manyTensorsOnOneRange(_ count: Int) throws {
    let entries = (0..<count).map { entry("tensor_\($0)", "F32", "[200,200]", 0, 160_000) }
    let folder = TemporaryFolder()
    let path = try folder.write(
      "model.safetensors", safetensors("{\(entries.joined(separator: ","))}"), hole: 160_000)
    #expect(throws: CheckpointError(.tensorOffset, file: "", message: "")) { try Checkpoint.open(path) }
  }

  /// The layout of GPT-2's first block as it is published: tensors sorted by name, not by place in the model.
  @Test func gpt2() throws {
    let shapes: [(String, [Int])] = [
      ("h.0.attn.bias", [1, 1, 1024, 1024]), ("h.0.attn.c_attn.bias", [2304]), ("h.0.attn.c_attn.weight", [768, 2304]),
      ("h.0.ln_1.bias", [768]), ("wpe.weight", [1024, 768]), ("wte.weight", [50257, 768]),
    ]
    var end = 0
    var entries: [String] = []
    for (name, shape) in shapes {
      let bytes = shape.reduce(4, *)
      entries.append(entry(name, "F32", "\(shape)", end, end + bytes))
      end += bytes
    }
    let folder = TemporaryFolder()
    let path = try folder.write("model.safetensors", safetensors("{\(entries.joined(separator: ","))}"), hole: end)
    let set = try Checkpoint.open(path).primaryWeightSet()
    #expect(set.tensors.map(\.shape.dimensions) == shapes.map(\.1))
    #expect(set.tensors.reduce(0) { $0 + $1.range.length } == end)
    // 1 Mi + 2304 + 768 x 2304 + 768 + 1024 x 768 + 50257 x 768 elements of four bytes.
    #expect(end == 4 * (1_048_576 + 2_304 + 1_769_472 + 768 + 786_432 + 38_597_376))
  }
}
