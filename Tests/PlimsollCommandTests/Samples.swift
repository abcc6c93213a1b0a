import Foundation

/// The sample models as they would lie after a download.
enum Samples {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// `SampleModels` with the holes that stand for weights, expanded once for each run of the tests.
  static let folder: URL = {
    let folder = root.appendingPathComponent(".build/sample-models")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = [root.appendingPathComponent("SampleModels/expand.sh").path, folder.path]
    do {
      try process.run()
      process.waitUntilExit()
    } catch {
      print("cannot expand the sample models: \(error)")
    }
    return folder
  }()
}
