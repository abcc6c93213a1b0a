/// Bytes of a pickle of protocol 2, put together instruction by instruction as `torch.save` has them.
struct PickleText {
  var bytes: [UInt8] = []

  static func text(_ text: String) -> [UInt8] { [0x58] + number(text.utf8.count, 4) + text.utf8 }

  static func integer(_ value: Int) -> [UInt8] {
    (0...255).contains(value) ? [0x4B, UInt8(value)] : [0x8A, 8] + littleEndian(UInt64(bitPattern: Int64(value)))
  }

  static func global(_ module: String, _ name: String) -> [UInt8] { Array("c\(module)\n\(name)\n".utf8) }

  static func tuple(_ items: [UInt8]...) -> [UInt8] { [0x28] + items.flatMap(\.self) + [0x74] }

  /// `callee(*arguments)`, which this program never makes.
  static func call(_ callee: [UInt8], _ arguments: [UInt8]...) -> [UInt8] {
    callee + [0x28] + arguments.flatMap(\.self) + [0x74, 0x52]
  }

  static func dictionary(_ pairs: (String, [UInt8])...) -> [UInt8] { dictionary(pairs) }

  static func dictionary(_ pairs: [(String, [UInt8])]) -> [UInt8] {
    [0x7D, 0x28] + pairs.flatMap { text($0.0) + $0.1 } + [0x75]
  }

  static func storage(_ key: String, _ count: Int, _ type: String = "FloatStorage") -> [UInt8] {
    tuple(text("storage"), global("torch", type), text(key), text("cpu"), integer(count)) + [0x51]
  }

  /// A view of a storage of `count` elements, contiguous where no strides are given.
  static func tensor(
    _ key: String, _ shape: [Int], of count: Int? = nil, offset: Int = 0, strides: [Int]? = nil,
    type: String = "FloatStorage"
  ) -> [UInt8] {
    let usual = shape.indices.map { shape[($0 + 1)...].reduce(1, *) }
    return call(
      global("torch._utils", "_rebuild_tensor_v2"), storage(key, count ?? shape.reduce(1, *), type), integer(offset),
      [0x28] + shape.flatMap(integer) + [0x74], [0x28] + (strides ?? usual).flatMap(integer) + [0x74], [0x89],
      global("collections", "OrderedDict") + [0x29, 0x52])
  }

  /// The program that leaves `value` behind.
  static func program(_ value: [UInt8]) -> [UInt8] { [0x80, 2] + value + [0x2E] }

  static func number(_ value: Int, _ width: Int) -> [UInt8] {
    Array(CheckpointTests.littleEndian(UInt64(value)).prefix(width))
  }

  private static func littleEndian(_ value: UInt64) -> [UInt8] { CheckpointTests.littleEndian(value) }
}

/// An archive as `torch.save` writes it: the pickle, and the storages by their keys.
func torchArchive(_ pickle: [UInt8], storages: [(String, Int)] = [], prefix: String = "archive") -> [UInt8] {
  var zip = ZipText()
  zip.add("\(prefix)/data.pkl", PickleText.program(pickle))
  for (key, length) in storages { zip.add("\(prefix)/data/\(key)", [UInt8](repeating: 0, count: length)) }
  return zip.finished()
}

/// Bytes of a zip archive, with every field open to mischief.
struct ZipText {
  struct Entry {
    var name: String
    var offset: Int
    var method = 0
    var flags = 0
    var size: Int
    var storedSize: Int
    /// Whether sizes and place stand in the extra field of zip64.
    var isWide = false

    mutating func grow(to size: Int) { (self.size, storedSize) = (size, size) }
  }

  var bytes: [UInt8] = []
  var entries: [Entry] = []

  mutating func add(_ name: String, _ content: [UInt8], method: Int = 0, wide: Bool = false) {
    entries.append(
      Entry(
        name: name, offset: bytes.count, method: method, size: content.count, storedSize: content.count, isWide: wide))
    bytes += [0x50, 0x4B, 0x03, 0x04] + PickleText.number(20, 2) + PickleText.number(0, 2)
    bytes += PickleText.number(method, 2) + [UInt8](repeating: 0, count: 8)
    bytes += PickleText.number(content.count, 4) + PickleText.number(content.count, 4)
    bytes += PickleText.number(name.utf8.count, 2) + PickleText.number(0, 2) + name.utf8 + content
  }

  func finished(wide: Bool = false, count: Int? = nil, shift: Int = 0, comment: String = "") -> [UInt8] {
    let number = PickleText.number
    var directory: [UInt8] = []
    for entry in entries {
      let big = 0xFFFF_FFFF
      let extra =
        entry.isWide
        ? number(1, 2) + number(24, 2) + number(entry.size, 8) + number(entry.storedSize, 8) + number(entry.offset, 8)
        : []
      directory += [0x50, 0x4B, 0x01, 0x02] + number(20, 2) + number(20, 2) + number(entry.flags, 2)
      directory += number(entry.method, 2) + [UInt8](repeating: 0, count: 8)
      directory += number(entry.isWide ? big : entry.storedSize, 4) + number(entry.isWide ? big : entry.size, 4)
      directory += number(entry.name.utf8.count, 2) + number(extra.count, 2) + [UInt8](repeating: 0, count: 10)
      directory += number(entry.isWide ? big : entry.offset, 4) + entry.name.utf8 + extra
    }
    let offset = bytes.count + shift
    let count = count ?? entries.count
    var end: [UInt8] = []
    if wide {
      end += [0x50, 0x4B, 0x06, 0x06] + number(44, 8) + number(45, 2) + number(45, 2) + number(0, 8)
      end += number(count, 8) + number(count, 8) + number(directory.count, 8) + number(offset, 8)
      end += [0x50, 0x4B, 0x06, 0x07] + number(0, 4) + number(bytes.count + directory.count, 8) + number(1, 4)
    }
    end += [0x50, 0x4B, 0x05, 0x06] + number(0, 4)
    end += number(wide ? 0xFFFF : count, 2) + number(wide ? 0xFFFF : count, 2)
    end += number(wide ? 0xFFFF_FFFF : directory.count, 4) + number(wide ? 0xFFFF_FFFF : offset, 4)
    return bytes + directory + end + number(comment.utf8.count, 2) + comment.utf8
  }
}
