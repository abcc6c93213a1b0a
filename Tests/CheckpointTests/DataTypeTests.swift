import Checkpoint
import Testing
import Units

@Suite struct DataTypeTests {
  /// Bits per element from the reference's table, written down apart from ours.
  static let bits: [(String, Int)] = [
    ("BOOL", 8), ("F4", 4), ("F6_E2M3", 6), ("F6_E3M2", 6), ("U8", 8), ("I8", 8), ("F8_E5M2", 8), ("F8_E4M3", 8),
    ("F8_E8M0", 8), ("F8_E4M3FNUZ", 8), ("F8_E5M2FNUZ", 8), ("I16", 16), ("U16", 16), ("F16", 16), ("BF16", 16),
    ("I32", 32), ("U32", 32), ("F32", 32), ("C64", 64), ("F64", 64), ("I64", 64), ("U64", 64),
  ]

  @Test func thereAreTwentyTwo() {
    #expect(Set(DataType.safetensors.map(\.rawValue)) == Set(Self.bits.map(\.0)))
    #expect(DataType.safetensors.count == 22)
  }

  @Test(arguments: bits) func eightElementsTakeAsManyBytesAsOneHasBits(_ name: String, _ bits: Int) throws {
    let folder = TemporaryFolder()
    let path = try folder.write("x.safetensors", safetensors("{\(entry("a", name, "[2,4]", 0, bits))}"), hole: bits)
    let tensor = try Checkpoint.open(path).primaryWeightSet().tensors[0]
    #expect(tensor.dataType.rawValue == name)
    #expect(tensor.range.length == bits)
    #expect(tensor.dataType.bitWidth == bits)
  }
}
