internal import Graph
internal import Units

extension Fact {
  /// What a declaration says of a value. Extents without a value or a name become unknowns of the value.
  init(_ type: ValueType?, name: String, inference: Inference) {
    switch type {
    case .tensor(let dataType, let dimensions), .sparseTensor(let dataType, let dimensions):
      guard let dimensions else {
        self = .tensor(TensorFact(dataType, unknownRank: Cause(.data, "no shape is declared", node: name)))
        return
      }
      self = .tensor(dataType, dimensions.enumerated().map { inference.extent($1, of: name, axis: $0) })
    case .sequence(let element):
      self = .sequence(SequenceFact(element: Fact(element, name: name, inference: inference), elements: nil))
    case .optional(let element):
      self = .optional(
        OptionalFact(element: element.map { Fact($0, name: name, inference: inference) }, isPresent: nil))
    case .map, .opaque: self = .shapeless
    case nil: self = .unknown(Cause(.data, "no type is declared", node: name))
    }
  }
}

extension Inference {
  /// A declared extent as an expression: a symbol stands for its value where one is given.
  func extent(_ declared: DeclaredDimension, of name: String, axis: Int) -> Dimension {
    switch declared {
    case .fixed(let number): .constant(number)
    case .named(let text): given(text) ?? Dimension(named: text, self.dimension(named:))
    case .unknown: unknown("\(name).\(axis)", Cause(.data, "axis \(axis) is declared without a size", node: name))
    }
  }
}

extension TensorFact {
  /// What the file says of a tensor that it holds.
  init(_ tensor: TensorDefinition) {
    self.init(tensor.dataType, shape: tensor.shape.dimensions.map { .constant($0) })
    if let content = tensor.content?.scalars, content.count == tensor.shape.elementCount?.count {
      elements = content
    }
  }
}
