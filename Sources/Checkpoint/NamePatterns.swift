internal import Glibc
internal import Units

/// The patterns of a weight set's names. What a name says is worked out once for each pattern, and the work per tensor
/// is one comparison.
package struct NamePatterns: Sendable {
  /// In the order in which each is met first.
  package private(set) var patterns: [NamePattern] = []
  /// For each tensor: its pattern.
  package private(set) var patternOf: [Int32] = []
  /// For each tensor: the first number that is a part of its name by itself; -1 where there is none.
  package private(set) var firstNumberOf: [Int32] = []

  /// Finds the patterns of stretches of the tensors on all cores, and joins them.
  package init(_ tensors: [StoredTensor]) {
    let stretch = 8192
    let parts = parallelMap((tensors.count + stretch - 1) / stretch) { part in
      NamePatterns(tensors, (part * stretch)..<min((part + 1) * stretch, tensors.count))
    }
    patternOf.reserveCapacity(tensors.count)
    firstNumberOf.reserveCapacity(tensors.count)
    var known: [Key: Int] = [:]
    for part in parts { join(part, &known) }
  }

  private struct Key: Hashable {
    var text: [UInt8]
    var dataType: DataType
  }

  /// Puts the patterns of the tensors behind those seen so far.
  private mutating func join(_ part: NamePatterns, _ known: inout [Key: Int]) {
    let numbers = part.patterns.map { pattern -> Int32 in
      // Strings that Unicode calls equal may be two names.
      let key = Key(text: Array(pattern.text.utf8), dataType: pattern.dataType)
      if let number = known[key] {
        patterns[number].add(pattern)
        return Int32(truncatingIfNeeded: number)
      }
      known[key] = patterns.count
      patterns.append(pattern)
      return Int32(truncatingIfNeeded: patterns.count - 1)
    }
    for pattern in part.patternOf { patternOf.append(numbers[Int(pattern)]) }
    firstNumberOf += part.firstNumberOf
  }

  private init(_ tensors: [StoredTensor], _ range: Range<Int>) {
    patternOf.reserveCapacity(range.count)
    firstNumberOf.reserveCapacity(range.count)
    var finder = Finder()
    for position in range {
      var name = tensors[position].name
      let (pattern, numbers) = name.withUTF8 { finder.find($0, tensors[position], position, among: &patterns) }
      patterns[pattern].add(tensors[position])
      if numbers.hasLong { patterns[pattern].hasLongNumbers = true }
      patternOf.append(Int32(truncatingIfNeeded: pattern))
      firstNumberOf.append(numbers.first)
    }
  }
}

extension NamePatterns {
  /// What the numbers of one name say.
  fileprivate struct Numbers {
    /// The first; -1 where there is none, unspecified where it is long.
    var first: Int32 = -1
    /// Whether one has more than nine digits.
    var hasLong = false

    mutating func add(_ digits: Slice<UnsafeBufferPointer<UInt8>>) {
      if digits.count > 9 { hasLong = true }
      if first < 0 { first = digits.reduce(0) { ($0 &* 10 &+ Int32($1 &- zero)) & .max } }
    }
  }

  /// Layers repeat, so behind one pattern mostly comes the one that came there before: that one is tried first, and
  /// only where it does not fit is the name's own pattern made and looked up.
  fileprivate struct Finder {
    /// What stands between the numbers of every pattern, one behind the other.
    private var text: [UInt8] = []
    private var pieces: [Range<Int>] = []
    /// For each pattern its stretch of ``pieces``: one more than it has numbers.
    private var piecesOf: [Range<Int>] = []
    private var known: [[UInt8]: [Int]] = [:]
    /// For each pattern, the one that was met behind it the last time; -1 where none was.
    private var successors: [Int] = []
    private var last: Int?

    mutating func find(
      _ name: UnsafeBufferPointer<UInt8>, _ tensor: StoredTensor, _ position: Int, among patterns: inout [NamePattern]
    ) -> (pattern: Int, numbers: Numbers) {
      if let last, successors[last] >= 0 {
        let guess = successors[last]
        if patterns[guess].dataType == tensor.dataType, let numbers = numbers(of: name, as: guess) {
          self.last = guess
          return (guess, numbers)
        }
      }
      let (key, numbers) = NamePatterns.key(of: name)
      let found = known[key]?.first { patterns[$0].dataType == tensor.dataType } ?? patterns.count
      if found == patterns.count {
        known[key, default: []].append(found)
        add(key)
        patterns.append(NamePattern(text: String(decoding: key, as: UTF8.self), example: position, tensor))
      }
      if let last { successors[last] = found }
      last = found
      return (found, numbers)
    }

    private mutating func add(_ key: [UInt8]) {
      let first = pieces.count
      var begin = text.count
      for part in key.split(separator: dot, omittingEmptySubsequences: false) {
        if part.startIndex > 0 { text.append(dot) }
        if part.elementsEqual([number]) {
          pieces.append(begin..<text.count)
          begin = text.count
        } else {
          text.append(contentsOf: part)
        }
      }
      pieces.append(begin..<text.count)
      piecesOf.append(first..<pieces.count)
      successors.append(-1)
    }

    /// The numbers of a name of this pattern; nil where the name is not of the pattern, or has a `#` of its own.
    private func numbers(of name: UnsafeBufferPointer<UInt8>, as pattern: Int) -> Numbers? {
      guard let bytes = name.baseAddress else { return nil }
      return text.withUnsafeBytes { text in
        var numbers = Numbers()
        var position = 0
        let range = piecesOf[pattern]
        for index in range {
          if index > range.lowerBound {
            let begin = position
            while position < name.count, isDigit(name[position]) { position += 1 }
            guard position > begin else { return nil }
            numbers.add(name[begin..<position])
          }
          let piece = UnsafeRawBufferPointer(rebasing: text[pieces[index]])
          guard name.count - position >= piece.count else { return nil }
          if let begin = piece.baseAddress, memcmp(begin, bytes + position, piece.count) != 0 { return nil }
          position += piece.count
        }
        return position == name.count ? numbers : nil
      }
    }
  }

  /// The name with `#` for each part between dots that is all digits.
  private static func key(of name: UnsafeBufferPointer<UInt8>) -> ([UInt8], Numbers) {
    var key: [UInt8] = []
    var numbers = Numbers()
    for part in name.split(separator: dot, omittingEmptySubsequences: false) {
      if part.startIndex > 0 { key.append(dot) }
      if !part.isEmpty, part.allSatisfy(isDigit) {
        key.append(number)
        numbers.add(part)
      } else {
        key.append(contentsOf: part)
      }
    }
    return (key, numbers)
  }
}

private let dot = UInt8(ascii: ".")
private let number = UInt8(ascii: "#")
private let zero = UInt8(ascii: "0")
private func isDigit(_ byte: UInt8) -> Bool { byte &- zero < 10 }
