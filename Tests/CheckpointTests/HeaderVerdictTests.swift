import Checkpoint
import Testing
import Units

/// What becomes of a header. The verdicts are those of safetensors 0.8.0.
struct HeaderCase: CustomTestStringConvertible, Sendable {
  enum Verdict: Sendable {
    case accepted, noted(String), rejected(CheckpointError.Code)
  }

  var name: String
  var header: [UInt8]
  /// Bytes behind the header.
  var data: Int
  var verdict: Verdict

  init(_ name: String, _ header: String, data: Int = 16, _ verdict: Verdict) {
    self.init(name, Array(header.utf8), data: data, verdict)
  }

  init(_ name: String, _ header: [UInt8], data: Int = 16, _ verdict: Verdict) {
    self.name = name
    self.header = header
    self.data = data
    self.verdict = verdict
  }

  var testDescription: String { name }

  static let all: [HeaderCase] = [
    HeaderCase("one tensor", "{\(entry("a"))}", .accepted),
    HeaderCase("no tensors", "{}", data: 0, .accepted),
    HeaderCase("no tensors, metadata", #"{"__metadata__":{"format":"pt"}}"#, data: 0, .accepted),
    HeaderCase("scalar", "{\(entry("a", "F32", "[]", 0, 4))}", data: 4, .accepted),
    HeaderCase("no elements", "{\(entry("a", "F32", "[0,5]", 0, 0))}", data: 0, .accepted),
    HeaderCase(
      "no elements between others",
      "{\(entry("a")),\(entry("b", "F32", "[0]", 16, 16)),\(entry("c", "F32", "[1]", 16, 20))}", data: 20, .accepted),
    HeaderCase("order of keys is free", "{\(entry("b", "F32", "[1]", 16, 20)),\(entry("a"))}", data: 20, .accepted),
    HeaderCase("length not a multiple of 8", "{\(entry("abc"))}", .accepted),
    HeaderCase("rank 3000", "{\(entry("a", "F32", "[4\(String(repeating: ",1", count: 2999))]"))}", .accepted),
    HeaderCase("empty name", "{\(entry(""))}", .accepted),
    HeaderCase("long name", "{\(entry(String(repeating: "n", count: 100_000)))}", .accepted),
    HeaderCase(
      "escaped name", #"{"\u0061\ud83d\ude00\/\n":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, data: 1, .accepted
    ),
    HeaderCase("NUL in a name", "{\(entry("a")),\(entry(#"a\u0000b"#, "F32", "[1]", 16, 20))}", data: 20, .accepted),
    HeaderCase("padded with white space", "{\(entry("a"))} \t\r\n ", .accepted),
    HeaderCase(
      "0 before 2^63", "{\(entry("a", "F32", "[0,9223372036854775808,4]", 0, 0))}", data: 0, .noted("dimension-clamped")
    ),
    HeaderCase("white space first", " \n{\(entry("a"))}", .noted("header-leading-space")),
    HeaderCase("tensor as an array", #"{"a":["F32",[4],[0,16]]}"#, .noted("tensor-as-array")),
    HeaderCase(
      "dtype as an object", #"{"a":{"dtype":{"F32":null},"shape":[4],"data_offsets":[0,16]}}"#,
      .noted("dtype-as-object")),
    HeaderCase(
      "unknown field", #"{"a":{"dtype":"F32","x":[{"y":-1.5e-7}],"shape":[4],"data_offsets":[0,16]}}"#,
      .noted("unknown-tensor-field")),
    HeaderCase("unknown field, 127 levels", nested(125), .noted("unknown-tensor-field")),
    HeaderCase("null metadata", #"{"__metadata__":null}"#, data: 0, .noted("metadata-null")),
    HeaderCase(
      "metadata key twice", #"{"__metadata__":{"a":"1","\u0061":"2"}}"#, data: 0, .noted("metadata-duplicate-key")),
    HeaderCase("name twice, same place", "{\(entry("a")),\(entry("a"))}", .noted("duplicate-tensor-name")),
    HeaderCase("name twice, once escaped", "{\(entry("a")),\(entry(#"\u0061"#))}", .noted("duplicate-tensor-name")),
    HeaderCase(
      "name twice, other shape", "{\(entry("a")),\(entry("a", "F32", "[2,2]"))}", .noted("duplicate-tensor-name")),
    HeaderCase(
      "name twice, the last has the right place", "{\(entry("a", "F32", "[4]", 999, 1015)),\(entry("a"))}",
      .noted("duplicate-tensor-name")),

    HeaderCase("not UTF-8", Array(#"{""#.utf8) + [0xFF] + Array(#"":1}"#.utf8), .rejected(.headerNotUTF8)),
    HeaderCase("overlong UTF-8", Array(#"{""#.utf8) + [0xC0, 0x80] + Array(#"":1}"#.utf8), .rejected(.headerNotUTF8)),
    HeaderCase(
      "UTF-8 surrogate", Array(#"{""#.utf8) + [0xED, 0xA0, 0x80] + Array(#"":1}"#.utf8), .rejected(.headerNotUTF8)),
    HeaderCase("byte-order mark", [0xEF, 0xBB, 0xBF] + Array("{}".utf8), data: 0, .rejected(.headerNotJSON)),
    HeaderCase("nothing", "", data: 0, .rejected(.headerNotJSON)),
    HeaderCase("white space only", "  ", data: 0, .rejected(.headerNotJSON)),
    HeaderCase("no JSON", "notjson!", data: 0, .rejected(.headerNotJSON)),
    HeaderCase("single quotes", "{'a':1}", .rejected(.headerNotJSON)),
    HeaderCase("comment", "{\(entry("a")) /* x */}", .rejected(.headerNotJSON)),
    HeaderCase("trailing comma", "{\(entry("a")),}", .rejected(.headerNotJSON)),
    HeaderCase("two objects", "{\(entry("a"))}{}", .rejected(.headerNotJSON)),
    HeaderCase("padded with NUL", Array("{\(entry("a"))}".utf8) + [0, 0], .rejected(.headerNotJSON)),
    HeaderCase("cut off", "{\(entry("a"))", .rejected(.headerNotJSON)),
    HeaderCase("raw newline in a name", "{\(entry("a\nb"))}", .rejected(.headerNotJSON)),
    HeaderCase("half a surrogate pair", "{\(entry(#"\ud800"#))}", .rejected(.headerNotJSON)),
    HeaderCase("surrogates the wrong way round", "{\(entry(#"\udc00\ud800"#))}", .rejected(.headerNotJSON)),
    HeaderCase("unknown escape", "{\(entry(#"\x41"#))}", .rejected(.headerNotJSON)),
    HeaderCase("leading zero", "{\(entry("a", "F32", "[04]"))}", .rejected(.headerNotJSON)),
    HeaderCase("NaN", #"{"a":{"dtype":"F32","x":NaN,"shape":[4],"data_offsets":[0,16]}}"#, .rejected(.headerNotJSON)),
    HeaderCase(
      "1e400", #"{"a":{"dtype":"F32","x":1e400,"shape":[4],"data_offsets":[0,16]}}"#, .rejected(.headerNotJSON)),
    HeaderCase("unknown field, 128 levels", nested(126), .rejected(.headerNotJSON)),

    HeaderCase("array", "[]", data: 0, .rejected(.headerStructure)),
    HeaderCase("null", "null", data: 0, .rejected(.headerStructure)),
    HeaderCase("string", #""x""#, data: 0, .rejected(.headerStructure)),
    HeaderCase("number", "123", data: 0, .rejected(.headerStructure)),
    HeaderCase("tensor as a string", #"{"a":"F32"}"#, .rejected(.headerStructure)),
    HeaderCase("tensor as a short array", #"{"a":["F32",[4]]}"#, .rejected(.headerStructure)),
    HeaderCase("tensor as a long array", #"{"a":["F32",[4],[0,16],1]}"#, .rejected(.headerStructure)),
    HeaderCase("shape as a number", "{\(entry("a", "F32", "4"))}", .rejected(.headerStructure)),
    HeaderCase("extent as a string", "{\(entry("a", "F32", #"["4"]"#))}", .rejected(.headerStructure)),
    HeaderCase("extent 4.0", "{\(entry("a", "F32", "[4.0]"))}", .rejected(.headerStructure)),
    HeaderCase("extent 4e0", "{\(entry("a", "F32", "[4e0]"))}", .rejected(.headerStructure)),
    HeaderCase("extent -0", "{\(entry("a", "F32", "[-0]", 0, 0))}", data: 0, .rejected(.headerStructure)),
    HeaderCase("extent -4", "{\(entry("a", "F32", "[-4]"))}", .rejected(.headerStructure)),
    HeaderCase(
      "extent 2^64", "{\(entry("a", "F32", "[0,18446744073709551616]", 0, 0))}", data: 0, .rejected(.headerStructure)),
    HeaderCase("one offset", #"{"a":{"dtype":"F32","shape":[4],"data_offsets":[16]}}"#, .rejected(.headerStructure)),
    HeaderCase(
      "three offsets", #"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16,16]}}"#, .rejected(.headerStructure)),
    HeaderCase("dtype null", #"{"a":{"dtype":null,"shape":[4],"data_offsets":[0,16]}}"#, .rejected(.headerStructure)),
    HeaderCase("dtype {}", #"{"a":{"dtype":{},"shape":[4],"data_offsets":[0,16]}}"#, .rejected(.headerStructure)),
    HeaderCase("metadata an array", #"{"__metadata__":[]}"#, data: 0, .rejected(.headerStructure)),
    HeaderCase("metadata with a number", #"{"__metadata__":{"a":1}}"#, data: 0, .rejected(.headerStructure)),
    HeaderCase(
      "metadata twice", #"{"__metadata__":{},"\u005f_metadata__":{}}"#, data: 0, .rejected(.headerDuplicateField)),
    HeaderCase(
      "dtype twice", #"{"a":{"dtype":"F32","dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#,
      .rejected(.headerDuplicateField)),
    HeaderCase("no dtype", #"{"a":{"shape":[4],"data_offsets":[0,16]}}"#, .rejected(.headerMissingField)),
    HeaderCase("no shape", #"{"a":{"dtype":"F32","data_offsets":[0,16]}}"#, .rejected(.headerMissingField)),
    HeaderCase("no offsets", #"{"a":{"dtype":"F32","shape":[4]}}"#, .rejected(.headerMissingField)),
    HeaderCase("dtype in lower case", "{\(entry("a", "f32"))}", .rejected(.unknownDataType)),
    HeaderCase("dtype of the future", "{\(entry("a", "I128"))}", .rejected(.unknownDataType)),

    HeaderCase("gap at the beginning", "{\(entry("a", "F32", "[4]", 8, 24))}", data: 24, .rejected(.tensorOffset)),
    HeaderCase(
      "gap between", "{\(entry("a")),\(entry("b", "F32", "[4]", 24, 40))}", data: 40, .rejected(.tensorOffset)),
    HeaderCase("overlap", "{\(entry("a")),\(entry("b", "F32", "[4]", 8, 24))}", data: 24, .rejected(.tensorOffset)),
    HeaderCase("one in another", "{\(entry("a")),\(entry("b", "F32", "[1]", 4, 8))}", .rejected(.tensorOffset)),
    HeaderCase("end before beginning", "{\(entry("a", "F32", "[4]", 16, 0))}", .rejected(.tensorOffset)),
    HeaderCase(
      "end before beginning at 0", "{\(entry("z", "F32", "[0]", 0, 0)),\(entry("a", "F32", "[1]", 4, 0))}",
      .rejected(.tensorOffset)),
    HeaderCase(
      "name twice, other place", "{\(entry("a")),\(entry("a", "F32", "[4]", 16, 32))}", data: 32,
      .rejected(.tensorOffset)),
    HeaderCase(
      "2^63 before 0", "{\(entry("a", "F32", "[9223372036854775808,4,0]", 0, 0))}", data: 0, .rejected(.tensorOverflow)),
    HeaderCase("2^64 elements", "{\(entry("a", "F32", "[4294967296,4294967296]"))}", .rejected(.tensorOverflow)),
    HeaderCase(
      "2^61 elements of 32 bits", "{\(entry("a", "F32", "[2305843009213693952]"))}", .rejected(.tensorOverflow)),
    HeaderCase("three of 4 bits", "{\(entry("a", "F4", "[3]", 0, 2))}", data: 2, .rejected(.tensorMisaligned)),
    HeaderCase("three of 6 bits", "{\(entry("a", "F6_E2M3", "[3]", 0, 2))}", data: 2, .rejected(.tensorMisaligned)),
    HeaderCase("a byte too few for the shape", "{\(entry("a", "U8", "[17]"))}", .rejected(.tensorSize)),
    HeaderCase("a byte too many for the shape", "{\(entry("a", "U8", "[15]"))}", .rejected(.tensorSize)),
    HeaderCase(
      "end 2^64 - 1", #"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,18446744073709551615]}}"#,
      .rejected(.tensorSize)),
    HeaderCase("file a byte short", "{\(entry("a"))}", data: 15, .rejected(.fileNotCovered)),
    HeaderCase("file a byte long", "{\(entry("a"))}", data: 17, .rejected(.fileNotCovered)),
    HeaderCase("data without tensors", "{}", data: 1, .rejected(.fileNotCovered)),
  ]

  /// A tensor with an unknown field of this many arrays in each other. Header and tensor are two levels more.
  private static func nested(_ count: Int) -> String {
    let value = String(repeating: "[", count: count) + String(repeating: "]", count: count)
    return #"{"a":{"dtype":"F32","x":"# + value + #","shape":[4],"data_offsets":[0,16]}}"#
  }
}

@Suite struct HeaderVerdictTests {
  @Test(arguments: HeaderCase.all) func verdict(_ sample: HeaderCase) throws {
    let folder = TemporaryFolder()
    let path = try folder.write("model.safetensors", safetensors(sample.header), hole: sample.data)
    switch sample.verdict {
    case .accepted:
      #expect(try Checkpoint.open(path).findings == [])
    case .noted(let rule):
      #expect(try Checkpoint.open(path).findings.map(\.rule) == [rule])
    case .rejected(let code):
      let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(path) }
      #expect(error?.code == code)
      #expect(error?.file == path)
      #expect(error?.isMissingInput == false)
      let end = 8 + sample.header.count + sample.data
      #expect(error?.offset.map { (0...end).contains($0) } == true)
    }
  }

  @Test func offsetsPointAtTheFault() throws {
    let folder = TemporaryFolder()
    let header = "{\(entry("first")),\(entry("second", "F99", "[4]", 16, 32))}"
    let path = try folder.write("model.safetensors", safetensors(header), hole: 32)
    let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(path) }
    #expect(error?.tensor == "second")
    let place = header.utf8.split(separator: UInt8(ascii: "9")).first.map { $0.count } ?? 0
    // The fault is the string "F99", whose quote stands two bytes before the first 9.
    #expect(error?.offset == 8 + place - 2)
  }

  @Test func tensorsComeInNaturalOrderWithExactPlaces() throws {
    let folder = TemporaryFolder()
    let header =
      "{\(entry("layers.10.w", "F16", "[2,3]", 0, 12)),\(entry("layers.2.w", "U8", "[5]", 12, 17)),\(entry("layers.2.b", "F64", "[]", 17, 25))}"
    let path = try folder.write("model.safetensors", safetensors(header), hole: 25)
    let set = try Checkpoint.open(path).primaryWeightSet()
    #expect(set.tensors.map(\.name) == ["layers.2.b", "layers.2.w", "layers.10.w"])
    #expect(set.tensors.map(\.shape) == [[], [5], [2, 3]])
    #expect(set.tensors.map(\.dataType) == [.float64, .uint8, .float16])
    let data = 8 + header.utf8.count
    #expect(set.tensors.map(\.range.offset) == [data + 17, data + 12, data])
    #expect(set.tensors.map(\.range.length) == [8, 5, 12])
    #expect(set.fileLengths == [ByteCount(data + 25)])
  }

  @Test func namesAreDecodedAndKeptApart() throws {
    let folder = TemporaryFolder()
    let header =
      "{\(entry("a", "U8", "[1]", 0, 1)),\(entry(#"a\u0000b"#, "U8", "[1]", 1, 2)),\(entry(#"\ud83d\ude00\t"#, "U8", "[1]", 2, 3))}"
    let path = try folder.write("model.safetensors", safetensors(header), hole: 3)
    let names = try Checkpoint.open(path).primaryWeightSet().tensors.map(\.name)
    #expect(Set(names) == ["a", "a\0b", "\u{1F600}\t"])
  }

  @Test func theLastOfTwoEntriesCounts() throws {
    let folder = TemporaryFolder()
    let path = try folder.write(
      "model.safetensors", safetensors("{\(entry("a")),\(entry("a", "U8", "[2,8]"))}"), hole: 16)
    let tensors = try Checkpoint.open(path).primaryWeightSet().tensors
    #expect(tensors.map(\.shape) == [[2, 8]])
    #expect(tensors.map(\.dataType) == [.uint8])
  }

  @Test func hugeExtentsBesideZeroAreClamped() throws {
    let folder = TemporaryFolder()
    let path = try folder.write(
      "model.safetensors", safetensors("{\(entry("a", "F32", "[0,18446744073709551615]", 0, 0))}"))
    let checkpoint = try Checkpoint.open(path)
    #expect(try checkpoint.primaryWeightSet().tensors.first?.shape == [0, .max])
    #expect(checkpoint.findings.map(\.tensor) == ["a"])
  }

  @Test func metadataIsKept() throws {
    let folder = TemporaryFolder()
    let header = #"{"__metadata__":{"format":"pt","lm\u005fhead.weight":"embed.weight"},"# + entry("a") + "}"
    let path = try folder.write("model.safetensors", safetensors(header), hole: 16)
    let set = try Checkpoint.open(path).primaryWeightSet()
    #expect(set.metadata == [["format": "pt", "lm_head.weight": "embed.weight"]])
  }
}
