internal import Units

extension Page {
  /// Sizes over time.
  package struct Chart: Hashable, Sendable {
    package var title: String
    /// In bytes, one per moment.
    package var sizes: [Int]

    package init(_ title: String, _ sizes: [Int]) {
      self.title = title
      self.sizes = sizes
    }
  }
}

extension Page.Chart {
  private var largest: Int { sizes.max() ?? 0 }

  /// The largest size of each of at most `count` stretches of equal length.
  private func columns(_ count: Int) -> [Int] {
    let count = min(count, sizes.count)
    return (0..<count).map { column in
      let first = column * sizes.count / count
      return sizes[first..<max(first + 1, (column + 1) * sizes.count / count)].max() ?? 0
    }
  }

  private var caption: String { "\(title), at most \(ByteCount(largest))" }

  /// A line of blocks under a caption.
  func text(style: TextStyle) -> String {
    guard largest > 0 else { return "" }
    let blocks: [Character] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    let line = columns(max(8, min(96, style.width ?? 80) - 4)).map { size in
      blocks[size == 0 ? 0 : max(1, Int(Double(size) / Double(largest) * 8))]
    }
    return "  \(style.styled(caption, .quiet))\n  \(String(line))\n"
  }

  /// An SVG area under a caption.
  var html: String {
    guard largest > 0 else { return "" }
    let (width, height) = (1_000, 160)
    let columns = columns(width)
    let points = columns.enumerated().map { place, size in
      let x = place * width / max(1, columns.count - 1)
      return "\(x),\(height - Int(Double(size) / Double(largest) * Double(height)))"
    }
    return """
      <figure>
      <svg viewBox="0 0 \(width) \(height)" width="100%" role="img" preserveAspectRatio="none">
      <polygon points="0,\(height) \(points.joined(separator: " ")) \(width),\(height)" fill="#7aa6d8"/>
      </svg>
      <figcaption class="note">\(Page.escaped(caption))</figcaption>
      </figure>
      """
  }
}
