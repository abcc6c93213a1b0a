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

  /// The number of each pattern, by its text and a last byte for how its tensors are stored: a checkpoint may leave
  /// some blocks unquantised.
  private var known: [[UInt8]: Int] = [:]
  /// The bytes of the pattern at hand.
  private var buffer = [UInt8](repeating: 0, count: 256)

  /// - Parameters:
  ///   - telling: places in patterns, `net.stage.#.mix.`, where a number says what a part is, and stays.
  ///   - packsWords: whether a matrix of integers may be a packed weight; ggml's types say what they pack.
  init(
    _ tensors: [StoredTensor], _ names: NamePatterns, style: IndexStyle = .component,
    telling: Set<ArraySlice<UInt8>> = [], packsWords: Bool = true
  ) {
    patternOf.reserveCapacity(tensors.count)
    blockOf.reserveCapacity(tensors.count)
    // Of most name patterns one tensor speaks for all.
    let isUniform = names.patterns.map { style == .component && telling.isEmpty && Self.isUniform($0) }
    var spoken = [Int32](repeating: -1, count: names.patterns.count)
    for position in tensors.indices {
      let name = Int(names.patternOf[position])
      if spoken[name] >= 0 {
        patternOf.append(spoken[name])
        blockOf.append(names.firstNumberOf[position])
        continue
      }
      let (block, pattern) = read(tensors[position], position, style: style, telling)
      patternOf.append(Int32(truncatingIfNeeded: pattern))
      blockOf.append(block)
      if isUniform[name] {
        spoken[name] = Int32(truncatingIfNeeded: pattern)
        patterns[pattern].tally.add(names.patterns[name].tally)
      } else {
        patterns[pattern].tally.add(tensors[position])
      }
    }
    classify(tensors)
    guard !packsWords else { return }
    for index in patterns.indices where patterns[index].part == .packedWeight {
      patterns[index].part = .weight
      patterns[index].packing = nil
    }
  }

  /// Whether all tensors of a name pattern have one pattern here, and their first number is their block: not where a
  /// number behind `layer` stays, where slashes divide the name, or where a number is too long to be an index.
  private static func isUniform(_ pattern: NamePattern) -> Bool {
    guard !pattern.hasLongNumbers, !pattern.text.utf8.contains(UInt8(ascii: "/")) else { return false }
    var hasIndex = false
    var isBehindLayer = false
    for part in pattern.text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
      let isIndex = part.elementsEqual("#".utf8)
      if isIndex, hasIndex, isBehindLayer { return false }
      hasIndex = hasIndex || isIndex
      isBehindLayer = part.elementsEqual("layer".utf8)
    }
    return true
  }

  /// The block and the pattern of one tensor.
  private mutating func read(
    _ tensor: StoredTensor, _ position: Int, style: IndexStyle, _ telling: Set<ArraySlice<UInt8>>
  ) -> (block: Int32, pattern: Int) {
    let isFloat = tensor.dataType.isFloatingPoint
    let storage: UInt8 = isFloat ? (tensor.dataType.bitWidth < 16 ? 1 : 0) : 2
    var name = tensor.name
    let (block, length) = name.withUTF8 { name in
      if buffer.count <= name.count { buffer = [UInt8](repeating: 0, count: name.count * 2) }
      return buffer.withUnsafeMutableBufferPointer {
        Self.scan(name, into: $0, style: style, telling)
      }
    }
    buffer[length] = storage
    return (block, intern(Array(buffer[...length]), position))
  }

  /// Writes the name's pattern into `buffer`, which is longer than the name, and returns its first index, or -1,
  /// and the pattern's length.
  ///
  /// A component of one to nine digits is an index. T5 numbers the parts of a block (`block.3.layer.1.layer_norm`);
  /// there the number says what the part is, so an index after the first one stays where `layer` stands before it.
  private static func scan(
    _ name: UnsafeBufferPointer<UInt8>, into buffer: UnsafeMutableBufferPointer<UInt8>, style: IndexStyle,
    _ telling: Set<ArraySlice<UInt8>>
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
      let isTelling = isIndex && !telling.isEmpty && telling.contains(Array(buffer[..<(length - digits)])[...])
      if isIndex, block < 0 || !(isBehindLayer || isTelling) {
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

  /// The number of a key's pattern.
  private mutating func intern(_ key: [UInt8], _ example: Int) -> Int {
    if let number = known[key] { return number }
    known[key] = patterns.count
    patterns.append(TensorPattern(text: String(decoding: key.dropLast(), as: UTF8.self), example: example))
    return patterns.count - 1
  }
}

extension PatternTable {
  /// Counts patterns among what is kept and does not train.
  mutating func makeBuffers(_ numbers: Set<Int>) {
    for number in numbers { patterns[number].part = .buffer }
  }

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
