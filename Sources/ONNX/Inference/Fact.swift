public import Graph
public import Units

/// What is known of a value without running the model.
public indirect enum Fact: Hashable, Sendable {
  case tensor(TensorFact)
  case sequence(SequenceFact)
  case optional(OptionalFact)
  /// A map or an opaque value, which has no shape.
  case shapeless
  case unknown(Cause)

  /// The tensor, also within an optional that surely holds one.
  public var tensor: TensorFact? {
    switch self {
    case .tensor(let tensor): tensor
    case .optional(let optional) where optional.isPresent != false: optional.element?.tensor
    default: nil
    }
  }

  static func tensor(_ dataType: DataType?, _ shape: [Dimension]) -> Fact {
    .tensor(TensorFact(dataType, shape: shape))
  }

  static func scalar(_ dataType: DataType?) -> Fact { .tensor(dataType, []) }

  /// Why the shape is not known, or not wholly; nil where it is known.
  public var cause: Cause? {
    switch self {
    case .tensor(let tensor): tensor.cause
    case .unknown(let cause): cause
    default: nil
    }
  }
}

public struct TensorFact: Hashable, Sendable {
  /// Nil where it is not known.
  public var dataType: DataType?
  /// Nil where not even the rank is known; ``cause`` says why.
  public var shape: [Dimension]?
  public var cause: Cause?
  /// The elements in row-major order, for small tensors whose shape is a number in every axis.
  public var elements: [Scalar]?

  /// A tensor with more elements than this has shapes flow around it, not through it.
  static let largestContent = 1_024

  init(_ dataType: DataType?, shape: [Dimension], elements: [Scalar]? = nil) {
    self.dataType = dataType
    self.shape = shape
    self.elements = elements
  }

  init(_ dataType: DataType?, unknownRank cause: Cause) {
    self.dataType = dataType
    self.cause = cause
  }

  /// The extents as numbers; nil unless all are.
  public var extents: [Int]? {
    guard let shape else { return nil }
    var extents: [Int] = []
    extents.reserveCapacity(shape.count)
    for dimension in shape {
      guard let extent = dimension.constant else { return nil }
      extents.append(extent)
    }
    return extents
  }

  /// How many elements there are; nil where that depends or is beyond 64 bits, or an extent is negative.
  var elementCount: Int? {
    guard let extents, extents.allSatisfy({ $0 >= 0 }) else { return nil }
    return Shape(extents).elementCount?.count
  }

  /// Whether the elements would be few enough to follow.
  var isSmall: Bool { elementCount.map { $0 <= Self.largestContent } ?? false }
}

public struct SequenceFact: Hashable, Sendable {
  /// What every element is.
  public var element: Fact
  /// Each element, where their number is known.
  public var elements: [Fact]?
}

public struct OptionalFact: Hashable, Sendable {
  public var element: Fact?
  /// Nil where only running the model can tell.
  public var isPresent: Bool?
}

// MARK: - What two facts have in common

extension Fact {
  /// What is known of a value that is one of two, as after an If whose condition is not known.
  ///
  /// - Parameter unknown: makes an extent that differs between the two.
  static func joined(_ left: Fact, _ right: Fact, unknown: (Int) -> Dimension) -> Fact {
    if left == right { return left }
    switch (left, right) {
    case (.tensor(let a), .tensor(let b)): return .tensor(TensorFact.joined(a, b, unknown: unknown))
    case (.sequence(let a), .sequence(let b)):
      return .sequence(
        SequenceFact(element: joined(a.element, b.element, unknown: unknown), elements: nil))
    case (.optional(let a), .optional(let b)):
      let element: Fact? =
        switch (a.element, b.element) {
        case (let x?, let y?): joined(x, y, unknown: unknown)
        case (let x, let y): x ?? y
        }
      return .optional(OptionalFact(element: element, isPresent: a.isPresent == b.isPresent ? a.isPresent : nil))
    case (.unknown(let cause), _), (_, .unknown(let cause)): return .unknown(cause)
    default: return .unknown(Cause(.data, "is a tensor on one path and something else on the other"))
    }
  }
}

extension TensorFact {
  static func joined(_ a: TensorFact, _ b: TensorFact, unknown: (Int) -> Dimension) -> TensorFact {
    let dataType = a.dataType == b.dataType ? a.dataType : nil
    guard let first = a.shape, let second = b.shape else {
      return TensorFact(dataType, unknownRank: a.cause ?? b.cause ?? Cause(.data, "has an unknown rank"))
    }
    guard first.count == second.count else {
      return TensorFact(dataType, unknownRank: Cause(.data, "has another rank on another path"))
    }
    let shape = first.indices.map { first[$0] == second[$0] ? first[$0] : unknown($0) }
    return TensorFact(dataType, shape: shape)
  }
}
