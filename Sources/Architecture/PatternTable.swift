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
  private var bytes: [[UInt8]] = []

  init(_ tensors: [StoredTensor], style: IndexStyle = .component) {
    patternOf.reserveCapacity(tensors.count)
    blockOf.reserveCapacity(tensors.count)
    var buffer: [UInt8] = []
    for (position, tensor) in tensors.enumerated() {
      var name = tensor.name
      let block = name.withUTF8 { Self.scan($0, into: &buffer, style: style) }
      buffer.append(tensor.dataType.isFloatingPoint ? UInt8(tensor.dataType.bitWidth < 16 ? 1 : 0) : 2)
      let pattern = intern(buffer, example: position)
      patterns[pattern].count += 1
      patternOf.append(Int32(truncatingIfNeeded: pattern))
      blockOf.append(block)
    }
    classify(tensors)
  }

  /// Writes the name's pattern into `buffer` and returns its first index, or -1.
  ///
  /// A component of one to nine digits is an index. T5 numbers the parts of a block (`block.3.layer.1.layer_norm`);
  /// there the number says what the part is, so an index after the first one stays where `layer` stands before it.
  private static func scan(_ name: UnsafeBufferPointer<UInt8>, into buffer: inout [UInt8], style: IndexStyle) -> Int32 {
    buffer.removeAll(keepingCapacity: true)
    var block: Int32 = -1
    var start = 0
    var previous = 0..<0
    while start <= name.count {
      var end = start
      while end < name.count, name[end] != UInt8(ascii: "."), name[end] != UInt8(ascii: "/") { end += 1 }
      var digits = end
      if end > start, name[end - 1] &- 48 < 10 {
        digits = end - 1
        while digits > start, name[digits - 1] &- 48 < 10 { digits -= 1 }
      }
      let isIndex = end > digits && end - digits < 10 && (style == .trailing ? block < 0 : digits == start)
      if isIndex, block < 0 || !isLayer(name, previous) {
        if block < 0 { block = name[digits..<end].reduce(0) { $0 * 10 + Int32($1 - 48) } }
        buffer.append(contentsOf: name[start..<digits])
        buffer.append(UInt8(ascii: "#"))
      } else {
        buffer.append(contentsOf: name[start..<end])
      }
      if end < name.count { buffer.append(name[end]) }
      previous = start..<end
      start = end + 1
    }
    return block
  }

  private static func isLayer(_ name: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Bool {
    range.count == 5 && name[range].elementsEqual("layer".utf8)
  }

  /// The last byte of a key tells apart tensors of one name and different storage: a checkpoint may leave some
  /// blocks unquantised.
  private mutating func intern(_ key: [UInt8], example: Int) -> Int {
    var hasher = Hasher()
    key.withUnsafeBytes { hasher.combine(bytes: $0) }
    let hash = hasher.finalize()
    var slot = hash & (slots.count - 1)
    while slots[slot] != 0 {
      let pattern = Int(slots[slot]) - 1
      if hashes[pattern] == hash, bytes[pattern] == key { return pattern }
      slot = (slot + 1) & (slots.count - 1)
    }
    let pattern = patterns.count
    slots[slot] = Int32(truncatingIfNeeded: pattern + 1)
    hashes.append(hash)
    bytes.append(key)
    patterns.append(TensorPattern(text: String(decoding: key.dropLast(), as: UTF8.self), example: example))
    if patterns.count * 2 > slots.count { grow() }
    return pattern
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
