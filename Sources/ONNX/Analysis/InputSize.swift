internal import Units

/// A size that flags give to all of a model's inputs together.
public enum InputSize: String, CaseIterable, Sendable {
  case batch
  case sequence
  case image

  /// The axes of an input that have this size: the first is the batch; the second of a matrix of integers or of any
  /// tensor of rank 3 the sequence; the last two of an image, which is of rank 4 and no integers, its sides.
  func axes(of input: ValueDeclaration) -> [Int] {
    guard let dimensions = input.dimensions else { return [] }
    switch self {
    case .batch: return dimensions.isEmpty ? [] : [0]
    case .sequence: return dimensions.count == 3 || (dimensions.count == 2 && input.holdsIntegers) ? [1] : []
    case .image: return dimensions.count == 4 && !input.holdsIntegers ? [2, 3] : []
    }
  }
}

extension Model {
  /// Before version 4 of the format, weights are among the inputs.
  var givenInputs: [ValueDeclaration] {
    let weights = Set(graph.initializers.map(\.name))
    return graph.inputs.filter { !weights.contains($0.name) }
  }

  /// The size that every input fixes; nil where one leaves it open, or where they differ.
  public func fixed(_ size: InputSize) -> Int? {
    var fixed: Set<Int> = []
    for input in givenInputs {
      for axis in size.axes(of: input) {
        guard case .fixed(let number)? = input.dimensions?[axis] else { return nil }
        fixed.insert(number)
      }
    }
    return fixed.count == 1 ? fixed.first : nil
  }
}

extension ValueDeclaration {
  var dimensions: [DeclaredDimension]? {
    switch type {
    case .tensor(_, let dimensions), .sparseTensor(_, let dimensions): dimensions
    default: nil
    }
  }

  var holdsIntegers: Bool {
    switch type {
    case .tensor(.int64, _), .tensor(.int32, _), .tensor(.bool, _): true
    default: false
    }
  }
}

extension DeclaredDimension {
  var isOpen: Bool { if case .fixed = self { false } else { true } }
}
