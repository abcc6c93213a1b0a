internal import Checkpoint
internal import Units

/// The patterns of a weight set, and for each tensor its pattern and its block.
struct PatternTable {
  /// Which numbers in a name are indices.
  enum IndexStyle {
    /// A component that is all digits: `layers.3.`
    case component
    /// Digits at the end of the name's first component that has any: `block3.`, `layer_3.`
    case trailing
  }

  private(set) var patterns: [TensorPattern] = []
  /// For each tensor: its pattern.
  private(set) var patternOf: [Int32] = []
  /// For each tensor: the first index of its name; -1 where there is none.
  private(set) var blockOf: [Int32] = []

  /// Open addressing; a slot holds a pattern's number plus one.
  private var slots = [Int32](repeating: 0, count: 256)
  private var hashes: [Int] = []
  /// Every pattern's key, one behind the other, and where each begins.
  private var keys: [UInt8] = []
  private var keyStarts = [0]
  /// Which pattern came behind each the last time: in natural order the names of a block repeat those of the block
  /// before, so most tensors are found without a hash.
  private var successors: [Int] = []
  private var latest: Int?

  init(_ tensors: [StoredTensor], style: IndexStyle = .component) {
    patternOf.reserveCapacity(tensors.count)
    blockOf.reserveCapacity(tensors.count)
    var buffer = [UInt8](repeating: 0, count: 256)
    for (position, tensor) in tensors.enumerated() {
      var name = tensor.name
      let isFloat = tensor.dataType.isFloatingPoint
      let storage: UInt8 = isFloat ? (tensor.dataType.bitWidth < 16 ? 1 : 0) : 2
      let (block, pattern) = name.withUTF8 { name in
        if buffer.count <= name.count { buffer = [UInt8](repeating: 0, count: name.count * 2) }
        return buffer.withUnsafeMutableBufferPointer { buffer in
          let (block, length) = Self.scan(name, into: buffer, style: style)
          buffer[length] = storage
          return (block, intern(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[...length]), position))
        }
      }
      patterns[pattern].count += 1
      patternOf.append(Int32(truncatingIfNeeded: pattern))
      blockOf.append(block)
    }
    classify(tensors)
  }

  /// Writes the name's pattern into `buffer`, which is longer than the name, and returns its first index, or -1,
  /// and the pattern's length.
  ///
  /// A component of one to nine digits is an index. T5 numbers the parts of a block (`block.3.layer.1.layer_norm`);
  /// there the number says what the part is, so an index after the first one stays where `layer` stands before it.
  private static func scan(
    _ name: UnsafeBufferPointer<UInt8>, into buffer: UnsafeMutableBufferPointer<UInt8>, style: IndexStyle
  ) -> (block: Int32, length: Int) {
    var block: Int32 = -1
    var length = 0
    var componentLength = 0
    var digits = 0
    var value: Int32 = 0
    var isBehindLayer = false
    for position in 0...name.count {
      let byte = position < name.count ? name[position] : UInt8(ascii: ".")
      guard byte == UInt8(ascii: ".") || byte == UInt8(ascii: "/") else {
        if byte &- 48 < 10 {
          digits += 1
          value = value &* 10 &+ Int32(byte &- 48)
        } else {
          digits = 0
          value = 0
        }
        buffer[length] = byte
        length += 1
        componentLength += 1
        continue
      }
      let isIndex = digits > 0 && digits < 10 && (style == .trailing ? block < 0 : digits == componentLength)
      let isLayer = componentLength == 5 && buffer[(length - 5)..<length].elementsEqual("layer".utf8)
      if isIndex, block < 0 || !isBehindLayer {
        if block < 0 { block = value }
        length -= digits
        buffer[length] = UInt8(ascii: "#")
        length += 1
      }
      isBehindLayer = isLayer
      componentLength = 0
      digits = 0
      value = 0
      if position < name.count {
        buffer[length] = byte
        length += 1
      }
    }
    return (block, length)
  }

  /// The number of a key's pattern. The last byte of a key tells apart tensors of one name and different storage: a
  /// checkpoint may leave some blocks unquantised.
  private mutating func intern(_ key: UnsafeRawBufferPointer, _ example: Int) -> Int {
    if let latest, successors[latest] >= 0, isKey(successors[latest], key) {
      self.latest = successors[latest]
      return successors[latest]
    }
    let pattern = find(key, example)
    if let latest { successors[latest] = pattern }
    latest = pattern
    return pattern
  }

  private mutating func find(_ key: UnsafeRawBufferPointer, _ example: Int) -> Int {
    var hasher = Hasher()
    hasher.combine(bytes: key)
    let hash = hasher.finalize()
    var slot = hash & (slots.count - 1)
    while slots[slot] != 0 {
      let pattern = Int(slots[slot]) - 1
      if hashes[pattern] == hash, isKey(pattern, key) { return pattern }
      slot = (slot + 1) & (slots.count - 1)
    }
    let pattern = patterns.count
    slots[slot] = Int32(truncatingIfNeeded: pattern + 1)
    hashes.append(hash)
    successors.append(-1)
    keys.append(contentsOf: key)
    keyStarts.append(keys.count)
    patterns.append(TensorPattern(text: String(decoding: key.dropLast(), as: UTF8.self), example: example))
    if patterns.count * 2 > slots.count { grow() }
    return pattern
  }

  private func isKey(_ pattern: Int, _ key: UnsafeRawBufferPointer) -> Bool {
    let range = keyStarts[pattern]..<keyStarts[pattern + 1]
    guard range.count == key.count else { return false }
    return keys.withUnsafeBytes { keys in
      var offset = 0
      while offset + 8 <= key.count {
        let left = keys.loadUnaligned(fromByteOffset: range.lowerBound + offset, as: UInt64.self)
        guard left == key.loadUnaligned(fromByteOffset: offset, as: UInt64.self) else { return false }
        offset += 8
      }
      while offset < key.count {
        guard keys[range.lowerBound + offset] == key[offset] else { return false }
        offset += 1
      }
      return true
    }
  }

  private mutating func grow() {
    slots = [Int32](repeating: 0, count: slots.count * 4)
    for (pattern, hash) in hashes.enumerated() {
      var slot = hash & (slots.count - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = Int32(truncatingIfNeeded: pattern + 1)
    }
  }
}

extension PatternTable {
  /// Decides for each pattern which part of its module it is.
  private mutating func classify(_ tensors: [StoredTensor]) {
    let texts = Set(patterns.map(\.text))
    var narrow: [Substring: Shape] = [:]
    for index in patterns.indices {
      let tensor = tensors[patterns[index].example]
      patterns[index].settle(example: tensor, beside: texts)
      if tensor.dataType.isFloatingPoint, tensor.dataType.bitWidth == 8, tensor.shape.rank == 2 {
        narrow[patterns[index].parent] = tensor.shape
      }
    }
    // Whatever its name, a small tensor beside an FP8 matrix holds the matrix's scales; a bias is one row long.
    for index in patterns.indices where patterns[index].part == .weight {
      let tensor = tensors[patterns[index].example]
      guard let matrix = narrow[patterns[index].parent], tensor.dataType.bitWidth > 8, tensor.shape.rank < 3,
        tensor.shape != [matrix[0]], let small = tensor.shape.elementCount, let large = matrix.elementCount,
        small.count <= large.count / 16
      else { continue }
      patterns[index].part = .quantization
    }
  }
}
