import Checkpoint
import Glibc
import Testing
import Units

/// What is not a readable safetensors file at all.
@Suite struct FileTests {
  private func error(opening path: String) -> CheckpointError? {
    do throws(CheckpointError) {
      _ = try Checkpoint.open(path)
      return nil
    } catch {
      return error
    }
  }

  @Test func nothing() {
    #expect(error(opening: "")?.code == .fileMissing)
  }

  @Test func missing() {
    let folder = TemporaryFolder()
    #expect(error(opening: folder.file("model.safetensors"))?.code == .fileMissing)
    #expect(error(opening: folder.file("no/such/folder"))?.isMissingInput == true)
  }

  @Test func emptyFolder() {
    let folder = TemporaryFolder()
    #expect(error(opening: folder.path)?.code == .noWeights)
  }

  @Test(arguments: ["model.safetensors", ""]) func aPipeIsRefusedAtOnce(_ name: String) throws {
    let folder = TemporaryFolder()
    try folder.pipe("model.safetensors")
    #expect(error(opening: folder.file(name))?.code == .notRegularFile)
  }

  @Test func aDeviceIsRefused() throws {
    let folder = TemporaryFolder()
    try folder.link("model.safetensors", to: "/dev/zero")
    #expect(error(opening: folder.path)?.code == .notRegularFile)
  }

  @Test func aFolderIsRefused() throws {
    let folder = TemporaryFolder()
    try folder.folder("model.safetensors")
    #expect(error(opening: folder.path)?.code == .notRegularFile)
  }

  @Test func linksThatLeadNowhere() throws {
    let folder = TemporaryFolder()
    try folder.link("model.safetensors", to: "nowhere")
    #expect(error(opening: folder.path)?.code == .fileMissing)
    let loop = TemporaryFolder()
    try loop.link("model.safetensors", to: "b")
    try loop.link("b", to: "model.safetensors")
    #expect(error(opening: loop.path)?.code == .linkLoop)
  }

  @Test func noPermission() throws {
    guard getuid() != 0 else { return }
    let folder = TemporaryFolder()
    let path = try folder.write("model.safetensors", vectors("a"))
    chmod(path, 0)
    #expect(error(opening: path)?.code == .fileUnreadable)
  }

  @Test(arguments: [0, 1, 7]) func shorterThanTheLength(_ count: Int) throws {
    let folder = TemporaryFolder()
    let path = try folder.write("model.safetensors", [UInt8](repeating: 1, count: count))
    #expect(error(opening: path)?.code == .headerTooSmall)
  }

  @Test(arguments: [100_000_001, 8_000_000_000, 1 << 63, UInt64.max - 7, UInt64.max])
  func lengthBeyondTheCap(_ length: UInt64) throws {
    let folder = TemporaryFolder()
    let path = try folder.write("model.safetensors", littleEndian(length), hole: 1 << 34)
    #expect(error(opening: path)?.code == .headerTooLarge)
  }

  @Test func lengthAtTheCapPastTheEnd() throws {
    let folder = TemporaryFolder()
    let path = try folder.write("model.safetensors", littleEndian(100_000_000), hole: 99_999_999)
    #expect(error(opening: path)?.code == .headerPastEnd)
  }

  @Test(arguments: [
    ("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", "LFS"),
    ("<!DOCTYPE html><html><body>Not found</body></html>", "web page"),
    ("\n <html lang=en>", "web page"),
    ("GGUF\u{3}\0\0\0\0\0\0\0\0\0\0\0", "GGUF"),
    ("PK\u{3}\u{4}\0\0\0\0\0\0\0\0\0\0\0", "pickle"),
    (#"{"a":{"dtype":"F32"}}"#, "JSON"),
    ("<<<<<<< HEAD\nversion\n=======\n", "merge conflict"),
    ("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "zeros"),
  ]) func whatTheFileIsInstead(_ text: String, _ word: String) throws {
    let folder = TemporaryFolder()
    let path = try folder.write("model.safetensors", text: text)
    let error = error(opening: path)
    #expect(error?.message.contains(word) == true)
    #expect(error?.help?.isEmpty == false)
  }

  @Test func aPickleIsRecognised() throws {
    let folder = TemporaryFolder()
    let path = try folder.write("model.safetensors", [0x80, 0x02, 0x7D, 0x71, 0x00, 0x2E, 0, 0, 0, 0, 0])
    #expect(error(opening: path)?.message.contains("pickle") == true)
  }

  @Test func aBigEndianLengthIsRecognised() throws {
    let folder = TemporaryFolder()
    let header = "{\(entry("a"))}"
    let bytes = littleEndian(UInt64(header.utf8.count)).reversed() + Array(header.utf8)
    let path = try folder.write("model.safetensors", bytes, hole: 16)
    #expect(error(opening: path)?.message.contains("big-endian") == true)
  }

  @Test func onlyHeadersAndDocumentsAreRead() throws {
    let folder = TemporaryFolder()
    let terabyte = 1 << 40
    let header = "{\(entry("a", "U8", "[\(terabyte)]", 0, terabyte))}"
    let configuration = #"{"model_type":"llama"}"#
    try folder.write("model.safetensors", safetensors(header), hole: terabyte)
    try folder.write("config.json", text: configuration)
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(try checkpoint.primaryWeightSet().tensors.map(\.range.length) == [terabyte])
    #expect(checkpoint.bytesRead == 8 + header.utf8.count + configuration.utf8.count)
  }

  @Test func sizesThatWouldOverflowAreRefused() throws {
    let folder = TemporaryFolder()
    let size = 1 << 60
    // Not every file system can make a hole of this size.
    let header = safetensors("{\(entry("a", "U8", "[\(size)]", 0, size))}")
    guard (try? folder.write("model.safetensors", header, hole: size)) != nil else { return }
    #expect(error(opening: folder.path)?.code == .tooLarge)
  }

  @Test func shardsToo() throws {
    let folder = TemporaryFolder()
    let first = vectors("a")
    let second = vectors("b", "c")
    let map = index([
      ("a", "m-00001-of-00002.safetensors"), ("b", "m-00002-of-00002.safetensors"),
      ("c", "m-00002-of-00002.safetensors"),
    ])
    try folder.write("m-00001-of-00002.safetensors", first)
    try folder.write("m-00002-of-00002.safetensors", second)
    try folder.write("m.safetensors.index.json", text: map)
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.bytesRead == first.count - 16 + second.count - 32 + map.utf8.count)
  }
}
