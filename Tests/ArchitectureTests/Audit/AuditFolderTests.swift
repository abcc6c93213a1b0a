import Architecture
import Checkpoint
import Foundation
import Testing

/// Rules that need more than a weight set and its configuration.
@Suite struct AuditFolderTests {
  @Test(arguments: [(100, []), (90, ["vocabulary-padded"]), (101, ["token-out-of-vocabulary"])] as [(Int, [String])])
  func tokensAreCounted(_ tokens: Int, _ expected: [String]) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("plimsoll-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let lines = (0..<tokens).map { "token\($0)\n" }.joined()
    try Data(lines.utf8).write(to: folder.appendingPathComponent("vocab.txt"))
    let sample = AuditSample.llama()
    let checkpoint = Checkpoint(
      path: folder.path,
      weightSets: [WeightSet(label: "m", kind: .model, files: ["m.safetensors"], tensors: sample.tensors)],
      configuration: Configuration(file: "config.json", root: sample.configuration), adapterConfiguration: nil,
      findings: [])
    #expect(checkpoint.auditFindings().map(\.rule).filter { $0.contains("vocabulary") } == expected)
  }

  @Test func aGraphOfAnotherModel() throws {
    func model(_ sample: AuditSample) -> ModelDescription {
      ModelDescription(
        weightSet: WeightSet(label: "m", kind: .model, files: ["m"], tensors: sample.tensors),
        configuration: Configuration(file: "config.json", root: sample.configuration))
    }
    let whole = model(.llama())
    #expect(whole.differences(from: whole, file: "model.onnx") == [])
    var cut = AuditSample.llama()
    cut.remove { $0.hasPrefix("model.layers.3.") }
    let findings = whole.differences(from: model(cut), file: "onnx/model.onnx")
    #expect(findings.map(\.rule) == ["graph-sizes-differ"])
    #expect(findings.first?.message == "the layers of the graph: 3, of the checkpoint: 4")
  }
}
