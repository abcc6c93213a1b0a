internal import Checkpoint
internal import Units

/// Tensors of one name, but for the numbers in it, and one type: `model.layers.#.mlp.up_proj.weight`.
struct NamePattern {
  var text: String
  var dataType: DataType
  var tally: Tally
  /// The smallest and the largest extents; nil once two ranks were met.
  var range: (low: Shape, high: Shape)?
  /// Which tensor was the first.
  var example: Int

  /// The shape that all tensors share; nil where they differ.
  var shape: Shape? {
    if let range, range.low == range.high { range.low } else { nil }
  }

  /// The shape for people, with a stretch where it differs: `[256–1024, 4096]`.
  var shapeText: String {
    guard let range else { return "various" }
    let extents = zip(range.low.dimensions, range.high.dimensions).map { $0 == $1 ? "\($0)" : "\($0)–\($1)" }
    return "[\(extents.joined(separator: ", "))]"
  }

  fileprivate mutating func add(_ tensor: StoredTensor) {
    tally.add(tensor)
    guard let known = range, tensor.shape != known.low || tensor.shape != known.high else { return }
    guard tensor.shape.rank == known.low.rank else {
      range = nil
      return
    }
    range = (
      low: Shape(zip(known.low.dimensions, tensor.shape.dimensions).map(min)),
      high: Shape(zip(known.high.dimensions, tensor.shape.dimensions).map(max))
    )
  }
}

extension NamePattern {
  /// The patterns of the tensors, in the order in which each is met first.
  static func patterns(of tensors: [StoredTensor]) -> [NamePattern] {
    var list = List()
    for (position, tensor) in tensors.enumerated() { list.add(tensor, position) }
    return list.patterns
  }

  /// Layers repeat, so behind one pattern mostly comes the one that came there before: that one is tried first, and
  /// only where it does not fit is the name's own pattern made and looked up.
  private struct List {
    var patterns: [NamePattern] = []
    private var keys: [[UInt8]] = []
    private var numbers: [[UInt8]: [Int]] = [:]
    /// For each pattern, the one that was met behind it the last time.
    private var successors: [Int] = []
    private var last = 0

    mutating func add(_ tensor: StoredTensor, _ position: Int) {
      let number = number(of: tensor, position)
      if patterns.indices.contains(last) { successors[last] = number }
      last = number
      patterns[number].add(tensor)
    }

    private mutating func number(of tensor: StoredTensor, _ position: Int) -> Int {
      var name = tensor.name
      return name.withUTF8 { name in
        if successors.indices.contains(last) {
          let guess = successors[last]
          if guess < patterns.count, patterns[guess].dataType == tensor.dataType, matches(name, keys[guess]) {
            return guess
          }
        }
        let key = NamePattern.key(of: name)
        if let known = numbers[key]?.first(where: { patterns[$0].dataType == tensor.dataType }) { return known }
        numbers[key, default: []].append(patterns.count)
        keys.append(key)
        successors.append(.max)
        patterns.append(
          NamePattern(
            text: String(decoding: key, as: UTF8.self), dataType: tensor.dataType, tally: Tally(),
            range: (tensor.shape, tensor.shape), example: position))
        return patterns.count - 1
      }
    }
  }

  /// Whether ``key(of:)`` of the name would be `key`.
  private static func matches(_ name: UnsafeBufferPointer<UInt8>, _ key: [UInt8]) -> Bool {
    key.withUnsafeBufferPointer { key in
      var position = 0
      var index = 0
      while index < key.count {
        let byte = key[index]
        let isWholePart =
          byte == number && (index == 0 || key[index - 1] == dot) && (index + 1 == key.count || key[index + 1] == dot)
        if isWholePart, position < name.count, isDigit(name[position]) {
          repeat { position += 1 } while position < name.count && isDigit(name[position])
        } else {
          guard position < name.count, name[position] == byte else { return false }
          position += 1
        }
        index += 1
      }
      return position == name.count
    }
  }

  /// The name with `#` for each part between dots that is all digits.
  private static func key(of name: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    var key: [UInt8] = []
    for part in name.split(separator: dot, omittingEmptySubsequences: false) {
      if !key.isEmpty || part.startIndex > 0 { key.append(dot) }
      if !part.isEmpty, part.allSatisfy(isDigit) { key.append(number) } else { key.append(contentsOf: part) }
    }
    return key
  }

  private static var dot: UInt8 { UInt8(ascii: ".") }
  private static var number: UInt8 { UInt8(ascii: "#") }
  private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
}
