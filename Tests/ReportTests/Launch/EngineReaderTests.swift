import Foundation
import Report
import Strategy
import Testing

/// The engines' own readers take every file. They come from PyPI, some gigabytes with torch, so that this wants to be
/// asked for: `make engines`, or `PLIMSOLL_ENGINES=1 swift test --filter EngineReaderTests`.
@Suite("Engines read their launch files (PLIMSOLL_ENGINES=1)")
struct EngineReaderTests {
  private static let isAsked = ProcessInfo.processInfo.environment["PLIMSOLL_ENGINES"] == "1"
  private static let packages = ["torch", "accelerate==1.15.0", "deepspeed==0.19.8", "setuptools", "wheel"]

  @Test(.enabled(if: isAsked, "set PLIMSOLL_ENGINES=1 to install the engines and run it"))
  func everyFile() throws {
    let python = try environment()
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("plimsoll-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, engine, request) in try LaunchCase.everyKind() {
      let place = folder.appendingPathComponent("\(name).\(engine.rawValue)")
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      for file in try LaunchFiles(request, for: engine).files {
        try Data(file.text.utf8).write(to: place.appendingPathComponent(file.name))
      }
    }
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let script = tests.appendingPathComponent("Truth/read-launch-files.py")
    let result = try #require(try Tool.run(python, [script.path, folder.path], environment: ["DS_ACCELERATOR": "cpu"]))
    #expect(result.code == 0, "\(result.output)")
    print(result.output)
  }

  /// Python with the engines, in the user's cache: `PLIMSOLL_ENGINES_PYTHON`, or one that is made and kept.
  private func environment() throws -> String {
    let variables = ProcessInfo.processInfo.environment
    if let python = variables["PLIMSOLL_ENGINES_PYTHON"] { return python }
    let cache = variables["XDG_CACHE_HOME"] ?? NSHomeDirectory() + "/.cache"
    let folder = "\(cache)/plimsoll/engines"
    let python = "\(folder)/bin/python"
    // The second call is quick where all is there.
    guard try Tool.run("python3", ["-m", "venv", folder])?.code == 0 else { try Test.cancel("no Python with venv") }
    for packages in [Array(Self.packages.prefix(1) + Self.packages.suffix(2)), Self.packages] {
      let install = ["-m", "pip", "install", "--quiet", "--no-build-isolation"] + packages
      guard try Tool.run(python, install, environment: ["DS_BUILD_OPS": "0"])?.code == 0 else {
        try Test.cancel("the package registry is out of reach, so no engine is there to read the files")
      }
    }
    return python
  }
}
