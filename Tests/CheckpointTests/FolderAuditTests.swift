import Testing
import Units

@testable import Checkpoint

/// What lies in a folder beside the weights: each rule with a folder that breaks it and nothing else, and with one that
/// nearly does.
@Suite struct FolderAuditTests {
  struct Fixture: CustomTestStringConvertible, Sendable {
    var rule: Finding.Rule?
    var severity = Finding.Severity.warning
    var company: Set<Finding.Rule> = []
    var write: @Sendable (TemporaryFolder) throws -> Void

    var testDescription: String { rule?.rawValue ?? "sound" }
  }

  private static let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"

  private static func file(
    _ rule: Finding.Rule?, _ severity: Finding.Severity = .warning, and company: Set<Finding.Rule> = [],
    names: String..., text: String = "x"
  ) -> Fixture {
    Fixture(rule: rule, severity: severity, company: company) { folder in
      for name in names { try folder.write(name, text: text) }
    }
  }

  static let fixtures: [Fixture] = [
    file(nil, names: "README.md", "tokenizer.model", "merges.txt", "vocab.json"),
    file(.downloadUnfinished, names: "other.safetensors.incomplete"),
    file(.downloadUnfinished, names: "tokenizer.json.part"),
    file(.downloadUnfinished, .error, names: "model.safetensors.aria2"),
    file(.downloadUnfinished, .note, names: "model.safetensors.crdownload"),
    file(.downloadUnfinished, names: ".cache/huggingface/download/model.safetensors.abc.incomplete"),
    file(nil, names: ".cache/huggingface/download/model.safetensors.metadata", ".cache/huggingface/download/x.lock"),
    file(.gitLFSPointer, .error, names: "tokenizer.json", text: pointer),
    file(.gitLFSPointer, and: [.otherFormats], names: "model.onnx", text: pointer),
    file(.mergeConflict, .error, names: "tokenizer_config.json", text: "{\n<<<<<<< HEAD\n\"a\": 1}\n"),
    // A token of seven signs is no conflict.
    file(nil, names: "merges.txt", "vocab.txt", text: "=======\n>>>>>>>\n"),
    file(.picklePresent, .note, names: "training_args.bin"),
    file(.otherFormats, .note, and: [.picklePresent, .weightSetUnreadable], names: "pytorch_model.bin"),
    file(.otherFormats, .note, and: [.weightSetUnreadable], names: "model.gguf"),
    file(.otherFormats, .note, and: [.picklePresent], names: "original/consolidated.00.pth"),
    file(.otherFormats, .note, names: "tf_model.h5", "onnx/model.onnx"),
    Fixture(rule: .configMissing) { try $0.remove("config.json") },
    Fixture(rule: .weightSetsDiffer, company: [.severalWeightSets]) {
      try $0.write("model.fp16.safetensors", safetensors("{\(entry("a", "F16", "[2]", 0, 4))}"), hole: 4)
    },
    Fixture(rule: .severalWeightSets, severity: .note) {
      try $0.write("model.fp16.safetensors", safetensors("{\(entry("a", "F16", "[4]", 0, 8))}"), hole: 8)
    },
    // Another writer's names, and as many elements.
    Fixture(rule: .severalWeightSets, severity: .note) {
      try $0.write("consolidated.safetensors", safetensors("{\(entry("b", "F16", "[2,2]", 0, 8))}"), hole: 8)
    },
    Fixture(rule: .weightSetsDiffer, severity: .note, company: [.severalWeightSets]) {
      try $0.write("consolidated.safetensors", safetensors("{\(entry("b", "F16", "[2]", 0, 4))}"), hole: 4)
    },
    shards(.shardTotalMismatch, ["model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors"]),
    shards(nil, ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]),
    shards(nil, ["model-00001-of-00002.safetensors", "part/model-00002-of-00002.safetensors"]),
    // OpenAI counts from zero, and takes the last number for the total.
    shards(nil, ["model-00000-of-00001.safetensors", "model-00001-of-00001.safetensors"]),
  ]

  private static func shards(_ rule: Finding.Rule?, _ names: [String]) -> Fixture {
    Fixture(rule: rule) { folder in
      try folder.remove("model.safetensors")
      for (name, tensor) in zip(names, ["a", "b"]) { try folder.write(name, vectors(tensor)) }
      try folder.write("model.safetensors.index.json", text: index(Array(zip(["a", "b"], names))))
    }
  }

  @Test(arguments: fixtures) func isFound(_ fixture: Fixture) throws {
    let folder = TemporaryFolder()
    try folder.write("model.safetensors", vectors("a"))
    try folder.write("config.json", text: #"{"model_type":"a"}"#)
    try fixture.write(folder)
    let checkpoint = try Checkpoint.open(folder.path)
    let findings = checkpoint.findings + checkpoint.folderFindings()
    let expected = fixture.company.union([fixture.rule].compactMap(\.self))
    #expect(Set(findings.map(\.rule)) == Set(expected.map(\.rawValue)))
    let found = findings.filter { $0.rule == fixture.rule?.rawValue }
    #expect(found.allSatisfy { $0.severity == fixture.severity && $0.help != nil })
  }

  @Test(arguments: [(pointer, "git-lfs-pointer"), ("{\n=======\n}", "merge-conflict")])
  func aConfigurationThatIsNone(_ text: String, _ rule: String) throws {
    let folder = TemporaryFolder()
    try folder.write("model.safetensors", vectors("a"))
    try folder.write("config.json", text: text)
    let checkpoint = try Checkpoint.open(folder.path)
    #expect((checkpoint.findings + checkpoint.folderFindings()).map(\.rule) == [rule])
  }

  @Test func aFileAloneHasNoFolder() throws {
    let folder = TemporaryFolder()
    let path = try folder.write("model.safetensors", vectors("a"))
    try folder.write("pytorch_model.bin", text: "x")
    #expect(try Checkpoint.open(path).folderFindings() == [])
  }
}
