import Foundation
import Testing

/// Holds a text against a file in `Tests/Snapshots`. With `UPDATE_SNAPSHOTS=1` in the environment it writes the file.
func expectSnapshot(_ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
  let file = Samples.root.appendingPathComponent("Tests/Snapshots/\(name)")
  if ProcessInfo.processInfo.environment["UPDATE_SNAPSHOTS"] == "1" {
    try Data(text.utf8).write(to: file)
    return
  }
  let expected = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
  #expect(text == expected, "differs from Tests/Snapshots/\(name)", sourceLocation: sourceLocation)
}
