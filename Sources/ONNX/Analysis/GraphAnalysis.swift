internal import Graph
internal import Units

/// A model's graph followed for one question.
public struct GraphAnalysis: Sendable {
  public var graph: InferredGraph
  /// What the model does that its operators forbid.
  public var defects: [Cause]
  /// Operators that no rule is known for.
  public var unsupported: [Cause]
  /// Why an extent is not known, by the name of its unknown.
  var causes: [String: Cause]

  /// Follows shapes through the model, with its inputs as it declares them.
  public init(_ model: Model) {
    self.init(model, BoundInputs(model), Inference(functions: model.functions, symbols: [:]))
  }

  /// Follows shapes through the model, with what the user says of its inputs.
  public init(_ model: Model, _ question: GraphQuestion) throws(GraphQuestionError) {
    let bound = try BoundInputs(model, question)
    let inference = Inference(functions: model.functions, symbols: bound.symbols)
    self.init(model, bound, inference)
    let names = inference.dimensionNames
    if let name = question.dimensions.keys.sorted().first(where: { !names.contains($0) }) {
      let known = names.naturallySorted().joined(separator: ", ")
      throw GraphQuestionError(
        message: "no shape depends on a dimension '\(name)'",
        help: names.isEmpty ? "every extent of the model is a number" : "its dimensions are \(known)")
    }
  }

  private init(_ model: Model, _ bound: BoundInputs, _ inference: Inference) {
    let scope = Scope(operatorSets: model.operatorSets)
    for input in bound.inputs { scope.add(input.declaration.name, input.fact(inference), .input) }
    graph = inference.infer(model.graph, in: scope)
    defects = inference.defects
    unsupported = inference.unsupported
    causes = inference.causes
  }
}

/// A model's inputs with what the user says of them.
private struct BoundInputs {
  struct Input {
    var declaration: ValueDeclaration
    /// The extents that a flag gives; nil where the declaration stands.
    var extents: [Int?]
    var value: GraphQuestion.Value?
  }

  var inputs: [Input] = []
  /// Numbers for named dimensions.
  var symbols: [String: Int]

  init(_ model: Model) {
    symbols = [:]
    inputs = model.givenInputs.map { Input(declaration: $0, extents: [], value: nil) }
  }

  init(_ model: Model, _ question: GraphQuestion) throws(GraphQuestionError) {
    symbols = question.dimensions
    let declarations = model.givenInputs
    let names = declarations.map(\.name)
    for name in question.shapes.keys.sorted() + question.values.keys.sorted() where !names.contains(name) {
      throw GraphQuestionError(
        message: "the model has no input '\(name)'", help: "its inputs are \(names.joined(separator: ", "))")
    }
    for (size, number) in question.sizes {
      guard let fixed = model.fixed(size), fixed != number else { continue }
      throw GraphQuestionError(
        message: "the model's \(size.rawValue) size is fixed at \(fixed), and cannot be \(number)",
        help: "only an export with dynamic axes can be asked for another")
    }
    for declaration in declarations {
      let declared = declaration.dimensions
      var extents = [Int?](repeating: nil, count: declared?.count ?? 0)
      for (size, number) in question.sizes {
        for axis in size.axes(of: declaration) where declared?[axis].isOpen == true { extents[axis] = number }
      }
      let value = question.values[declaration.name]
      var shape = question.shapes[declaration.name]
      if shape == nil, case .tensor(let tensor)? = value { shape = tensor.shape.dimensions }
      if shape == nil, case .numbers(let numbers)? = value, declared == nil || declared?.count == 1 {
        shape = [numbers.count]
      }
      if let shape {
        guard declared == nil || declared?.count == shape.count else {
          throw GraphQuestionError(
            message: "input '\(declaration.name)' has rank \(declared?.count ?? 0), and \(shape) has \(shape.count)")
        }
        extents = shape
      }
      for case (let axis, let extent?) in extents.enumerated() {
        guard let declared else { break }
        try bind(declared[axis], extent, "axis \(axis) of input '\(declaration.name)'")
      }
      inputs.append(Input(declaration: declaration, extents: extents, value: value))
    }
  }

  private mutating func bind(
    _ declared: DeclaredDimension, _ extent: Int, _ place: String
  ) throws(GraphQuestionError) {
    switch declared {
    case .fixed(let number) where number != extent:
      throw GraphQuestionError(message: "\(place) is \(number) in the model, not \(extent)")
    case .named(let name):
      if let known = symbols[name], known != extent {
        throw GraphQuestionError(message: "dimension '\(name)' is \(known), and \(place) makes it \(extent)")
      }
      symbols[name] = extent
    default: break
    }
  }
}

extension BoundInputs.Input {
  func fact(_ inference: Inference) -> Fact {
    var fact = Fact(declaration.type, name: declaration.name, inference: inference)
    let named = extents.enumerated().map { axis, extent -> Dimension? in extent.map { .constant($0) } }
    switch fact {
    case .tensor(var tensor):
      if let shape = tensor.shape {
        // An open axis without a name is a symbol of its own.
        tensor.shape = shape.enumerated().map { axis, own in
          (axis < named.count ? named[axis] : nil)
            ?? (own.unknowns.isEmpty ? own : inference.dimension(named: "\(declaration.name).\(axis)"))
        }
      } else if !extents.isEmpty || value != nil {
        tensor = TensorFact(tensor.dataType, shape: named.compactMap { $0 })
      }
      if let value { tensor.elements = elements(value, tensor) }
      fact = .tensor(tensor)
    case .unknown where !extents.isEmpty || value != nil:
      var tensor = TensorFact(nil, shape: named.compactMap { $0 })
      if case .tensor(let given)? = value { tensor.dataType = given.dataType }
      if let value { tensor.elements = elements(value, tensor) }
      fact = .tensor(tensor)
    default: break
    }
    return fact
  }

  private func elements(_ value: GraphQuestion.Value, _ tensor: TensorFact) -> [Scalar]? {
    let scalars: [Scalar]?
    switch value {
    case .tensor(let definition): scalars = definition.content?.scalars
    case .numbers(let numbers):
      let isReal = tensor.dataType?.isFloatingPoint ?? false
      scalars = numbers.map { number in
        if !isReal, let whole = Int(exactly: number) { return .integer(whole) }
        return .real(number)
      }
    }
    guard tensor.isSmall, let scalars, scalars.count == tensor.elementCount else { return nil }
    return scalars
  }
}
