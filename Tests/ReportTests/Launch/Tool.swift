import Foundation

/// A program of the machine that a test makes use of where it is there.
enum Tool {
  struct Result {
    var code: Int32
    var output: String
  }

  /// nil where there is no such program.
  static func run(_ name: String, _ arguments: [String], environment: [String: String] = [:]) throws -> Result? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [name] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    // What env says of a program that is not there.
    guard process.terminationStatus != 127 else { return nil }
    return Result(code: process.terminationStatus, output: String(decoding: output, as: UTF8.self))
  }
}
