import Testing
import Units

@Suite("Sizes as text")
struct ByteCountParsingTests {
  @Test(arguments: [
    ("24GiB", 25_769_803_776), ("80 GB", 80_000_000_000), ("1.5GiB", 1_610_612_736), ("16384MiB", 17_179_869_184),
    ("17179869184", 17_179_869_184), ("0", 0), ("9223372036854775807", Int.max), ("512B", 512), ("0.1KiB", 102),
    ("2TB", 2_000_000_000_000), ("3kB", 3000),
  ])
  func areRead(text: String, bytes: Int) throws {
    #expect(try ByteCount(parsing: text) == ByteCount(bytes))
  }

  @Test(arguments: [
    ("", SizeError.Code.malformed), ("GiB", .malformed), ("-1GiB", .malformed), ("+1GiB", .malformed),
    ("1.GiB", .malformed), (".5GiB", .malformed), ("1.2.3GiB", .malformed), ("1.5", .malformed), ("1.5B", .malformed),
    ("1e9", .unknownUnit), ("24G", .unknownUnit), ("24gib", .unknownUnit), ("24 GiB ", .unknownUnit),
    ("1,024MiB", .unknownUnit), ("٢٤GiB", .malformed), ("9223372036854775808", .tooLarge),
    ("8589934592GiB", .tooLarge), ("8388608TiB", .tooLarge),
  ])
  func areRefused(text: String, code: SizeError.Code) {
    do throws(SizeError) {
      _ = try ByteCount(parsing: text)
      Issue.record("'\(text)' was read")
    } catch {
      #expect(error.code == code)
    }
  }
}
