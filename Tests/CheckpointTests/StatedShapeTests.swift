import Testing
import Units

@testable import Checkpoint

/// The few values that are read: shapes of packed weights.
@Suite struct StatedShapeTests {
  struct Tensor {
    var name: String
    var type: String
    var shape: [Int]
    var bytes: [UInt8]
  }

  static func state(_ text: String) -> Tensor {
    Tensor(
      name: "a.weight.quant_state.bitsandbytes__nf4", type: "U8", shape: [text.utf8.count], bytes: Array(text.utf8))
  }

  static func list(_ name: String, _ extents: [Int64]) -> Tensor {
    Tensor(
      name: name, type: "I64", shape: [extents.count], bytes: extents.flatMap { littleEndian(UInt64(bitPattern: $0)) })
  }

  static func open(_ tensors: [Tensor]) throws -> Checkpoint {
    var entries: [String] = []
    var data: [UInt8] = []
    for tensor in tensors {
      let end = data.count + tensor.bytes.count
      entries.append(
        #""\#(tensor.name)":{"dtype":"\#(tensor.type)","shape":\#(tensor.shape),"data_offsets":[\#(data.count),\#(end)]}"#
      )
      data += tensor.bytes
    }
    let folder = TemporaryFolder()
    try folder.write("model.safetensors", safetensors("{\(entries.joined(separator: ","))}") + data)
    return try Checkpoint.open(folder.path)
  }

  @Test func documentAndList() throws {
    let text = #"{"quant_type":"nf4","blocksize":64,"dtype":"bfloat16","shape":[96,64]}"#
    let narrow = Tensor(name: "c.weight_shape", type: "I32", shape: [2], bytes: [5, 0, 0, 0, 11, 0, 0, 0])
    let checkpoint = try Self.open([Self.state(text), Self.list("b.weight_shape", [7, 4096]), narrow])
    let stated = checkpoint.weightSets[0].statedShapes
    #expect(
      stated.shapes == [
        "a.weight.quant_state.bitsandbytes__nf4": [96, 64], "b.weight_shape": [7, 4096], "c.weight_shape": [5, 11],
      ])
    #expect(stated.tensorsRead == 3 && stated.bytesRead == text.utf8.count + 16 + 8)
    let finding = try #require(checkpoint.findings.first { $0.rule == "shapes-from-values" })
    #expect(finding.severity == .note)
    #expect(finding.message.contains("3 small tensors") && finding.message.contains("\(text.utf8.count + 24) bytes"))
  }

  /// Zeros, as of a hole, and whatever else is no shape.
  @Test(arguments: [
    state(String(repeating: "\0", count: 90)), state("{"), state(#"{"shape":"[2, 2]"}"#), state(#"{"shape":[2,-2]}"#),
    state(#"{"shape":[]}"#), state(#"{"shape":[1,2,3,4,5]}"#), state(#"{"shape":[4611686018427387904,4]}"#),
    state(#"{"blocksize":64}"#), list("b.weight_shape", [0, 0]), list("b.weight_shape", [-1, 64]),
    list("b.weight_shape", [.max, .max]), list("b.weight_shape", [1, 1, 1, 1, 1]),
  ])
  func nonsenseIsNotSaid(_ tensor: Tensor) throws {
    let checkpoint = try Self.open([tensor])
    let stated = checkpoint.weightSets[0].statedShapes
    #expect(stated.shapes.isEmpty && stated.tensorsRead == 1)
    #expect(checkpoint.findings.filter { $0.severity > .note && $0.rule != "config-missing" }.isEmpty)
  }

  /// Other tensors, and these under other types or too long, are not read.
  @Test(arguments: [
    Tensor(name: "a.weight", type: "U8", shape: [4], bytes: [1, 2, 3, 4]),
    Tensor(name: "a.shape", type: "I32", shape: [1], bytes: [1, 2, 3, 4]),
    Tensor(name: "a.weight_shape", type: "F32", shape: [1], bytes: [1, 2, 3, 4]),
    state("{" + String(repeating: " ", count: 4096)),
  ])
  func nothingElseIsRead(_ tensor: Tensor) throws {
    let checkpoint = try Self.open([tensor])
    #expect(checkpoint.weightSets[0].statedShapes == StatedShapes())
    #expect(!checkpoint.findings.contains { $0.rule == "shapes-from-values" })
  }

  @Test func oneMebibyteIsTheLimit() throws {
    let text = #"{"shape":[2,2]}"# + String(repeating: " ", count: 4081)
    let tensors = (0..<300).map { number in
      var tensor = Self.state(text)
      tensor.name = "\(number).\(tensor.name)"
      return tensor
    }
    let stated = try Self.open(tensors).weightSets[0].statedShapes
    #expect(stated.tensorsRead == 256 && stated.bytesRead == 1 << 20 && stated.tensorsLeft == 44)
    #expect(stated.shapes.count == 256)
  }
}
