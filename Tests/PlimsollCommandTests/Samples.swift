import Foundation

/// The sample models as they would lie after a download.
enum Samples {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// `SampleModels` with the holes that stand for weights, expanded once for each run of the tests, and `cut`: a model
  /// whose download ended eight bytes early.
  static let folder: URL = {
    let folder = root.appendingPathComponent(".build/sample-models")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = [root.appendingPathComponent("SampleModels/expand.sh").path, folder.path]
    do {
      try process.run()
      process.waitUntilExit()
      let cut = folder.appendingPathComponent("cut")
      try FileManager.default.createDirectory(at: cut, withIntermediateDirectories: true)
      let whole = try Data(contentsOf: folder.appendingPathComponent("tiny-gpt2/model.safetensors"))
      try whole.dropLast(8).write(to: cut.appendingPathComponent("model.safetensors"))
    } catch {
      print("cannot expand the sample models: \(error)")
    }
    return folder
  }()
}
