internal import Graph
internal import Units

/// Operators on texts.
enum Text {
  static let all: [OperatorRow] = [
    row("StringConcat", shape: Elementwise.broadcastAll, value: concatenation), row("StringSplit", shape: split),
    row("StringNormalizer", shape: normalized), row("RegexFullMatch", shape: match),
    row("TfIdfVectorizer", shape: frequencies),
  ]

  /// StringConcat (20).
  private static func concatenation(_ call: Call, _ results: [TensorFact]) throws(Unresolved) -> [[Scalar]?] {
    [
      try call.combined(results[0]) { left, right in
        if case .text(let a) = left, case .text(let b) = right { .text(a + b) } else { .unknown }
      }
    ]
  }

  /// RegexFullMatch (20).
  private static func match(_ call: Call) throws(Unresolved) -> [Fact] { [.tensor(.bool, try call.shape(0))] }

  /// StringSplit (20): the parts along a new last axis, as long as the longest list of them, and their number.
  private static func split(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0)
    let delimiter = Array((try call.string("delimiter") ?? "").utf8)
    let most = try call.integer("maxsplit").flatMap { $0 < 0 || $0 == .max ? nil : $0 + 1 }
    let counts = (try? call.elements(0)).map { elements in
      elements.map { element -> Int? in
        guard case .text(let text) = element else { return nil }
        let parts = Array(text.utf8).parts(delimiter)
        return min(parts, most ?? parts)
      }
    }
    guard let counts, counts.allSatisfy({ $0 != nil }) else {
      let longest = call.unknown("\(shape.count)", "the number of parts of a text")
      return [.tensor(.string, shape + [longest]), .tensor(.int64, shape)]
    }
    let known = counts.compactMap { $0 }
    return [
      .tensor(.string, shape + [.constant(known.max() ?? 0)]),
      .tensor(TensorFact(.int64, shape: shape, elements: known.map { .integer($0) })),
    ]
  }

  /// StringNormalizer (10): a list, or a list in a batch of one, without its stop words; one empty text where nothing
  /// is left.
  private static func normalized(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0)
    guard let extent = shape.last, shape.count <= 2 else {
      throw .defect("its input has rank \(shape.count), not 1 or 2")
    }
    if shape.count == 2, shape[0].isEqual(1) == false { throw .defect("its batch is \(shape[0]), not 1") }
    let batch: [Dimension] = shape.count == 2 ? [1] : []
    var stopWords: [String] = []
    if case .strings(let words)? = call.attributes["stopwords"] { stopWords = words }
    if stopWords.isEmpty, extent.isAtLeast(1) == true { return [.tensor(.string, batch + [extent])] }
    let isSensitive = try call.flag("is_case_sensitive")
    func key(_ text: String) -> [UInt8] { Array((isSensitive ? text : text.lowercased()).utf8) }
    let stops = Set(stopWords.map(key))
    guard let elements = try? call.elements(0) else {
      return [.tensor(.string, batch + [call.unknown("\(batch.count)", "the number of texts that are no stop words")])]
    }
    var kept = 0
    for element in elements {
      guard case .text(let text) = element else {
        let count = call.unknown("\(batch.count)", "the number of texts that are no stop words")
        return [.tensor(.string, batch + [count])]
      }
      if !stops.contains(key(text)) { kept += 1 }
    }
    return [.tensor(.string, batch + [.constant(max(kept, 1))])]
  }

  /// TfIdfVectorizer (9): a number for each index that an n-gram has.
  private static func frequencies(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0)
    guard shape.count <= 2 else { throw .defect("its input has rank \(shape.count), not 1 or 2") }
    guard let largest = try call.optionalIntegers("ngram_indexes")?.max(), largest >= 0 else {
      throw .defect("attribute 'ngram_indexes' names no index")
    }
    return [.tensor(.float32, shape.dropLast() + [.constant(largest) + 1])]
  }
}

extension [UInt8] {
  /// How many parts a text has: between delimiters, or, for an empty one, of anything but white space.
  fileprivate func parts(_ delimiter: [UInt8]) -> Int {
    guard !delimiter.isEmpty else {
      return split { $0 == 0x20 || (0x09...0x0D).contains($0) }.count
    }
    var (count, place) = (1, 0)
    while place + delimiter.count <= self.count {
      if self[place..<place + delimiter.count].elementsEqual(delimiter) {
        count += 1
        place += delimiter.count
      } else {
        place += 1
      }
    }
    return count
  }
}
