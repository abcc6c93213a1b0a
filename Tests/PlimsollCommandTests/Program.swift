import Foundation

/// The built program, run as a user runs it.
struct Program {
  var status: Int32
  var output: String
  var errors: String

  /// - Parameter folder: where it runs; the expanded sample models unless said otherwise.
  static func run(
    _ arguments: String..., in folder: URL = Samples.folder, environment: [String: String] = [:]
  ) throws -> Program {
    try run(arguments, in: folder, environment: environment)
  }

  static func run(
    _ arguments: [String], in folder: URL = Samples.folder, environment: [String: String] = [:]
  ) throws -> Program {
    try start(executable, arguments, in: folder, environment: environment)
  }

  /// A shell command; `$PLIMSOLL` is the program.
  static func shell(_ command: String) throws -> Program {
    try start(
      URL(fileURLWithPath: "/bin/sh"), ["-c", command], in: Samples.folder,
      environment: ["PLIMSOLL": executable.path])
  }

  /// The program lies beside the test runner that is this process.
  private static let executable = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appendingPathComponent("plimsoll")

  private static func start(
    _ executable: URL, _ arguments: [String], in folder: URL, environment: [String: String]
  ) throws -> Program {
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    // Files rather than pipes: an answer may be longer than a pipe holds.
    let scratch = try TemporaryFolder()
    let (output, errors) = (try scratch.create("output"), try scratch.create("errors"))
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return Program(
      status: process.terminationStatus, output: try scratch.read("output"), errors: try scratch.read("errors"))
  }
}

/// A folder that goes when it is no longer needed.
final class TemporaryFolder: Sendable {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("plimsoll-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func create(_ name: String) throws -> FileHandle {
    let file = url.appendingPathComponent(name)
    try Data().write(to: file)
    return try FileHandle(forWritingTo: file)
  }

  func read(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: url.appendingPathComponent(name)), as: UTF8.self)
  }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    let file = url.appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
  }
}
