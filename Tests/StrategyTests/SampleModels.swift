import Architecture
import Checkpoint
import Foundation
import Strategy

/// The headers in `SampleModels`, as estimators.
enum SampleModels {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static let names = ["gpt2", "opt-1.3b", "Qwen2.5-0.5B", "Llama-3-8B"]

  /// One for each of ``names``. The headers are put into a folder of this suite's own, with holes for weights.
  static let estimators: [String: Estimator] = {
    let folder = root.appendingPathComponent(".build/sample-models-for-estimates")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = [root.appendingPathComponent("SampleModels/expand.sh").path, folder.path]
    do {
      try process.run()
      process.waitUntilExit()
      return try names.reduce(into: [:]) { estimators, name in
        let checkpoint = try Checkpoint.open(folder.appendingPathComponent(name).path)
        let description = ModelDescription(checkpoint: checkpoint, weightSet: try checkpoint.primaryWeightSet())
        estimators[name] = Estimator(description: description, configuration: checkpoint.configuration)
      }
    } catch {
      print("cannot read the sample models: \(error)")
      return [:]
    }
  }()
}
