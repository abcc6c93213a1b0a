import Checkpoint
import Testing

/// Files with a few bytes changed, or cut off: whatever comes out, it is an answer. `make fuzz` does the same to the C
/// readers alone, at length.
@Suite struct MutationTests {
  private static let archive: [UInt8] = {
    let tied = PickleText.dictionary(
      ("a", PickleText.tensor("0", [2, 3])), ("b", PickleText.tensor("1", [4], type: "HalfStorage")),
      ("c", PickleText.tensor("0", [2, 3])))
    let whole = PickleText.dictionary(("state_dict", tied), ("epoch", PickleText.integer(1 << 40)))
    return torchArchive(whole, storages: [("0", 24), ("1", 8)])
  }()

  private static let gguf: [UInt8] = {
    let (header, data) = GGUFText.llama().parts
    return header + [UInt8](repeating: 0, count: min(data, 64))
  }()

  @Test(arguments: [("pytorch_model.bin", archive, 0), ("model.gguf", gguf, 1 << 21)])
  func everyFileHasAnAnswer(_ name: String, _ bytes: [UInt8], _ hole: Int) throws {
    let folder = TemporaryFolder()
    var generator = RoundTripTests.Generator(state: 7)
    func random(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }
    var opened = 0
    for round in 0..<2000 {
      var changed = bytes
      for _ in 0...random(3) { changed[random(changed.count)] = UInt8(random(4) == 0 ? 255 : random(256)) }
      if round % 8 == 0 { changed = Array(changed.prefix(random(changed.count))) }
      try folder.write(name, changed, hole: hole)
      if (try? Checkpoint.open(folder.path)) != nil { opened += 1 }
    }
    #expect(opened > 0)
  }
}
