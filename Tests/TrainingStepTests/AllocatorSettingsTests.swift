import Testing
import Units

@testable import TrainingStep

@Suite struct AllocatorSettingsTests {
  @Test func allOptions() throws {
    let text = """
      max_split_size_mb:128, garbage_collection_threshold:0.8,expandable_segments:True,backend:native,\
      roundup_power2_divisions:[256:1,512:2,1024:4,>:8],max_non_split_rounding_mb:30,pinned_num_register_threads:8
      """
    let settings = try AllocatorSettings(parsing: text)
    #expect(settings.maxSplitSize == .mebibytes(128))
    #expect(settings.garbageCollectionThreshold == 0.8)
    #expect(settings.expandableSegments)
    #expect(settings.maxNonSplitRounding == .mebibytes(30))
    #expect(settings.roundupPower2Divisions == [1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 8, 8, 8, 8, 8, 8])
  }

  @Test func nothingIsTheDefault() throws { #expect(try AllocatorSettings(parsing: "") == AllocatorSettings()) }

  @Test(arguments: [
    ("max_split_size:128", AllocatorSettingsError.Code.unknownKey),
    ("backend:cudaMallocAsync", .unknownBackend),
    ("max_split_size_mb", .malformed), ("max_split_size_mb:", .malformed), ("max_split_size_mb:,", .malformed),
    ("max_split_size_mb:64 expandable_segments:True", .badValue), ("max_split_size_mb:64]", .malformed),
    ("max_split_size_mb:19", .badValue), ("max_split_size_mb:9999999999999", .badValue),
    ("garbage_collection_threshold:1.0", .badValue), ("garbage_collection_threshold:nan", .badValue),
    ("expandable_segments:true", .badValue), ("roundup_power2_divisions:3", .badValue),
    ("roundup_power2_divisions:[3:4]", .badValue), ("roundup_power2_divisions:[4:4", .malformed),
    ("roundup_power2_divisions:[]", .malformed), (":", .malformed),
  ])
  func refused(_ text: String, _ code: AllocatorSettingsError.Code) {
    #expect(throws: AllocatorSettingsError(code, key: "", value: "")) { try AllocatorSettings(parsing: text) }
  }

  /// Between 1024 and 2048 four divisions are 1024, 1280, 1536 and 1792; sizes up to 512 bytes a division are not
  /// rounded so.
  @Test(arguments: [
    (1200 << 10, 1280 << 10), (1280 << 10, 1280 << 10), (1793 << 10, 2048 << 10), (1 << 20, 1 << 20),
    (1900, 2048), (2048, 2048), (2100, 2560), (4000, 4096),
  ])
  func roundup(_ bytes: Int, _ size: Int) throws {
    let settings = try AllocatorSettings(parsing: "roundup_power2_divisions:4")
    #expect(settings.rounded(bytes) == size)
  }
}
