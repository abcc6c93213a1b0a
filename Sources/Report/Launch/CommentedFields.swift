/// A document of settings with a comment over each: named values in order.
struct CommentedFields: Hashable, Sendable {
  indirect enum Value: Hashable, Sendable {
    case scalar(JSONValue)
    /// Several lines of text, such as a shell script.
    case lines([String])
    case fields(CommentedFields)
  }

  struct Field: Hashable, Sendable {
    var name: String
    var value: Value
    var comment: String?

    init(_ name: String, _ value: JSONValue, _ comment: String? = nil) {
      self.name = name
      self.value = .scalar(value)
      self.comment = comment
    }

    init(_ name: String, _ value: CommentedFields, _ comment: String? = nil) {
      self.name = name
      self.value = .fields(value)
      self.comment = comment
    }

    init(_ name: String, lines: [String], _ comment: String? = nil) {
      self.name = name
      value = .lines(lines)
      self.comment = comment
    }
  }

  var fields: [Field]

  init(_ fields: [Field?]) { self.fields = fields.compactMap { $0 } }
}

// MARK: - YAML

extension CommentedFields {
  /// The document as YAML that a reader of version 1.1 (PyYAML) and one of 1.2 take alike.
  ///
  /// - Parameter heading: comment lines at the top.
  func yaml(heading: [String]) -> String {
    (heading.map { "# \($0)" } + [""] + yamlLines(indentation: "")).joined(separator: "\n") + "\n"
  }

  private func yamlLines(indentation: String) -> [String] {
    fields.flatMap { field -> [String] in
      let comment = field.comment.map { ["\(indentation)# \($0)"] } ?? []
      let name = "\(indentation)\(Self.word(field.name)):"
      switch field.value {
      case .scalar(let value): return comment + ["\(name) \(Self.yaml(value))"]
      case .fields(let inner): return comment + [name] + inner.yamlLines(indentation: indentation + "  ")
      case .lines(let lines):
        return comment + ["\(name) |"] + lines.map { $0.isEmpty ? "" : "\(indentation)  \($0)" }
      }
    }
  }

  private static func yaml(_ value: JSONValue) -> String {
    switch value {
    case .string(let text): word(text)
    case .number(let number): number.withPoint
    default: value.onOneLine
    }
  }

  /// A plain word, or one in double quotes where a reader could take it for something else.
  private static func word(_ text: String) -> String {
    let reserved: Set = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan", "inf"]
    let isPlain =
      text.utf8.first.map { $0.isLetter || $0 == UInt8(ascii: "/") } == true && !reserved.contains(text.lowercased())
      && text.utf8.allSatisfy { $0.isLetter || (0x30...0x39).contains($0) || "_-./".utf8.contains($0) }
    return isPlain ? text : JSONValue.string(text).onOneLine
  }
}

extension UInt8 {
  fileprivate var isLetter: Bool { (0x41...0x5A).contains(self) || (0x61...0x7A).contains(self) }
}

extension Double {
  /// With a decimal point: without one PyYAML takes `1e-05` for a word.
  var withPoint: String {
    let text = description
    guard let exponent = text.firstIndex(of: "e"), !text.contains(".") else { return text }
    return "\(text[..<exponent]).0\(text[exponent...])"
  }
}

extension JSONValue {
  /// The value as JSON without a newline at its end. As a string it is also one of Python's and of YAML's.
  var onOneLine: String {
    let bytes = encoded()
    return String(decoding: bytes.dropLast(), as: UTF8.self)
  }
}
