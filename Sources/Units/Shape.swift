/// The extents of a tensor, outermost first. An empty shape is a scalar.
public struct Shape: Hashable, Sendable {
  public var dimensions: [Int]

  public init(_ dimensions: [Int]) { self.dimensions = dimensions }

  public var rank: Int { dimensions.count }

  public subscript(_ axis: Int) -> Int { dimensions[axis] }

  /// The product of the extents; nil where it passes 2^63 - 1. An extent of 0 makes it 0, however large the others.
  public var elementCount: ElementCount? {
    guard !dimensions.contains(0) else { return .zero }
    var product = 1
    for extent in dimensions {
      let (next, overflow) = product.multipliedReportingOverflow(by: extent)
      guard !overflow else { return nil }
      product = next
    }
    return ElementCount(product)
  }
}

extension Shape: ExpressibleByArrayLiteral {
  public init(arrayLiteral elements: Int...) { self.init(elements) }
}

extension Shape: CustomStringConvertible {
  public var description: String { "[\(dimensions.map(String.init).joined(separator: ", "))]" }
}
