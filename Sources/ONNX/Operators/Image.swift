internal import Graph
internal import Units

/// ImageDecoder (20): [height, width, channels], from the header of the stream where its bytes are known.
enum Image {
  static let all: [OperatorRow] = [row("ImageDecoder", shape: decoded)]

  private static func decoded(_ call: Call) throws(Unresolved) -> [Fact] {
    let format = try call.string("pixel_format") ?? "RGB"
    let channels: Dimension
    switch format {
    case "RGB", "BGR": channels = 3
    case "Grayscale": channels = 1
    default: throw .defect("pixel format '\(format)' is not one of RGB, BGR and Grayscale")
    }
    let bytes = (try? call.elements(0))?.map { element in
      element.dimension?.constant.flatMap { UInt8(exactly: $0) }
    }
    if let bytes, !bytes.isEmpty, bytes.allSatisfy({ $0 != nil }),
      let size = ImageHeader(bytes.compactMap { $0 }).size, size.height > 0, size.width > 0
    {
      return [.tensor(.uint8, [.constant(size.height), .constant(size.width), channels])]
    }
    let message = "the size of the image in its stream"
    return [.tensor(.uint8, [call.unknown("0", message), call.unknown("1", message), channels])]
  }
}

/// The first bytes of an encoded image.
struct ImageHeader {
  typealias Size = (height: Int, width: Int)

  private let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The size that the header states; nil for a format that is not known, and where what follows could change it.
  var size: Size? {
    if starts("BM") { return bitmap }
    if starts("\u{89}PNG", latin: true), text(at: 12, "IHDR") { return pair(at: 20, 16) { big($0, 4) } }
    if byte(0) == 0xFF, byte(1) == 0xD8 { return jpeg }
    if starts("P"), let kind = byte(1), (0x31...0x36).contains(kind) { return portableMap }
    if starts("RIFF"), text(at: 8, "WEBP") { return webP }
    if starts("II*\0") || starts("MM\0*") { return tiff }
    if byte(0) == 0xFF, byte(1) == 0x4F { return codestream }
    if text(at: 4, "jP  ") { return jpeg2000 }
    return nil
  }

  private func byte(_ place: Int) -> Int? { bytes.indices.contains(place) ? Int(bytes[place]) : nil }

  private func starts(_ text: String, latin: Bool = false) -> Bool {
    bytes.starts(with: latin ? text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } : Array(text.utf8))
  }

  private func text(at place: Int, _ text: String) -> Bool {
    place <= bytes.count && bytes[place...].starts(with: text.utf8)
  }

  private func big(_ place: Int, _ count: Int) -> Int? {
    guard place >= 0, count <= 4, place <= bytes.count - count else { return nil }
    return bytes[place..<place + count].reduce(0) { $0 << 8 | Int($1) }
  }

  private func little(_ place: Int, _ count: Int) -> Int? {
    guard place >= 0, count <= 4, place <= bytes.count - count else { return nil }
    return bytes[place..<place + count].reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  private func pair(at height: Int, _ width: Int, _ read: (Int) -> Int?) -> Size? {
    guard let height = read(height), let width = read(width) else { return nil }
    return (height, width)
  }

  private var bitmap: Size? {
    guard let length = little(14, 4) else { return nil }
    if length == 12 { return pair(at: 20, 18) { little($0, 2) } }
    // A negative height says that rows come from the top.
    return pair(at: 22, 18) { little($0, 4).map { Int(Int32(truncatingIfNeeded: $0).magnitude) } }
  }

  /// The frame header among the segments. With Exif data the image may be turned.
  private var jpeg: Size? {
    var place = 2
    while let mark = byte(place), mark == 0xFF, let kind = byte(place + 1) {
      if kind == 0xFF {
        place += 1
        continue
      }
      guard let length = big(place + 2, 2), length >= 2 else { return nil }
      if kind == 0xE1, text(at: place + 4, "Exif") { return nil }
      if (0xC0...0xCF).contains(kind), ![0xC4, 0xC8, 0xCC].contains(kind) {
        return pair(at: place + 5, place + 7) { big($0, 2) }
      }
      place += 2 + length
    }
    return nil
  }

  /// Width and height in digits, between white space and comments.
  private var portableMap: Size? {
    var (numbers, place): ([Int], Int) = ([], 2)
    while numbers.count < 2, let next = byte(place) {
      if next == 0x23 {
        while let rest = byte(place), rest != 0x0A { place += 1 }
      } else if (0x30...0x39).contains(next) {
        var number = 0
        while let digit = byte(place), (0x30...0x39).contains(digit) {
          number = number * 10 + digit - 0x30
          guard number <= Int(Int32.max) else { return nil }
          place += 1
        }
        // A number at the end of what is known may go on.
        guard byte(place) != nil else { return nil }
        numbers.append(number)
      } else if next == 0x20 || (0x09...0x0D).contains(next) {
        place += 1
      } else {
        return nil
      }
    }
    return numbers.count == 2 ? (numbers[1], numbers[0]) : nil
  }

  private var webP: Size? {
    if text(at: 12, "VP8X") { return pair(at: 27, 24) { little($0, 3).map { $0 + 1 } } }
    if text(at: 12, "VP8L"), byte(20) == 0x2F, let bits = little(21, 4) {
      return ((bits >> 14 & 0x3FFF) + 1, (bits & 0x3FFF) + 1)
    }
    if text(at: 12, "VP8 "), byte(23) == 0x9D, byte(24) == 0x01, byte(25) == 0x2A {
      return pair(at: 28, 26) { little($0, 2).map { $0 & 0x3FFF } }
    }
    return nil
  }

  /// The entries of the first directory.
  private var tiff: Size? {
    let isLittle = byte(0) == 0x49
    func number(_ place: Int, _ count: Int) -> Int? { isLittle ? little(place, count) : big(place, count) }
    guard let directory = number(4, 4), let count = number(directory, 2) else { return nil }
    var (height, width): (Int?, Int?) = (nil, nil)
    for entry in 0..<count {
      let place = directory + 2 + entry * 12
      guard let tag = number(place, 2), let kind = number(place + 2, 2) else { break }
      let value = number(place + 8, kind == 3 ? 2 : 4)
      if tag == 256 { width = value }
      if tag == 257 { height = value }
      // Orientations from five on exchange the two.
      if tag == 274, value.map({ $0 > 1 }) ?? true { return nil }
    }
    guard let height, let width else { return nil }
    return (height, width)
  }

  /// A bare JPEG 2000 codestream: the area of its SIZ segment.
  private var codestream: Size? {
    guard byte(2) == 0xFF, byte(3) == 0x51 else { return nil }
    guard let right = big(8, 4), let bottom = big(12, 4), let left = big(16, 4), let top = big(20, 4) else {
      return nil
    }
    return (bottom - top, right - left)
  }

  /// The image header box, first within the header box.
  private var jpeg2000: Size? {
    var place = 0
    while let length = big(place, 4) {
      if text(at: place + 4, "jp2h") {
        return text(at: place + 12, "ihdr") ? pair(at: place + 16, place + 20) { big($0, 4) } : nil
      }
      guard length >= 8 else { return nil }
      place += length
    }
    return nil
  }
}
