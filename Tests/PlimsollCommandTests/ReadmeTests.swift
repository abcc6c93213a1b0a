import Foundation
import Testing

/// What the README shows is what the program prints.
@Suite struct ReadmeTests {
  @Test func everyExampleIsTrue() throws {
    let readme = Samples.root.appendingPathComponent("README.md")
    let old = try String(contentsOf: readme, encoding: .utf8)
    let prompt = "```\n$ plimsoll "
    var new = ""
    var rest = Substring(old)
    var examples = 0
    while let start = rest.range(of: prompt), let end = rest.range(of: "\n```", range: start.upperBound..<rest.endIndex)
    {
      let command = rest[start.upperBound...].prefix { $0 != "\n" }
      let answer = try Program.run(command.split(separator: " ").map(String.init))
      let shown = (answer.output + answer.errors).replacingOccurrences(of: "\r\n", with: "\n")
      new += "\(rest[..<start.upperBound])\(command)\n\(shown)```"
      rest = rest[end.upperBound...]
      examples += 1
    }
    new += rest
    #expect(examples > 2)
    if ProcessInfo.processInfo.environment["UPDATE_SNAPSHOTS"] == "1" {
      try Data(new.utf8).write(to: readme)
    } else {
      #expect(new == old, "README.md shows what the program does not print")
    }
  }
}
