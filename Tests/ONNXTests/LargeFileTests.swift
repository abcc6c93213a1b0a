import Checkpoint
import Glibc
import Testing
import Units

@testable import ONNX

/// Weights are stepped over, wherever and however long they are.
@Suite struct LargeFileTests {
  @Test func passesWhatProtobufTakes() throws {
    let folder = TemporaryFolder()
    // A tensor of 5 GiB in the middle of the graph: its bytes are a hole in the file.
    let length = 5 << 30
    let head =
      Wire.number(1, length / 2) + Wire.number(2, 10) + Wire.text(8, "w") + Wire.tag(9, 2) + Wire.varint(UInt64(length))
    let initializer = Wire.tag(5, 2) + Wire.varint(UInt64(head.count + length)) + head
    let rest = Bytes.graph(initializers: [Bytes.tensor("small")])
    let prefix =
      Wire.number(1, 8) + Wire.bytes(8, Bytes.operatorSet(17)) + Wire.tag(7, 2)
      + Wire.varint(UInt64(initializer.count + length + rest.count)) + initializer
    let path = try folder.write("model.onnx", prefix, hole: length)
    let descriptor = open(path, O_WRONLY | O_APPEND)
    defer { close(descriptor) }
    #expect(write(descriptor, rest, rest.count) == rest.count)

    let model = try Model.open(path)
    #expect(model.findings == [])
    #expect(model.graph.initializers.map(\.name) == ["w", "small"])
    #expect(model.graph.initializers.first?.storage == .inline(FileRange(offset: prefix.count, length: length)))
    #expect(model.graph.initializers.first?.content == nil)
    #expect(model.graph.nodes.count == 1)
    #expect(model.bytesRead < 1 << 20)
  }

  @Test func whatIsCutOffIsToldWithoutReadingIt() throws {
    let folder = TemporaryFolder()
    let bytes = Wire.number(1, 8) + Wire.tag(7, 2) + Wire.varint(6 << 30)
    let path = try folder.write("model.onnx", bytes, hole: 3 << 30)
    #expect(throws: CheckpointError(.protobufTruncated, file: "", message: "")) { try Model.open(path) }
  }

  @Test func timeGrowsWithTheFile() throws {
    let count = 20_000
    let nodes = (0..<count).map { Bytes.node("Relu", ["v\($0)"], ["v\($0 + 1)"]) }
    let chain = Bytes.model(Bytes.graph(nodes, inputs: ["v0"], outputs: ["v\(count)"]))
    // Each function calls the next one twice: two to the power of 30 nodes, were they written out.
    let bomb = (0..<30).map { Bytes.function("f\($0)", calls: $0 == 29 ? [] : ["f\($0 + 1)", "f\($0 + 1)"]) }
    let functions = Bytes.model(
      Bytes.graph([Bytes.node("f0", ["x"], ["y"], domain: "l")]),
      imports: [Bytes.operatorSet(17), Bytes.operatorSet(1, "l")],
      bomb.flatMap { Wire.bytes(25, $0) })
    let start = ContinuousClock.now
    #expect(try opened(chain).findings == [])
    #expect(try opened(functions).functions.count == 30)
    #expect(ContinuousClock.now - start < .seconds(10))
  }

  @Test func aLongChainOfCallsTakesNoStack() throws {
    let chain = (0..<5_000).map { Bytes.function("f\($0)", calls: $0 == 4_999 ? [] : ["f\($0 + 1)"]) }
    let model = try opened(
      Bytes.model(Bytes.graph(), imports: [Bytes.operatorSet(17)], chain.flatMap { Wire.bytes(25, $0) }))
    #expect(model.findings == [])
  }
}
