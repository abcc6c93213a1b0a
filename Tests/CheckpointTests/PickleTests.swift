import Checkpoint
import Foundation
import Testing
import Units

/// What pickles hold beside tensors, and what they try.
@Suite struct PickleTests {
  private typealias P = PickleText

  private static let weights = P.dictionary(("a", P.tensor("0", [4])))

  private func open(_ pickle: [UInt8], storages: [(String, Int)] = [("0", 16)]) throws -> Checkpoint {
    let folder = TemporaryFolder()
    try folder.write("pytorch_model.bin", torchArchive(pickle, storages: storages))
    return try Checkpoint.open(folder.path)
  }

  private func rules(_ pickle: [UInt8], storages: [(String, Int)] = [("0", 16)]) throws -> [String] {
    try open(pickle, storages: storages).findings.map(\.rule)
  }

  private func code(_ pickle: [UInt8], storages: [(String, Int)] = [("0", 16)]) -> CheckpointError.Code? {
    #expect(throws: CheckpointError.self) { try open(pickle, storages: storages) }?.code
  }

  // MARK: Code

  /// The pickle would make a file. It is named in a finding, the tensors beside it are told, and no file is made.
  @Test func codeIsFoundAndNotRun() throws {
    let folder = TemporaryFolder()
    let made = folder.file("made")
    let command = P.text("touch '\(made)'")
    let attempts: [[UInt8]] = [
      P.call(P.global("os", "system"), command),
      P.call(P.global("posix", "system"), command),
      P.call(P.global("builtins", "exec"), P.text("open('\(made)', 'w')")),
      // The names on the stack, and protocol 0's way of calling.
      P.text("os") + P.text("system") + [0x93] + P.tuple(command) + [0x52],
      [0x28] + command + Array("ios\nsystem\n".utf8),
      [0x28] + P.global("os", "system") + command + [0x6F],
      P.global("os", "system") + P.tuple(command) + [0x81],
    ]
    for attempt in attempts {
      // Alone; as a value; and dropped before the dictionary, as injected code is.
      for pickle in [attempt, P.dictionary(("a", P.tensor("0", [4])), ("b", attempt)), attempt + [0x30] + Self.weights]
      {
        try folder.write("pytorch_model.bin", torchArchive(pickle, storages: [("0", 16)]))
        let checkpoint = try Checkpoint.open(folder.path)
        let finding = try #require(checkpoint.findings.first { $0.rule == "pickle-foreign-global" })
        #expect(finding.severity == .error)
        #expect(finding.message.contains("system") || finding.message.contains("exec"))
        #expect(try checkpoint.primaryWeightSet().tensors.map(\.name) == (pickle == attempt ? [] : ["a"]))
        #expect(!FileManager.default.fileExists(atPath: made))
      }
    }
  }

  @Test func aWholeModelIsNoDictionary() throws {
    let model = P.call(P.global("torch.nn.modules.linear", "Linear"), P.integer(3)) + Self.weights + [0x62]
    #expect(try rules(model) == ["pickle-foreign-global", "pickle-no-tensors"])
    #expect(try rules([0x5D]) == ["pickle-no-tensors"])
    #expect(try rules(P.dictionary(("epoch", P.integer(3)))) == ["pickle-no-tensors"])
  }

  @Test(
    arguments: [
      [0x82, 1], [0x97], [0x42], [0x2E], [0x68, 9], [0x52], [0x75], [0x74], [0x30], [0x58, 0xFF, 0xFF, 0xFF, 0x7F],
      [0x80, 6, 0x4E], [0x4B, 1, 0x62], [0x4E, 0x4E, 0x62], [0x4E, 0x4E, 0x61], [0x72, 0xFF, 0xFF, 0xFF, 0xFF],
      [0x58, 1, 0, 0, 0, 0xFF], [0x95, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0], [0x28, 0x4E, 0x64], [0x49, 0x78, 0x0A],
      [0x8A, 9], [0x8B, 0xFF, 0xFF, 0xFF, 0xFF],
    ] as [[UInt8]]) func brokenPrograms(_ bytes: [UInt8])
  {
    #expect(code(bytes) == .pickleStructure || code(bytes) == .pickleTooLarge)
  }

  @Test func dictionariesThatHoldOneAnother() {
    // Each holds the one before twice: 2^40 paths of 40 dictionaries.
    var pickle = P.dictionary(("a", P.tensor("0", [4]))) + [0x71, 0]
    for level in 1...30 {
      pickle += [0x30] + P.dictionary(("a", [0x68, UInt8(level - 1)]), ("b", [0x68, UInt8(level - 1)]))
      pickle += [0x71, UInt8(level)]
    }
    #expect(code(pickle) == .pickleTooLarge)
    // One that holds itself.
    #expect(code([0x7D, 0x71, 0] + P.text("a") + [0x68, 0, 0x73]) == .pickleTooLarge)
  }

  // MARK: Dictionaries

