internal import Graph

extension Dimension {
  /// The extent that a `dim_param` names. Some exporters write sums and products of other names there
  /// (`past_sequence_length + 1`), which are taken as such; any other text is a symbol as it stands.
  init(named text: String, _ symbol: @escaping (String) -> Dimension) {
    var parser = NameParser(rest: Array(text.utf8)[...], symbol: symbol)
    if let value = parser.sum(), parser.isAtEnd {
      self = value
    } else {
      self = symbol(text)
    }
  }
}

/// Sums, differences, products and quotients of names and numbers.
private struct NameParser {
  var rest: ArraySlice<UInt8>
  let symbol: (String) -> Dimension
  private var depth = 0

  init(rest: ArraySlice<UInt8>, symbol: @escaping (String) -> Dimension) {
    self.rest = rest
    self.symbol = symbol
  }

  var isAtEnd: Bool {
    mutating get {
      skipSpace()
      return rest.isEmpty
    }
  }

  mutating func sum() -> Dimension? {
    guard var value = product() else { return nil }
    while let sign = take(["+", "-"]) {
      guard let next = product() else { return nil }
      value = sign == "+" ? value + next : value - next
    }
    return value
  }

  private mutating func product() -> Dimension? {
    guard var value = factor() else { return nil }
    while let sign = take(["*", "//", "/"]) {
      guard let next = factor() else { return nil }
      value = sign == "*" ? value * next : value.quotient(next)
    }
    return value
  }

  private mutating func factor() -> Dimension? {
    if take(["("]) != nil {
      depth += 1
      defer { depth -= 1 }
      guard depth < 32, let value = sum(), take([")"]) != nil else { return nil }
      return value
    }
    skipSpace()
    let word = rest.prefix { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
        || byte == 0x2E
    }
    guard let first = word.first else { return nil }
    rest = rest.dropFirst(word.count)
    let text = String(decoding: word, as: UTF8.self)
    return (0x30...0x39).contains(first) ? Int(text).map { .constant($0) } : symbol(text)
  }

  private mutating func take(_ signs: [String]) -> String? {
    skipSpace()
    guard let sign = signs.first(where: { rest.starts(with: $0.utf8) }) else { return nil }
    rest = rest.dropFirst(sign.utf8.count)
    return sign
  }

  private mutating func skipSpace() { rest = rest.drop { $0 == 0x20 } }
}
