import Checkpoint
import Testing
import Units

@testable import ONNX

/// What protobuf's wire format allows, and what it does not.
@Suite struct WireFormatTests {
  private static let sound = Bytes.model(Bytes.graph())

  /// Field 3 of a map's value type holds the next level.
  private static func nested(_ depth: Int) -> [UInt8] {
    // Model, graph, value and type: three levels below the outermost, each map's value adds two.
    var type: [UInt8] = []
    for _ in 0..<depth { type = Wire.bytes(4, Wire.bytes(1, type)) }
    return Bytes.model(Bytes.graph(extra: Wire.bytes(13, Wire.text(1, "v") + Wire.bytes(2, type))))
  }

  private static func groups(_ depth: Int) -> [UInt8] {
    sound + (0..<depth).flatMap { _ in Wire.tag(1000, 3) } + (0..<depth).flatMap { _ in Wire.tag(1000, 4) }
  }

  @Test func accepted() throws {
    let extra: [[UInt8]] = [
      [],
      Wire.tag(1000, 0) + Wire.varint(7), Wire.text(1000, "x"), Wire.float(1000, 1),
      Wire.tag(1000, 1) + Wire.little(UInt64(1)),
      // The longest number, its surplus bits set; an overlong one; an overlong tag.
      Wire.tag(1000, 0) + [UInt8](repeating: 0xFF, count: 9) + [0x7F],
      Wire.tag(1000, 0) + [0x87, 0x80, 0x80, 0x00],
      [0x88, 0x80, 0x80, 0x80, 0x00, 0x08],
      // A group with fields in it.
      Wire.tag(1000, 3) + Wire.text(1, "x") + Wire.number(2, 3) + Wire.tag(1000, 4),
      // What the pre-pass alone may write means nothing in a file.
      Wire.text(100_000_000, "x"),
    ]
    for bytes in extra {
      let model = try opened(Self.sound + bytes)
      #expect(model.graph.nodes.count == 1)
      #expect(model.findings == [])
    }
    #expect(try opened(Self.sound + [0x88, 0x80, 0x80, 0x80, 0x00, 0x08]).irVersion == 8)
  }

  @Test(arguments: [
    (Wire.tag(1000, 6), CheckpointError.Code.protobufMalformed), (Wire.tag(1000, 7), .protobufMalformed),
    (Wire.tag(0, 0) + [1], .protobufMalformed), (Wire.tag(0, 2) + [0], .protobufMalformed),
    (Wire.tag(1000, 4), .protobufMalformed),
    (Wire.tag(1000, 3) + Wire.tag(1001, 4), .protobufMalformed), (Wire.tag(1000, 3), .protobufTruncated),
    (Wire.tag(1000, 0) + [UInt8](repeating: 0x80, count: 10) + [1], .protobufMalformed),
    ([0x88, 0x80, 0x80, 0x80, 0x80, 0x00, 8], .protobufMalformed),
    ([0xF8, 0xFF, 0xFF, 0xFF, 0x7F, 1], .protobufMalformed),
    (Wire.tag(1000, 0) + [0x80], .protobufTruncated), (Wire.tag(1000, 5) + [0], .protobufTruncated),
    (Wire.tag(1000, 1) + [0], .protobufTruncated), (Wire.tag(1000, 2) + [1], .protobufTruncated),
    (Wire.tag(2, 2) + Wire.varint(.max), .protobufTruncated),
    (Wire.tag(2, 2) + Wire.varint(1 << 63), .protobufTruncated),
  ])
  func rejected(_ bytes: [UInt8], _ code: CheckpointError.Code) {
    let error = failure(Self.sound + bytes)
    #expect(error?.code == code)
    #expect(error?.isMissingInput == false)
    #expect(error?.offset ?? 0 >= Self.sound.count)
  }

  @Test func everyCutIsAnErrorOrAFinding() throws {
    for count in 0..<Self.sound.count {
      let bytes = Array(Self.sound.prefix(count))
      if let error = failure(bytes) {
        #expect([.protobufTruncated, .graphMissing, .protobufMalformed].contains(error.code))
      }
    }
  }

  @Test func everyChangedByteIsSurvived() {
    for index in Self.sound.indices {
      for bit in 0..<8 {
        var bytes = Self.sound
        bytes[index] ^= 1 << UInt8(bit)
        _ = failure(bytes)
      }
    }
  }

