import Testing
import Units

@testable import ONNX

/// Small tensors: every type from `raw_data` and from the field that is its own.
@Suite struct TensorTests {
  /// A type by its number, elements as bytes, entries of the typed field, and what they stand for.
  struct Sample: Sendable {
    var number: Int
    var type: DataType
    var raw: [UInt8]
    var entries: [UInt8]
    var content: TensorContent
    var count = 2
  }

  private static func bits(_ width: Int, _ patterns: [Int]) -> [UInt8] {
    patterns.flatMap { pattern in (0..<width / 8).map { UInt8(truncatingIfNeeded: pattern >> (8 * $0)) } }
  }

  private static func small(_ number: Int, _ type: DataType, _ patterns: [Int], _ content: TensorContent) -> Sample {
    Sample(
      number: number, type: type, raw: bits(type.bitWidth, patterns), entries: Wire.packed(5, patterns),
      content: content, count: patterns.count)
  }

  static let samples: [Sample] = [
    Sample(
      number: 1, type: .float32, raw: Wire.little(Float(1.5).bitPattern) + Wire.little(Float(-2).bitPattern),
      entries: Wire.bytes(4, Wire.little(Float(1.5).bitPattern) + Wire.little(Float(-2).bitPattern)),
      content: .reals([1.5, -2])),
    small(2, .uint8, [0, 255], .integers([0, 255])),
    small(3, .int8, [127, -128], .integers([127, -128])),
    small(4, .uint16, [1, 65535], .integers([1, 65535])),
    small(5, .int16, [1, -32768], .integers([1, -32768])),
    small(6, .int32, [Int(Int32.max), -1], .integers([Int(Int32.max), -1])),
    Sample(
      number: 7, type: .int64, raw: Wire.little(Int64.min) + Wire.little(Int64(3)), entries: Wire.packed(7, [.min, 3]),
      content: .integers([.min, 3])),
    small(9, .bool, [0, 1, 1], .integers([0, 1, 1])),
    small(10, .float16, [0x3C00, 0xC000, 0x0001, 0x7C00], .reals([1, -2, 0x1p-24, .infinity])),
    Sample(
      number: 11, type: .float64, raw: Wire.little((0.1).bitPattern) + Wire.little((-1e300).bitPattern),
      entries: Wire.bytes(10, Wire.little((0.1).bitPattern) + Wire.little((-1e300).bitPattern)),
      content: .reals([0.1, -1e300])),
    Sample(
      number: 12, type: .uint32, raw: Wire.little(UInt32.max) + Wire.little(UInt32(7)),
      entries: Wire.packed(11, [Int(UInt32.max), 7]), content: .integers([Int(UInt32.max), 7])),
    Sample(
      number: 13, type: .uint64, raw: Wire.little(UInt64(Int.max)) + Wire.little(UInt64(7)),
      entries: Wire.packed(11, [.max, 7]), content: .integers([.max, 7])),
    small(16, .bfloat16, [0x3FC0, 0xFF80], .reals([1.5, -.infinity])),
    small(17, .float8e4m3, [0x38, 0xFE, 0x01], .reals([1, -448, 0x1p-9])),
    small(18, .float8e4m3fnuz, [0x40, 0x7F, 0x01], .reals([1, 240, 0x1p-10])),
    small(19, .float8e5m2, [0x3C, 0x7B, 0xFC], .reals([1, 57344, -.infinity])),
    small(20, .float8e5m2fnuz, [0x40, 0x7F, 0x81], .reals([1, 57344, -0x1p-17])),
    Sample(
      number: 21, type: .uint4, raw: [0xF1, 0x0A], entries: Wire.packed(5, [0xF1, 0x0A]),
      content: .integers([1, 15, 10]), count: 3),
    Sample(
      number: 22, type: .int4, raw: [0xF1, 0x08], entries: Wire.packed(5, [0xF1, 0x08]),
      content: .integers([1, -1, -8]), count: 3),
    Sample(
      number: 23, type: .float4, raw: [0xF1, 0x02], entries: Wire.packed(5, [0xF1, 0x02]),
      content: .reals([0.5, -6, 1]), count: 3),
    small(24, .float8e8m0, [127, 0, 254], .reals([1, 0x1p-127, 0x1p127])),
    Sample(
      number: 25, type: .uint2, raw: [0b11_10_01_00, 0b01], entries: Wire.packed(5, [0b11_10_01_00, 0b01]),
      content: .integers([0, 1, 2, 3, 1]), count: 5),
    Sample(
      number: 26, type: .int2, raw: [0b11_10_01_00, 0b11], entries: Wire.packed(5, [0b11_10_01_00, 0b11]),
      content: .integers([0, 1, -2, -1, -1]), count: 5),
  ]

  @Test(arguments: samples) func rawAndTyped(_ sample: Sample) throws {
    for data in [Wire.bytes(9, sample.raw), sample.entries] {
      let (tensor, rules) = try openedTensor(Bytes.tensor("w", type: sample.number, [sample.count], data))
      #expect(tensor.dataType == sample.type)
      #expect(tensor.content == sample.content)
      #expect(rules == [])
    }
  }

