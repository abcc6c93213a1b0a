import Checkpoint
import Testing
import Units

/// The order of a weight set's tensors, which is sorted by another way than single strings.
@Suite struct TensorOrderTests {
  /// Opens a model with one empty tensor of each name.
  private func names(_ names: [String]) throws -> [String] {
    let folder = TemporaryFolder()
    let entries = names.map { entry($0, "U8", "[0]", 0, 0) }
    let path = try folder.write("model.safetensors", safetensors("{\(entries.joined(separator: ","))}"))
    return try Checkpoint.open(path).primaryWeightSet().tensors.map(\.name)
  }

  @Test func itIsTheNaturalOrder() throws {
    var samples = [
      "", "a", "a.", "0", "00", "000", "1", "01", "001", "10", "9", "a0", "a00", "a1b2", "a01b2", "a1b02", "é",
      "z\u{1F600}",
    ]
    samples += (0..<300).map { "model.layers.\($0 * 7 % 300).mlp.experts.\($0 % 11).weight" }
    samples += (1...40).map { "x" + String(repeating: "9", count: $0 * 9) }
    samples += (1...40).map {
      "long" + String(repeating: "m", count: $0 % 5) + String(repeating: "0", count: $0) + "\($0)"
    }
    #expect(Set(samples).count == samples.count)
    #expect(try names(samples.reversed()) == samples.naturallySorted())
  }

  @Test func manyNamesInManyFiles() throws {
    let folder = TemporaryFolder()
    var map: [(String, String)] = []
    for shard in 1...9 {
      let file = "model-0000\(shard)-of-00009.safetensors"
      let names = (0..<700).map { "model.layers.\(($0 * 31 + shard * 17) % 61).experts.\($0).w\(shard)" }
      map += names.map { ($0, file) }
      let entries = names.map { entry($0, "U8", "[0]", 0, 0) }
      try folder.write(file, safetensors("{\(entries.joined(separator: ","))}"))
    }
    try folder.write("model.safetensors.index.json", text: index(map, totalSize: "0"))
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.findings == [])
    let set = try checkpoint.primaryWeightSet()
    #expect(set.tensors.map(\.name) == map.map(\.0).naturallySorted())
    let file = Dictionary(uniqueKeysWithValues: map)
    #expect(set.tensors.allSatisfy { set.files[$0.fileIndex] == file[$0.name] })
  }

  @Test func twoNamesOfAMegabyteThatDifferAtTheEnd() throws {
    let long = String(repeating: "n", count: 1 << 20)
    #expect(try names([long + "10", long + "9"]) == [long + "9", long + "10"])
  }
}
