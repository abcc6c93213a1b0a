import Checkpoint
import Foundation
import Testing
import Units

/// What `torch.save` writes, and what others write that looks like it.
@Suite struct TorchArchiveTests {
  private typealias P = PickleText

  private func open(_ bytes: [UInt8], as name: String = "pytorch_model.bin") throws -> Checkpoint {
    let folder = TemporaryFolder()
    try folder.write(name, bytes)
    return try Checkpoint.open(folder.path)
  }

  private func code(_ bytes: [UInt8]) -> CheckpointError.Code? {
    #expect(throws: CheckpointError.self) { try open(bytes) }?.code
  }

  private static let pair = P.dictionary(("a", P.tensor("0", [2, 3])), ("b", P.tensor("1", [4], type: "HalfStorage")))
  private static let storages = [("0", 24), ("1", 8)]

  @Test func tensorsWithTheirPlaces() throws {
    let bytes = torchArchive(Self.pair, storages: Self.storages)
    let checkpoint = try open(bytes)
    #expect(checkpoint.findings == [])
    let set = try checkpoint.primaryWeightSet()
    #expect(set.container == .pytorch)
    #expect(set.tensors.map(\.name) == ["a", "b"])
    #expect(set.tensors.map(\.shape) == [[2, 3], [4]])
    #expect(set.tensors.map(\.dataType) == [.float32, .float16])
    #expect(set.tensors.map(\.range.length) == [24, 8])
    let place = set.tensors[1].range.offset
    #expect(Array(bytes[(place - "data/1".count)..<place]) == Array("data/1".utf8))
    #expect(checkpoint.bytesRead < 2 * bytes.count + 1000)
  }

  @Test func widePlaces() throws {
    var zip = ZipText()
    zip.add("x/data.pkl", P.program(Self.pair), wide: true)
    for (key, length) in Self.storages { zip.add("x/data/\(key)", [UInt8](repeating: 0, count: length), wide: true) }
    #expect(try open(zip.finished(wide: true)).primaryWeightSet().tensors.count == 2)
    #expect(try open(zip.finished(comment: "made by hand")).primaryWeightSet().tensors.count == 2)
  }

  @Test func shardsUnderAnIndex() throws {
    let folder = TemporaryFolder()
    let names = (1...2).map { "pytorch_model-0000\($0)-of-00002.bin" }
    try folder.write(names[0], torchArchive(P.dictionary(("a", P.tensor("0", [4]))), storages: [("0", 16)]))
    let tied = P.dictionary(("b", P.tensor("0", [4])), ("c", P.tensor("0", [4])))
    try folder.write(names[1], torchArchive(tied, storages: [("0", 16)]))
    let map = [("a", names[0]), ("b", names[1]), ("c", names[1])]
    for total in ["32", "48"] {
      try folder.write("pytorch_model.bin.index.json", text: index(map, totalSize: total))
      let checkpoint = try Checkpoint.open(folder.path)
      #expect(checkpoint.findings.map(\.rule) == ["storage-shared"])
      let set = try checkpoint.primaryWeightSet()
      #expect(set.label == "pytorch_model (2 shards)")
      #expect(set.tensors.map(\.name) == ["a", "b"])
      #expect(set.metadata[1] == ["c": "b"])
    }
  }

