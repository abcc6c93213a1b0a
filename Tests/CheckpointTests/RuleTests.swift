import Checkpoint
import Testing
import Units

/// Every rule has a fixture that breaks it and nothing else.
@Suite struct RuleTests {
  struct Fixture: CustomTestStringConvertible, Sendable {
    var rule: Finding.Rule
    /// Rules that the same fixture cannot help but break too.
    var company: Set<Finding.Rule> = []
    var write: @Sendable (TemporaryFolder) throws -> Void

    var testDescription: String { rule.rawValue }
  }

  private static func header(_ rule: Finding.Rule, _ text: String, data: Int = 16) -> Fixture {
    Fixture(rule: rule) { try $0.write("model.safetensors", safetensors(text), hole: data) }
  }

  private static let vector = PickleText.tensor("0", [4])

  private static func pickle(_ rule: Finding.Rule, _ value: [UInt8]) -> Fixture {
    Fixture(rule: rule) { try $0.write("pytorch_model.bin", torchArchive(value, storages: [("0", 16)])) }
  }

  private static func configuration(_ rule: Finding.Rule, _ text: String, hole: Int = 0) -> Fixture {
    Fixture(rule: rule) {
      try $0.write("model.safetensors", vectors("layers.0.w"))
      try $0.write("config.json", text.utf8, hole: hole)
    }
  }

  private static func shards(
    _ rule: Finding.Rule, and company: Set<Finding.Rule> = [], first: [UInt8] = vectors("a"),
    second: [UInt8]? = vectors("b"),
    index text: String? = index(ShardTests.map)
  ) -> Fixture {
    Fixture(rule: rule, company: company) {
      try $0.write(ShardTests.one, first)
      if let second { try $0.write(ShardTests.two, second) }
      if let text { try $0.write(ShardTests.name, text: text) }
    }
  }

