import Testing

@testable import ONNX

@Suite struct ImageHeaderTests {
  /// The first bytes of images of height 20 and width 300.
  static let headers: [String: [UInt8]] = [
    "BMP": text("BM") + zeros(12) + [40, 0, 0, 0, 0x2C, 1, 0, 0, 20, 0, 0, 0],
    "BMP from the top": text("BM") + zeros(12) + [40, 0, 0, 0, 0x2C, 1, 0, 0, 0xEC, 0xFF, 0xFF, 0xFF],
    "BMP of OS/2": text("BM") + zeros(12) + [12, 0, 0, 0, 0x2C, 1, 20, 0],
    "PNG": [0x89] + text("PNG\r\n\u{1A}\n") + [0, 0, 0, 13] + text("IHDR") + [0, 0, 1, 0x2C, 0, 0, 0, 20],
    "JPEG": [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 0, 0, 0xFF, 0xFF, 0xC2, 0, 11, 8, 0, 20, 1, 0x2C],
    "PNM": text("P6\n# 7 7\n300 20\n255\n"),
    "WebP": text("RIFF") + zeros(4) + text("WEBPVP8 ") + zeros(7) + [0x9D, 1, 0x2A, 0x2C, 1, 20, 0],
    "WebP without loss": text("RIFF") + zeros(4) + text("WEBPVP8L") + zeros(4) + [0x2F, 0x2B, 0xC1, 4, 0],
    "extended WebP": text("RIFF") + zeros(4) + text("WEBPVP8X") + zeros(8) + [0x2B, 1, 0, 19, 0, 0],
    "TIFF": text("II*\0") + [8, 0, 0, 0, 2, 0] + [0, 1, 3, 0, 1, 0, 0, 0, 0x2C, 1, 0, 0]
      + [1, 1, 4, 0, 1, 0, 0, 0, 20, 0, 0, 0],
    "TIFF with the large end first": text("MM\0*") + [0, 0, 0, 8, 0, 2] + [1, 0, 0, 3, 0, 0, 0, 1, 1, 0x2C, 0, 0]
      + [1, 1, 0, 4, 0, 0, 0, 1, 0, 0, 0, 20],
    "JPEG 2000": [0, 0, 0, 12] + text("jP  \r\n\u{87}\n") + [0, 0, 0, 45] + text("jp2h") + [0, 0, 0, 22]
      + text("ihdr") + [0, 0, 0, 20, 0, 0, 1, 0x2C],
    "JPEG 2000 codestream": [0xFF, 0x4F, 0xFF, 0x51] + zeros(4) + [0, 0, 1, 0x30, 0, 0, 0, 30]
      + [0, 0, 0, 4, 0, 0, 0, 10],
  ]

  @Test(arguments: headers.keys.sorted()) func sizes(_ format: String) throws {
    let size = try #require(ImageHeader(Self.headers[format] ?? []).size)
    #expect(size == (20, 300))
  }

  @Test(arguments: headers.keys.sorted()) func aCutHeaderIsNoWrongSize(_ format: String) throws {
    let bytes = try #require(Self.headers[format])
    for count in bytes.indices {
      if let size = ImageHeader(Array(bytes.prefix(count))).size { #expect(size == (20, 300)) }
    }
  }

  /// Exif data may say that the image is to be turned.
  @Test func exifLeavesTheSizeOpen() {
    let bytes: [UInt8] =
      [0xFF, 0xD8, 0xFF, 0xE1, 0, 8] + Self.text("Exif\0\0") + [0xFF, 0xC0, 0, 11, 8, 0, 20, 1, 0x2C]
    #expect(ImageHeader(bytes).size == nil)
  }

  private static func text(_ text: String) -> [UInt8] {
    text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
  }

  private static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }
}