  @Test func safetensorsComeFirst() throws {
    let folder = TemporaryFolder()
    try folder.write("pytorch_model.bin", torchArchive(Self.pair, storages: Self.storages))
    try folder.write("model.fp16.safetensors", vectors("a"))
    #expect(
      try Checkpoint.open(folder.path).weightSets.map(\.label) == ["pytorch_model.bin", "model.fp16.safetensors"])
    try folder.write("model.safetensors", vectors("a"))
    #expect(try Checkpoint.open(folder.path).weightSets.first?.label == "model.safetensors")
  }

  @Test(arguments: ["optimizer.pt", "scheduler.pt", "training_args.bin", "rng_state.pth"])
  func whatTrainingLeavesBehindIsNoModel(_ name: String) throws {
    let folder = TemporaryFolder()
    try folder.write(name, torchArchive(Self.pair, storages: Self.storages))
    #expect(throws: CheckpointError(.noWeights, file: "", message: "")) { try Checkpoint.open(folder.path) }
    try folder.write("resnet50.pth", torchArchive(Self.pair, storages: Self.storages))
    #expect(try Checkpoint.open(folder.path).weightSets.map(\.label) == ["resnet50.pth"])
  }

  @Test func slicesOfMeta() throws {
    let folder = TemporaryFolder()
    let bytes = torchArchive(Self.pair, storages: Self.storages)
    try folder.write("consolidated.00.pth", bytes)
    #expect(try Checkpoint.open(folder.path).findings == [])
    try folder.write("consolidated.01.pth", bytes)
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(Set(checkpoint.findings.map(\.rule)) == ["sliced-tensors"])
    #expect(try checkpoint.primaryWeightSet().files == ["consolidated.00.pth", "consolidated.01.pth"])
  }

  // MARK: Archives

  @Test func archivesThatAreNot() {
    var zip = ZipText()
    zip.add("x/data.pkl", P.program(Self.pair))
    for (key, length) in Self.storages { zip.add("x/data/\(key)", [UInt8](repeating: 0, count: length)) }
    func changed(_ change: (inout ZipText) -> Void) -> [UInt8] {
      var copy = zip
      change(&copy)
      return copy.finished()
    }
    #expect(code(Array(zip.finished().dropLast(30))) == .zipTruncated)
    #expect(code(zip.finished(shift: 1)) == .zipStructure)
    #expect(code(zip.finished(count: 2)) == .zipStructure)
    #expect(code(zip.finished(wide: true, count: 1 << 40)) == .zipStructure)
    #expect(code(changed { $0.add("x/data/1", []) }) == .zipDuplicateName)
    #expect(code(changed { $0.entries[0].flags = 1 }) == .zipEncrypted)
    #expect(code(changed { $0.entries[2].offset = $0.entries[1].offset }) == .zipOverlap)
    #expect(code(changed { $0.entries[1].grow(to: 48) }) == .zipOverlap)
    #expect(code(changed { $0.entries[2].grow(to: 1 << 20) }) == .zipRange)
    #expect(code(changed { $0.entries[1].size = 1 << 30 }) == .zipStructure)
    #expect(code(changed { $0.entries[1].name = "x/data/7" }) == .storageMissing)
    // Another name in the directory than at the entry's place.
    #expect(code(changed { ($0.entries[1].name, $0.entries[2].name) = ("x/data/1", "x/data/0") }) == .zipStructure)
    #expect(code(changed { $0.entries[0].method = 8 }) == .zipCompressed)
    #expect(code(changed { $0.entries[0].name = "x/date.pkl" }) == .pickleMissing)
    #expect(code(changed { $0.add("x/code/__torch__.py", []) }) == .pytorchUnsupported)
  }

  @Test func otherFormsAreRefusedWithAHint() throws {
    let legacy: [UInt8] = [
      0x80, 2, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
    ]
    #expect(code(legacy) == .pytorchUnsupported)
    #expect(code([UInt8](repeating: 0, count: 257) + Array("ustar".utf8) + [0, 0]) == .pytorchUnsupported)
    let error = #expect(throws: CheckpointError.self) {
      try open(Array("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n".utf8))
    }
    #expect(error?.code == .pytorchNotAnArchive)
    #expect(error?.message.contains("LFS") == true)
  }

  // MARK: Real files

  /// Written by torch 2.11.0 on 64-bit Linux: `torch.save` of the dictionary that `Tests/Fixtures/README.md` shows.
  @Test(arguments: [2, 4]) func aFileOfPyTorch(_ pickleProtocol: Int) throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../Fixtures/torch-2.11-protocol-\(pickleProtocol).pt")
    let checkpoint = try Checkpoint.open(file.path)
    let tensors = try checkpoint.primaryWeightSet().tensors
    let described = tensors.map { "\($0.name) \($0.dataType.rawValue) \($0.shape) \($0.range.length)" }
    #expect(
      described == [
        "bfloat16 BF16 [2, 3] 12", "bool BOOL [2, 3] 6", "complex64 C64 [2, 3] 48", "empty F32 [0, 3] 0",
        "float8 F8_E4M3 [2, 3] 6", "float16 F16 [2, 3] 12", "float32 F32 [2, 3] 24", "float64 F64 [2, 3] 48",
        "int8 I8 [2, 3] 6", "int64 I64 [2, 3] 48", "parameter F32 [3] 12", "scalar F32 [] 4", "tail F32 [2] 8",
        "transposed F32 [3, 4] 48", "uint16 U16 [2, 3] 12",
      ])
    #expect(
      checkpoint.findings.map { "\($0.rule) \($0.tensor ?? "")" } == [
        "pickle-tensor-kind sparse", "storage-shared tied", "storage-unused ",
      ])
  }
}
