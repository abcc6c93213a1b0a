import Foundation
import Testing

@Suite struct ErrorTests {
  @Test func aMissingInput() throws {
    let answer = try Program.run("inspect", "no-such-folder")
    #expect(answer.status == 66)
    #expect(answer.output.isEmpty)
    #expect(answer.errors.hasPrefix("plimsoll: error: no-such-folder: "))
    #expect(answer.errors.filter(\.isNewline).count <= 2)
  }

  @Test func aMalformedInput() throws {
    let folder = try TemporaryFolder()
    try folder.write("model.safetensors", Headers.file("{", 0))
    let answer = try Program.run("inspect", folder.url.path, "--format", "json")
    #expect(answer.status == 65)
    #expect(answer.errors.hasPrefix("plimsoll: error: "))
    let document = try #require(JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [String: Any])
    let error = try #require(document["error"] as? [String: Any])
    #expect((error["file"] as? String)?.hasSuffix("model.safetensors") == true)
    #expect((error["code"] as? String)?.isEmpty == false)
    #expect((error["message"] as? String)?.isEmpty == false)
    #expect(error.keys.contains("help"))
  }

  @Test func hostileNamesStayOnOneLine() throws {
    let folder = try TemporaryFolder()
    let name = #"a\n\u001b[31mred\u202e"#
    try folder.write(
      "model.safetensors", Headers.file(#"{"\#(name)":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4))
    let answer = try Program.run("inspect", folder.url.path)
    #expect(answer.status == 65)
    #expect(answer.errors.filter(\.isNewline).count <= 2)
    #expect(!answer.errors.contains("\u{1B}"))
    #expect(!answer.errors.contains("\u{202E}"))
  }

  @Test func aHostileNameInATable() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      "model.safetensors",
      Headers.file(#"{"a\n\u001b[31m|x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4))
    for form in ["table", "markdown", "json"] {
      let answer = try Program.run("inspect", folder.url.path, "--format", form)
      #expect(answer.status == 0)
      #expect(!answer.output.contains("\u{1B}"))
    }
    let markdown = try Program.run("inspect", folder.url.path, "--format", "markdown").output
    #expect(markdown.contains(#"| a\\n\\u{1b}\[31m\|x |"#))
  }

  @Test(arguments: [
    ["inspect"], ["inspect", "a", "b"], ["inspect", "a", "--by", "colour"], ["inspect", "a", "--format", "yaml"],
    ["audit", "a", "--format", "csv"], ["no-such-command"], ["inspect", "a", "--colour"], ["inspect", ""],
  ])
  func wrongUsage(arguments: [String]) throws {
    let answer = try Program.run(arguments)
    #expect(answer.status == 64)
    #expect(answer.output.isEmpty)
    #expect(answer.errors.hasPrefix("plimsoll: error: "))
    #expect(answer.errors.contains("hint: "))
    #expect(answer.errors.filter(\.isNewline).count == 2)
  }

  @Test func anUnknownCommandIsNamed() throws {
    let answer = try Program.run("no-such-command", "--gpu", "x")
    #expect(answer.status == 64)
    #expect(answer.errors.hasPrefix("plimsoll: error: there is no command 'no-such-command'\n"))
  }

  @Test func helpAndVersion() throws {
    let help = try Program.run("inspect", "--help")
    #expect(help.status == 0)
    #expect(help.output.contains("--by"))
    #expect(help.errors.isEmpty)
    #expect(try Program.run("--version").output == "0.1.0\n")
    #expect(try Program.run("help", "audit").status == 0)
  }
}