  @Test func aLengthMayNotLeaveWhatHoldsIt() {
    let name = Wire.tag(3, 2) + [200]
    let error = failure(Bytes.model(Wire.bytes(1, name)) + [UInt8](repeating: 0, count: 300))
    #expect(error?.code == .protobufMalformed)
    #expect(error?.message.contains("Node.name") == true)
    #expect(error?.offset == 6)
  }

  @Test func depthIsLimited() throws {
    // Graph, value and type are the first three of 100 levels.
    #expect(try opened(Self.nested(48)).graph.declarations.count == 1)
    #expect(failure(Self.nested(49))?.code == .protobufTooDeep)
    #expect(failure(Self.nested(1_000))?.code == .protobufTooDeep)
    #expect(try opened(Self.groups(100)).findings == [])
    #expect(failure(Self.groups(101))?.code == .protobufTooDeep)
    #expect(failure(Self.groups(100_000))?.code == .protobufTooDeep)
  }

  @Test func memoryIsLimited() {
    // Two bytes of the file would each time become a node of more than a hundred.
    var empty: [UInt8] = [0x0A, 0]
    while empty.count < 32 << 20 { empty += empty }
    let error = failure(Bytes.model(empty))
    #expect(error?.code == .graphTooLarge)
  }

  @Test func partsAreMerged() throws {
    let nodes = ["a", "b"].map { Wire.bytes(1, Bytes.node("Relu", ["x"], [$0])) }
    let model = try opened(
      Bytes.model(Bytes.graph(outputs: []) + nodes[0], Wire.bytes(7, nodes[1] + Wire.bytes(12, Bytes.value("b")))))
    #expect(model.graph.nodes.map(\.outputs) == [["y"], ["a"], ["b"]])
    #expect(model.graph.name == "g")
    #expect(model.findings.map(\.rule) == ["part-repeated"])
    let often = (0..<20).flatMap { _ in Wire.bytes(7, nodes[0]) }
    #expect(failure(Bytes.model(Bytes.graph(), often))?.code == .protobufMalformed)
  }

  @Test func aFieldOfAnotherWireTypeIsIgnored() throws {
    let model = try opened(Self.sound + Wire.text(1, "8"))
    #expect(model.irVersion == 8)
    #expect(model.findings.map(\.rule) == ["wire-type-mismatch"])
  }

  @Test func namesKeepNULAndReplaceWhatIsNotUTF8() throws {
    let model = try opened(
      Bytes.model(
        Bytes.graph(
          [Bytes.node("Relu", ["x"], ["a\u{0}b"]), Wire.bytes(3, [0xFF, 0x41]) + Wire.text(4, "Relu")],
          outputs: ["a\u{0}b"])))
    #expect(model.graph.nodes.map(\.outputs).first == ["a\u{0}b"])
    #expect(model.graph.nodes.last?.name == "\u{FFFD}A")
    #expect(model.findings.map(\.rule) == ["text-not-utf8"])
  }

  @Test(arguments: [
    ("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS pointer"),
    ("<!DOCTYPE html><html></html>", "web page"), ("ir_version: 8\ngraph {\n}\n", "text form"),
    ("graph {\n  name: \"g\"\n}\n", "text form"), ("{\"irVersion\": \"8\"}", "JSON"),
    ("PK\u{3}\u{4}rest", "zip archive"),
    (String(repeating: "\u{0}", count: 4096), "zeros"), ("", "empty"),
  ])
  func whatItIsInstead(_ text: String, _ words: String) {
    let error = failure(Array(text.utf8))
    #expect(error?.message.contains(words) == true)
    #expect(error?.help != nil)
  }

  @Test func otherMessagesAreTold() {
    #expect(failure(Bytes.tensor())?.message.contains("single tensor") == true)
    #expect(failure(Bytes.graph())?.message.contains("graph without the model") == true)
    #expect(failure(Wire.number(1, 1) + Wire.bytes(2, Wire.text(1, "serve")))?.message.contains("SavedModel") == true)
    #expect(failure(Wire.number(1, 8))?.code == .graphMissing)
  }

  @Test func notAFile() {
    #expect(throws: CheckpointError(.notRegularFile, file: "", message: "")) { try Model.open("/dev/zero") }
    #expect(throws: CheckpointError(.fileMissing, file: "", message: "")) { try Model.open("/nowhere/model.onnx") }
  }
}
