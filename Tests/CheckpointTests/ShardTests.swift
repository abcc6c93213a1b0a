import Checkpoint
import Testing
import Units

/// Shards and the index that names them.
@Suite struct ShardTests {
  static let one = "model-00001-of-00002.safetensors"
  static let two = "model-00002-of-00002.safetensors"
  static let name = "model.safetensors.index.json"

  /// Two shards, `a` in the first and `b` in the second, under the index given.
  private func pair(_ index: String) throws -> TemporaryFolder {
    let folder = TemporaryFolder()
    try folder.write(Self.one, vectors("a"))
    try folder.write(Self.two, vectors("b"))
    try folder.write(Self.name, text: index)
    return folder
  }

  private func code(of index: String) throws -> CheckpointError.Code? {
    let folder = try pair(index)
    do throws(CheckpointError) {
      _ = try Checkpoint.open(folder.path)
      return nil
    } catch {
      return error.code
    }
  }

  private func rules(of index: String) throws -> [String] {
    let folder = try pair(index)
    return try Checkpoint.open(folder.path).findings.map(\.rule)
  }

  static let map = [("a", one), ("b", two)]

  @Test(arguments: [nil, "32"]) func twoShards(_ totalSize: String?) throws {
    let folder = try pair(index(Self.map, totalSize: totalSize))
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.findings == [])
    #expect(checkpoint.weightSets.count == 1)
    let set = try checkpoint.primaryWeightSet()
    #expect(set.files == [Self.one, Self.two])
    #expect(set.tensors.map(\.name) == ["a", "b"])
    #expect(set.tensors.map(\.fileIndex) == [0, 1])
    #expect(set.label == "model (2 shards)")
  }

  @Test func theIndexItselfMayBeGiven() throws {
    let folder = try pair(index(Self.map))
    let checkpoint = try Checkpoint.open(folder.file(Self.name))
    #expect(try checkpoint.primaryWeightSet().tensors.map(\.name) == ["a", "b"])
  }

  @Test(arguments: ["33", "0", "18446744073709551615"]) func wrongTotal(_ size: String) throws {
    #expect(try rules(of: index(Self.map, totalSize: size)) == ["index-total-size"])
  }

  @Test(arguments: ["32.0", #""32""#, "null", "[32]", "1208925819614629174706176", "-32", "NaN"])
  func totalOfTheWrongKind(_ size: String) throws {
    #expect(try rules(of: index(Self.map, totalSize: size)) == ["index-total-size-type"])
  }

  @Test(arguments: [
    "", ".", "..", "/etc/passwd", "../ok/model.safetensors", "sub/../../x.safetensors", "./model.safetensors", "sub//x",
    #"..\\x.safetensors"#, #"a\u0000.safetensors"#, "sub/",
  ]) func namesThatLeaveTheFolder(_ name: String) throws {
    #expect(try code(of: index([("a", name), ("b", Self.two)])) == .indexShardName)
  }

  @Test func aShardInASubfolderIsFine() throws {
    let folder = TemporaryFolder()
    try folder.write("sub/\(Self.one)", vectors("a"))
    try folder.write(Self.two, vectors("b"))
    try folder.write(Self.name, text: index([("a", "sub/\(Self.one)"), ("b", Self.two)]))
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.findings == [])
    #expect(try checkpoint.primaryWeightSet().tensors.count == 2)
  }

  @Test(arguments: [
    ("[]", CheckpointError.Code.indexStructure), ("{}", .indexNoWeightMap),
    (#"{"metadata": {"total_size": 32}}"#, .indexNoWeightMap),
    (#"{"weight_map": []}"#, .indexStructure), (#"{"weight_map": null}"#, .indexStructure),
    (#"{"weight_map": {"a": 1}}"#, .indexStructure), (#"{"weight_map": {}, "weight_map": {}}"#, .indexStructure),
    (#"{"weight_map": {"a": "#, .indexNotJSON), ("", .indexNotJSON), (#"{"weight_map": {}} x"#, .indexNotJSON),
    (String(repeating: "[", count: 100_000), .indexStructure),
    (#"{"x": "# + String(repeating: "[", count: 100_000), .indexNotJSON),
  ]) func brokenIndex(_ text: String, _ expected: CheckpointError.Code) throws {
    #expect(try code(of: text) == expected)
  }

  @Test func anIndexThatIsNotUTF8() throws {
    let folder = TemporaryFolder()
    try folder.write(Self.name, Array(#"{"weight_map":{""#.utf8) + [0xFF] + Array(#"":"x"}}"#.utf8))
    let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(folder.path) }
    #expect(error?.code == .indexNotUTF8)
    #expect(error?.offset == 16)
  }

  @Test func aMergeConflictIsRecognised() throws {
    let folder = try pair(index(Self.map) + "\n=======\n" + index(Self.map) + "\n>>>>>>> theirs\n")
    let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(folder.path) }
    #expect(error?.code.rawValue == "merge-conflict")
    #expect(error?.message.contains("merge conflict") == true)
    #expect(error?.message.contains("line 2, column 1") == true)
  }

  @Test func aTensorMappedTwice() throws {
    #expect(try code(of: index([("a", Self.one), ("a", Self.two), ("b", Self.two)])) == .indexConflict)
    #expect(try code(of: index([("a", Self.one), (#"\u0061"#, Self.two), ("b", Self.two)])) == .indexConflict)
    #expect(try rules(of: index([("a", Self.one), ("a", Self.one), ("b", Self.two)])) == ["index-repeated-entry"])
  }

  @Test func emptyMap() throws {
    #expect(try rules(of: index([])).contains("index-empty"))
  }

  @Test func shardNamesThatUnicodeCallsEqual() throws {
    let folder = TemporaryFolder()
    let composed = "\u{E9}.safetensors"
    let decomposed = "e\u{301}.safetensors"
    try folder.write(composed, vectors("a"))
    try folder.write(decomposed, vectors("b"))
    try folder.write(Self.name, text: index([("a", composed), ("b", decomposed)]))
    #expect(try Checkpoint.open(folder.path).primaryWeightSet().files.count == 2)
  }

  @Test func aTensorThatNoShardHas() throws {
    let folder = try pair(index(Self.map + [("c", Self.two)]))
    let findings = try Checkpoint.open(folder.path).findings
    #expect(findings.map(\.rule) == ["indexed-tensor-absent"])
    #expect(findings.map(\.tensor) == ["c"])
    #expect(findings.map(\.severity) == [.error])
  }

  @Test func aTensorInTheWrongShard() throws {
    let findings = try rules(of: index([("a", Self.two), ("b", Self.one)]))
    #expect(Set(findings) == ["indexed-tensor-absent"])
  }

  @Test func aTensorThatTheIndexForgets() throws {
    let folder = TemporaryFolder()
    try folder.write(Self.one, vectors("a", "extra"))
    try folder.write(Self.two, vectors("b"))
    try folder.write(Self.name, text: index(Self.map, totalSize: "48"))
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.findings.map(\.rule) == ["tensor-not-indexed"])
    #expect(try checkpoint.primaryWeightSet().tensors.map(\.name) == ["a", "b", "extra"])
  }

  @Test func aTensorInTwoShardsIsCountedOnce() throws {
    let folder = TemporaryFolder()
    try folder.write(Self.one, vectors("a"))
    try folder.write(Self.two, vectors("b", "a"))
    try folder.write(Self.name, text: index(Self.map, totalSize: "32"))
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.findings.map(\.rule) == ["tensor-in-two-shards"])
    let tensors = try checkpoint.primaryWeightSet().tensors
    #expect(tensors.map(\.name) == ["a", "b"])
    #expect(tensors.map(\.fileIndex) == [0, 1])
  }

  @Test func manyFindingsOfAKindAreCapped() throws {
    let absent = (0..<500).map { ("absent.\($0)", Self.two) }
    let findings = try rules(of: index(Self.map + absent))
    #expect(findings.count == 51)
    let folder = try pair(index(Self.map + absent))
    #expect(try Checkpoint.open(folder.path).findings.last?.message == "and 450 more of this kind")
  }

  @Test func aShardThatIsMissing() throws {
    let folder = TemporaryFolder()
    try folder.write(Self.one, vectors("a"))
    try folder.write(Self.name, text: index(Self.map))
    let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(folder.path) }
    #expect(error?.code == .shardMissing)
    #expect(error?.file == folder.file(Self.two))
    #expect(error?.isMissingInput == true)
    try folder.write(Self.two + ".incomplete", text: "partial")
    let again = #expect(throws: CheckpointError.self) { try Checkpoint.open(folder.path) }
    #expect(again?.help?.contains("Resume") == true)
  }

  @Test func noShardAtAllLeavesTheIndexToAudit() throws {
    let folder = TemporaryFolder()
    try folder.write(Self.name, text: index([("layers.10.w", Self.one), ("layers.2.w", Self.two)]))
    try folder.write("config.json", text: #"{"model_type":"llama","num_hidden_layers":40}"#)
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.weightSets.isEmpty)
    #expect(checkpoint.unbackedTensorNames == ["layers.2.w", "layers.10.w"])
    #expect(checkpoint.findings.map(\.rule) == ["shards-absent"])
    let error = #expect(throws: CheckpointError.self) { try checkpoint.primaryWeightSet() }
    #expect(error?.isMissingInput == true)
  }

  @Test func shardsWithoutAnIndex() throws {
    let folder = TemporaryFolder()
    try folder.write(Self.one, vectors("a"))
    try folder.write(Self.two, vectors("b"))
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.findings.map(\.rule) == ["index-missing"])
    #expect(try checkpoint.primaryWeightSet().tensors.map(\.name) == ["a", "b"])
  }

  @Test func shardsWithoutAnIndexAndWithAGap() throws {
    let folder = TemporaryFolder()
    try folder.write("model-00001-of-00003.safetensors", vectors("a"))
    try folder.write("model-00003-of-00003.safetensors", vectors("c"))
    let findings = try Checkpoint.open(folder.path).findings
    #expect(findings.map(\.rule) == ["index-missing", "shard-missing"])
    #expect(findings.last?.message == "shard 2 of 3 is missing")
  }

  @Test func aLeftOverShardIsNotCounted() throws {
    let folder = try pair(index(Self.map))
    try folder.write("model-00001-of-00009.safetensors", vectors("z"))
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.findings.map(\.rule) == ["shard-not-indexed"])
    #expect(try checkpoint.primaryWeightSet().tensors.map(\.name) == ["a", "b"])
  }

  @Test func oneOfSeveralShards() throws {
    let folder = try pair(index(Self.map))
    let checkpoint = try Checkpoint.open(folder.file(Self.two))
    #expect(checkpoint.findings.map(\.rule) == ["one-shard-only"])
    #expect(try checkpoint.primaryWeightSet().tensors.map(\.name) == ["b"])
  }

  @Test func slicesOfADistributedCheckpoint() throws {
    let folder = TemporaryFolder()
    let header = #"{"__metadata__":{"DCP_SHARDING_INFO":"{}"},"# + entry("a") + "}"
    for rank in 1...2 {
      try folder.write("shard-0000\(rank)-model-00001-of-00001.safetensors", safetensors(header), hole: 16)
    }
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.weightSets.count == 1)
    #expect(checkpoint.findings.map(\.rule).contains("sliced-tensors"))
  }

  @Test func theErrorIsThatOfTheFirstShardInOrder() throws {
    let folder = TemporaryFolder()
    let names = (1...20).map { "model-\(String(repeating: "0", count: $0 < 10 ? 4 : 3))\($0)-of-00020.safetensors" }
    for name in names { try folder.write(name, [1, 2, 3]) }
    try folder.write(Self.name, text: index(names.map { ($0, $0) }))
    for _ in 0..<5 {
      let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(folder.path) }
      #expect(error?.file == folder.file(names[0]))
    }
  }
}
