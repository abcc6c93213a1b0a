package import Units

/// Tensors of one name, but for the numbers in it, and one type: `model.layers.#.mlp.up_proj.weight`.
package struct NamePattern: Sendable {
  /// The name with `#` for each part between dots that is all digits.
  package var text: String
  package var dataType: DataType
  package var tally: Tally
  /// The smallest and the largest extents; nil once two ranks were met.
  package var range: (low: Shape, high: Shape)?
  /// Which tensor was the first.
  package var example: Int
  /// Whether one of the names has a number of more than nine digits.
  package var hasLongNumbers = false

  /// The shape that all tensors share; nil where they differ.
  package var shape: Shape? {
    if let range, range.low == range.high { range.low } else { nil }
  }

  /// The shape for people, with a stretch where it differs: `[256–1024, 4096]`.
  package var shapeText: String {
    guard let range else { return "various" }
    let extents = zip(range.low.dimensions, range.high.dimensions).map { $0 == $1 ? "\($0)" : "\($0)–\($1)" }
    return "[\(extents.joined(separator: ", "))]"
  }

  init(text: String, example: Int, _ tensor: StoredTensor) {
    self.text = text
    self.example = example
    dataType = tensor.dataType
    tally = Tally()
    range = (tensor.shape, tensor.shape)
  }

  mutating func add(_ tensor: StoredTensor) {
    tally.add(tensor)
    widen((tensor.shape, tensor.shape))
  }

  /// Adds the tensors of the same pattern that come later.
  mutating func add(_ other: NamePattern) {
    tally.add(other.tally)
    if other.hasLongNumbers { hasLongNumbers = true }
    if let range = other.range { widen(range) } else { range = nil }
  }

  private mutating func widen(_ other: (low: Shape, high: Shape)) {
    guard let known = range, other.low != known.low || other.high != known.high else { return }
    guard other.low.rank == known.low.rank else {
      range = nil
      return
    }
    range = (
      low: Shape(zip(known.low.dimensions, other.low.dimensions).map(min)),
      high: Shape(zip(known.high.dimensions, other.high.dimensions).map(max))
    )
  }
}