  @Test func modelsBesideOtherThings() throws {
    let optimizer = P.dictionary(("state", P.dictionary(("0", P.tensor("1", [4])))))
    for key in ["state_dict", "model_state_dict", "model", "module"] {
      let whole = P.dictionary(("optimizer", optimizer), (key, Self.weights), ("epoch", P.integer(3)))
      let checkpoint = try open(whole, storages: [("0", 16), ("1", 16)])
      #expect(checkpoint.findings.map(\.rule) == ["pickle-wrapped"])
      #expect(checkpoint.findings.first?.message.contains("optimizer") == true)
      #expect(try checkpoint.primaryWeightSet().tensors.map(\.name) == ["a"])
    }
  }

  @Test func nestedNamesAreJoined() throws {
    let nested = P.dictionary(
      ("encoder", P.dictionary(("w", P.tensor("0", [4])))), ("decoder", P.dictionary(("w", P.tensor("1", [2])))))
    let set = try open(nested, storages: [("0", 16), ("1", 8)]).primaryWeightSet()
    #expect(set.tensors.map(\.name) == ["decoder.w", "encoder.w"])
  }

  @Test func orderedDictionariesAndParameters() throws {
    let parameter = P.call(
      P.global("torch._utils", "_rebuild_parameter"), P.tensor("0", [4]), [0x88],
      P.global("collections", "OrderedDict") + [0x29, 0x52])
    let ordered = P.global("collections", "OrderedDict") + [0x29, 0x52, 0x28] + P.text("a") + parameter + [0x75]
    // The attribute that keeps the version of each module.
    let checkpoint = try open(ordered + P.dictionary(("_metadata", [0x7D])) + [0x62])
    #expect(checkpoint.findings == [])
    #expect(try checkpoint.primaryWeightSet().tensors.map(\.name) == ["a"])
  }

  @Test func aNameThatOccursTwice() throws {
    let twice = P.dictionary(("a", P.tensor("0", [4])), ("a", P.tensor("1", [2])))
    let checkpoint = try open(twice, storages: [("0", 16), ("1", 8)])
    #expect(checkpoint.findings.map(\.rule) == ["duplicate-tensor-name"])
    #expect(try checkpoint.primaryWeightSet().tensors.map(\.shape) == [[2]])
  }

  // MARK: Tensors and storages

  @Test func tiedWeightsAreOneTensor() throws {
    let tied = P.dictionary(("embedding", P.tensor("0", [4, 2])), ("head", P.tensor("0", [4, 2])))
    let checkpoint = try open(tied, storages: [("0", 32)])
    #expect(checkpoint.findings.map(\.rule) == ["storage-shared"])
    let set = try checkpoint.primaryWeightSet()
    #expect(set.tensors.map(\.name) == ["embedding"])
    #expect(set.metadata == [["head": "embedding"]])
  }

  @Test func viewsOfOneStorage() throws {
    let halves = P.dictionary(
      ("first", P.tensor("0", [2], of: 4)), ("second", P.tensor("0", [2], of: 4, offset: 2)))
    #expect(try rules(halves) == [])
    let overlapping = P.dictionary(("all", P.tensor("0", [4])), ("part", P.tensor("0", [2], of: 4, offset: 1)))
    #expect(try rules(overlapping) == ["storage-overlap"])
    let part = P.dictionary(("part", P.tensor("0", [2], of: 4)))
    #expect(try open(part).findings.map(\.message).first?.contains("8 bytes") == true)
    #expect(try rules(part) == ["storage-unused"])
    let column = P.dictionary(("column", P.tensor("0", [2], of: 4, offset: 1, strides: [2])))
    #expect(try open(column).primaryWeightSet().tensors.first?.range.length == 12)
  }

  @Test func tensorsThatPassTheirStorage() {
    func code(_ tensor: [UInt8], _ length: Int = 16) -> CheckpointError.Code? {
      self.code(P.dictionary(("a", tensor)), storages: [("0", length)])
    }
    #expect(code(P.tensor("0", [5], of: 4)) == .pickleTensorRange)
    #expect(code(P.tensor("0", [4], of: 4, offset: 1)) == .pickleTensorRange)
    #expect(code(P.tensor("0", [2], of: 4, strides: [4])) == .pickleTensorRange)
    #expect(code(P.tensor("0", [2], of: 4, offset: .max)) == .pickleTensorRange)
    #expect(code(P.tensor("0", [1 << 40, 1 << 40], of: 4)) == .pickleTensorRange)
    #expect(code(P.tensor("0", [2, 2], of: 4, strides: [.max, .max])) == .pickleTensorRange)
    #expect(code(P.tensor("0", [4], of: .max)) == .pickleStructure)
    #expect(code(P.tensor("0", [-1], of: 4)) == .pickleStructure)
    #expect(code(P.tensor("0", [2, 2], of: 4, strides: [1])) == .pickleStructure)
    #expect(code(P.tensor("0", [4], type: "NoStorage")) == .pickleStructure)
    #expect(code(P.tensor("../0", [4])) == .storageMissing)
    #expect(code(P.tensor("0", [4]), 12) == .storageSize)
  }

  @Test func othersThanStridedTensors() throws {
    let sparse = P.call(P.global("torch._utils", "_rebuild_sparse_tensor"), P.integer(0))
    let checkpoint = try open(P.dictionary(("a", P.tensor("0", [4])), ("sparse", sparse)))
    #expect(checkpoint.findings.map(\.rule) == ["pickle-tensor-kind"])
    #expect(checkpoint.findings.first?.tensor == "sparse")
  }
}
