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
    var patterns: [NamePattern] = []
    // From a key's hash to its pattern. Equal hashes of unlike keys are told apart by counting up.
    var known: [Int: (key: [UInt8], pattern: Int)] = [:]
    var key: [UInt8] = []
    for (position, tensor) in tensors.enumerated() {
      var name = tensor.name
      key.removeAll(keepingCapacity: true)
      name.withUTF8 { write(patternOf: $0, into: &key) }
      let length = key.count
      key.append(contentsOf: tensor.dataType.rawValue.utf8)
      var hasher = Hasher()
      key.withUnsafeBytes { hasher.combine(bytes: $0) }
      var slot = hasher.finalize()
      while let (other, pattern) = known[slot] {
        if other == key {
          patterns[pattern].add(tensor)
          break
        }
        slot &+= 1
      }
      guard known[slot] == nil else { continue }
      known[slot] = (key, patterns.count)
      var tally = Tally()
      tally.add(tensor)
      patterns.append(
        NamePattern(
          text: String(decoding: key[..<length], as: UTF8.self), dataType: tensor.dataType, tally: tally,
          range: (tensor.shape, tensor.shape), example: position))
    }
    return patterns
  }

  /// Replaces each part between dots that is all digits.
  private static func write(patternOf name: UnsafeBufferPointer<UInt8>, into key: inout [UInt8]) {
    let dot = UInt8(ascii: ".")
    var start = 0
    while start <= name.count {
      var end = start
      var isNumber = true
      while end < name.count, name[end] != dot {
        if name[end] &- UInt8(ascii: "0") > 9 { isNumber = false }
        end += 1
      }
      if isNumber, end > start {
        key.append(UInt8(ascii: "#"))
      } else {
        key.append(contentsOf: UnsafeBufferPointer(rebasing: name[start..<end]))
      }
      if end < name.count { key.append(dot) }
      start = end + 1
    }
  }
}