  @Test func notANumber() throws {
    for (number, pattern) in [(10, 0x7E00), (16, 0x7FC0), (17, 0x7F), (18, 0x80), (19, 0x7E), (20, 0x80), (24, 0xFF)] {
      let (tensor, _) = try openedTensor(Bytes.tensor("w", type: number, [1], Wire.packed(5, [pattern])))
      guard case .reals(let values) = tensor.content else {
        Issue.record("type \(number) has no content")
        continue
      }
      let count = values.count { $0.isNaN }
      #expect(count == 1)
    }
  }

  @Test func texts() throws {
    let (tensor, rules) = try openedTensor(
      Bytes.tensor("w", type: 8, [3], ["a", "", "ü"].flatMap { Wire.text(6, $0) }))
    #expect(tensor.content == .texts(["a", "", "ü"]))
    #expect(tensor.storage == .scattered)
    #expect(rules == [])
  }

  @Test func complexNumbersHaveNoContent() throws {
    #expect(try openedTensor(Bytes.tensor("w", type: 14, [1], Bytes.raw(8))).tensor.content == nil)
    let (tensor, rules) = try openedTensor(
      Bytes.tensor("w", type: 15, [1], Wire.bytes(10, [UInt8](repeating: 0, count: 16))))
    #expect(tensor.content == nil)
    #expect(rules == [])
  }

  /// Numbers one by one are legal where the schema packs them, and the other way around.
  @Test func unpackedNumbers() throws {
    let (tensor, rules) = try openedTensor(Bytes.tensor("w", type: 7, [3], [5, -1, 7].flatMap { Wire.number(7, $0) }))
    #expect(tensor.content == .integers([5, -1, 7]))
    #expect(tensor.storage == .scattered)
    #expect(rules == [])
    let dims = Wire.packed(1, [2, 3]) + Wire.number(2, 1) + Bytes.raw(24)
    #expect(try openedTensor(dims).tensor.shape == [2, 3])
  }

  @Test func aThousandBytesAreKept() throws {
    for (count, isKept) in [(128, true), (129, false)] {
      for data in [Bytes.raw(8 * count), (0..<count).flatMap { Wire.tag(10, 1) + Wire.little(UInt64($0)) }] {
        let (tensor, rules) = try openedTensor(Bytes.tensor("w", type: 11, [count], data))
        #expect((tensor.content != nil) == isKept)
        #expect(rules == [])
      }
    }
    // What is not kept is counted all the same.
    let many = (0..<2_000).flatMap { Wire.number(7, $0) }
    #expect(try openedTensor(Bytes.tensor("w", type: 7, [2_001], many)).rules == ["tensor-data-length"])
    #expect(try openedTensor(Bytes.tensor("w", type: 7, [2_000], many)).rules == [])
    let texts = (0..<2_000).flatMap { _ in Wire.text(6, "") }
    #expect(try openedTensor(Bytes.tensor("w", type: 8, [2_000], texts)).tensor.content == nil)
  }

  @Test func rangesAreThoseOfTheFile() throws {
    let bytes = Bytes.model(Bytes.graph(initializers: [Bytes.tensor("w", [2], Wire.bytes(9, Array("12345678".utf8)))]))
    let tensor = try #require(try opened(bytes).graph.initializers.first)
    guard case .inline(let range) = tensor.storage else {
      Issue.record("the tensor is not inline")
      return
    }
    #expect(Array(bytes[range.offset..<range.end]) == Array("12345678".utf8))
  }

  @Test func noElements() throws {
    let (tensor, rules) = try openedTensor(Bytes.tensor("w", type: 7, [0], []))
    #expect(tensor.content == .integers([]))
    #expect(rules == [])
    #expect(try openedTensor(Bytes.tensor("w", type: 1, [0, 4], Bytes.raw(0))).tensor.content == .reals([]))
  }

  @Test func sparse() throws {
    let indices = Bytes.tensor("i", type: 7, [2, 2], Wire.packed(7, [0, 1, 2, 3]))
    let sparse = Wire.bytes(1, Bytes.tensor()) + Wire.bytes(2, indices) + Wire.packed(3, [4, 5])
    let model = try opened(Bytes.model(Bytes.graph(extra: Wire.bytes(15, sparse))))
    let tensor = try #require(model.graph.initializers.first)
    #expect(tensor.name == "w")
    #expect(tensor.shape == [4, 5])
    #expect(tensor.sparse == ElementCount(2))
    #expect(tensor.content == nil)
    #expect(model.findings == [])
  }

  @Test func aFileOfOneTensor() throws {
    let folder = TemporaryFolder()
    let values = (0..<10_000).map { $0 }
    let path = try folder.write("input_0.pb", Bytes.tensor("x", type: 7, [10_000], Wire.packed(7, values)))
    let (tensor, findings) = try TensorDefinition.open(path)
    #expect(tensor.content == .integers(values))
    #expect(findings == [])
    let model = try folder.write("model.onnx", Bytes.model(Bytes.graph()))
    #expect(throws: (any Error).self) { try TensorDefinition.open(model) }
  }
}
