import Foundation
import Testing

@Suite struct OutputTests {
  @Test func aFileInsteadOfStandardOutput() throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appendingPathComponent("answer.csv").path
    let answer = try Program.run("inspect", "tiny-gpt2", "--format", "csv", "--output", file)
    #expect(answer.status == 0)
    #expect(answer.output.isEmpty)
    #expect(try folder.read("answer.csv") == Program.run("inspect", "tiny-gpt2", "--format", "csv").output)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["answer.csv"])
  }

  @Test func anOldFileIsReplacedBehindItsLink() throws {
    let folder = try TemporaryFolder()
    try folder.write("old.txt", Array("old".utf8))
    let link = folder.url.appendingPathComponent("link.txt")
    try FileManager.default.createSymbolicLink(atPath: link.path, withDestinationPath: "old.txt")
    #expect(try Program.run("audit", "tiny-gpt2", "--output", link.path).status == 0)
    #expect(try folder.read("old.txt").contains("passed"))
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link.path) == "old.txt")
  }

  @Test func aFileThatCannotBe() throws {
    let answer = try Program.run("inspect", "tiny-gpt2", "--output", "/no/such/folder/answer.txt")
    #expect(answer.status == 64)
    #expect(answer.errors.hasPrefix("plimsoll: error: /no/such/folder/answer.txt: "))
  }

  @Test func aDeviceIsWrittenTo() throws {
    #expect(try Program.run("inspect", "tiny-gpt2", "--output", "/dev/null").status == 0)
  }

  @Test func aReaderThatLeavesEarly() throws {
    let answer = try Program.shell(#""$PLIMSOLL" inspect Llama-3-8B --by tensor --format json | head -n 1"#)
    #expect(answer.status == 0)
    #expect(answer.output == "{\n")
    #expect(answer.errors.isEmpty)
    let ignored = try Program.shell(
      #"trap '' PIPE; { "$PLIMSOLL" inspect Llama-3-8B --by tensor --format json; echo $? >&2; } | head -n 1"#)
    #expect(ignored.errors == "0\n")
  }

  @Test func noColourAwayFromATerminal() throws {
    #expect(try !Program.run("inspect", "tiny-gpt2").output.contains("\u{1B}"))
  }

  @Test func colourOnATerminalUnlessRefused() throws {
    // `script` gives the program a terminal; where it is missing there is nothing to test.
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/script") else { return }
    let command = #"script -qec '"$PLIMSOLL" audit tiny-gpt2' /dev/null < /dev/null"#
    let coloured = try Program.shell("TERM=xterm NO_COLOR= \(command)")
    #expect(coloured.output.contains("\u{1B}[1m"), "\(coloured)")
    #expect(try !Program.shell("TERM=xterm NO_COLOR=1 \(command)").output.contains("\u{1B}[1m"))
  }

  @Test func theSameBytesEachTime() throws {
    let first = try Program.run("inspect", "Llama-3-8B", "--format", "json").output
    #expect(try Program.run("inspect", "Llama-3-8B", "--format", "json").output == first)
  }
}