  static let fixtures: [Fixture] = [
    header(.duplicateTensorName, "{\(entry("a")),\(entry("a"))}"),
    header(.headerLeadingSpace, " {\(entry("a"))}"),
    header(.metadataNull, #"{"__metadata__":null,"# + entry("a") + "}"),
    header(.metadataDuplicateKey, #"{"__metadata__":{"a":"","a":""}}"#, data: 0),
    header(.tensorAsArray, #"{"a":["F32",[4],[0,16]]}"#),
    header(.dtypeAsObject, #"{"a":{"dtype":{"F32":null},"shape":[4],"data_offsets":[0,16]}}"#),
    header(.unknownTensorField, #"{"a":{"x":0,"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#),
    header(.dimensionClamped, "{\(entry("a", "F32", "[0,9223372036854775808]", 0, 0))}", data: 0),

    pickle(.pickleForeignGlobal, PickleText.dictionary(("a", vector), ("b", PickleText.global("os", "system")))),
    pickle(.pickleNoTensors, PickleText.dictionary(("a", PickleText.integer(1)))),
    pickle(.pickleWrapped, PickleText.dictionary(("state_dict", PickleText.dictionary(("a", vector))))),
    pickle(
      .pickleTensorKind,
      PickleText.dictionary(
        ("a", vector), ("b", PickleText.call(PickleText.global("torch._utils", "_rebuild_qtensor"))))),
    pickle(.pickleTrailingBytes, PickleText.dictionary(("a", vector)) + [0x2E]),
    pickle(.storageShared, PickleText.dictionary(("a", vector), ("b", vector))),
    pickle(
      .storageOverlap, PickleText.dictionary(("a", vector), ("b", PickleText.tensor("0", [2], of: 4)))),
    pickle(.storageUnused, PickleText.dictionary(("b", PickleText.tensor("0", [2], of: 4)))),

    Fixture(rule: .linkOutOfFolder) { try $0.link("model.safetensors", to: outside.file("x.safetensors")) },
    Fixture(rule: .singleFileAndIndex, company: [.severalWeightSets]) {
      try $0.write("model.safetensors", vectors("a"))
      try $0.write(ShardTests.one, vectors("a"))
      try $0.write(ShardTests.two, vectors("b"))
      try $0.write(ShardTests.name, text: index(ShardTests.map))
    },
    Fixture(rule: .severalWeightSets) {
      try $0.write("model.safetensors", vectors("a"))
      try $0.write("model.fp16.safetensors", vectors("a"))
    },
    Fixture(rule: .weightSetUnreadable) {
      try $0.write("model.safetensors", vectors("a"))
      try $0.write("model.fp16.safetensors", text: "")
    },
    Fixture(rule: .slicedTensors, company: [.indexMissing]) {
      let header = #"{"__metadata__":{"DCP_SHARDING_INFO":"{}"},"# + entry("a") + "}"
      try $0.write("shard-00001-model-00001-of-00001.safetensors", safetensors(header), hole: 16)
      try $0.write("shard-00002-model-00001-of-00001.safetensors", safetensors(header), hole: 16)
    },

    Fixture(rule: .shapesFromValues) {
      try $0.write(
        "model.safetensors",
        safetensors("{\(entry("a.weight_shape", "I64", "[2]"))}") + littleEndian(7) + littleEndian(9))
    },

    shards(.indexMissing, index: nil),
    shards(.indexEmpty, and: [.shardNotIndexed], index: index([])),
    shards(.indexRepeatedEntry, index: index([("a", ShardTests.one)] + ShardTests.map)),
    shards(.indexRepeatedKey, index: #"{"metadata":{},"metadata":{},"# + index(ShardTests.map).dropFirst()),
    shards(.indexTotalSizeType, index: index(ShardTests.map, totalSize: "32.0")),
    shards(.indexTotalSize, index: index(ShardTests.map, totalSize: "31")),
    shards(.indexedTensorAbsent, index: index(ShardTests.map + [("c", ShardTests.two)])),
    shards(.tensorNotIndexed, second: vectors("b", "c")),
    shards(.tensorInTwoShards, second: vectors("a", "b")),
    shards(.shardNotIndexed, index: index([("a", ShardTests.one)])),
    shards(.shardMissing, and: [.indexMissing], second: nil, index: nil),
    Fixture(rule: .shardsAbsent) { try $0.write(ShardTests.name, text: index(ShardTests.map)) },

    Fixture(rule: .configUnreadable) {
      try $0.write("model.safetensors", vectors("a"))
      try $0.link("config.json", to: "nowhere")
    },
    configuration(.configEmpty, ""),
    Fixture(rule: .configNotUTF8) {
      try $0.write("model.safetensors", vectors("a"))
      try $0.write("config.json", [0xFF])
    },
    configuration(.configNotJSON, "{"),
    configuration(.configTooDeep, #"{"a":"# + String(repeating: "[", count: 127)),
    configuration(.configTooLarge, "{}", hole: 16 << 20),
    configuration(.configNotObject, "[]"),
    configuration(.configDuplicateKey, #"{"model_type":"a","model_type":"b"}"#),
    configuration(.configNotANumber, #"{"model_type":"a","x":NaN}"#),
    configuration(.configKeyWithNUL, #"{"model_type":"a","\u0000":1}"#),
    configuration(.configNoModelType, "{}"),
    configuration(.configWrongType, #"{"model_type":"a","hidden_size":"64"}"#),
    configuration(.configOutOfRange, #"{"model_type":"a","hidden_size":-64}"#),
    configuration(.configHeads, #"{"model_type":"a","hidden_size":64,"num_attention_heads":5}"#),
    configuration(.configKeyValueHeads, #"{"model_type":"a","num_attention_heads":4,"num_key_value_heads":3}"#),
    configuration(.configUnknownDtype, #"{"model_type":"a","dtype":"f99"}"#),
  ]

  private static let outside: TemporaryFolder = {
    let folder = TemporaryFolder()
    _ = try? folder.write("x.safetensors", vectors("a"))
    return folder
  }()

  @Test(arguments: fixtures) func isBroken(_ fixture: Fixture) throws {
    let folder = TemporaryFolder()
    try fixture.write(folder)
    let findings = try Checkpoint.open(folder.path).findings
    #expect(Set(findings.map(\.rule)) == Set(fixture.company.map(\.rawValue)).union([fixture.rule.rawValue]))
  }

  @Test func noneIsForgotten() {
    // `one-shard-only` is about a file, not a folder: see ShardTests.
    let known = Set(Self.fixtures.map(\.rule) + FolderAuditTests.fixtures.compactMap(\.rule)).union([.oneShardOnly])
    #expect(Set(Finding.Rule.allCases).subtracting(known) == [])
  }
}
