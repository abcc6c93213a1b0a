internal import Graph
internal import Units

typealias Tensor = GraphBuilder.Tensor

/// Writes an inferred graph down as operators of eager PyTorch.
///
/// What is known before the graph runs (shapes, positions in them, single numbers) is a number to the program and no
/// tensor. What no trained weight reaches is made without a gradient.
struct TrainingLowering {
  let graph: InferredGraph
  private let weights: [String: GraphWeight]
  let settings: ForwardSettings
  private let frozen: [Glob]
  /// The type that most of the weights are stored in; `--precision` takes its place.
  private let storedType: DataType
  var builder: GraphBuilder
  /// By place among the graph's values.
  private var tensors: [Int: Tensor] = [:]
  /// Values that a trained weight reaches.
  private var isTrained: Set<Graph.ValueID> = []
  /// The matrix that a value shows transposed, by the value's place.
  var transposed: [Int: Int] = [:]
  /// Steps whose work another one has done.
  private var isDone: Set<Int> = []
  /// What a batch norm keeps count of, and no gradient changes.
  private let isStatistic: Set<Int>
  /// How many steps read each value, graph outputs included.
  private let readerCounts: [Int]

  init(_ analysis: GraphAnalysis, _ weights: GraphWeights, _ settings: ForwardSettings) {
    graph = analysis.graph
    self.weights = Dictionary(weights.weights.map { ($0.storedName, $0) }) { first, _ in first }
    self.settings = settings
    frozen = settings.frozen.map(Glob.init)
    var bytes: [DataType: Int] = [:]
    for weight in weights.weights where weight.dataType.isFloatingPoint {
      bytes[weight.dataType, default: 0] += weight.definition.bytes.bytes
    }
    storedType = bytes.max { ($0.value, $0.key.rawValue) < ($1.value, $1.key.rawValue) }?.key ?? .float32
    builder = GraphBuilder(autocast: settings.precision.autocast)
    var counts = [Int](repeating: 0, count: graph.values.count)
    for step in graph.steps { for value in step.reads { counts[value] += 1 } }
    for output in graph.outputs { counts[output] += 1 }
    readerCounts = counts
    var statistics: Set<Int> = []
    for step in graph.steps where graph.nodes[step.node].operatorType == "BatchNormalization" {
      statistics.formUnion(step.reads.dropFirst(3))
    }
    isStatistic = statistics
  }

  mutating func run() throws(LoweringError) -> Graph {
    for (place, value) in graph.values.enumerated() where value.origin == .input {
      guard let tensor = value.fact.tensor, let extents = tensor.extents else {
        throw LoweringError(message: "the input '\(value.name)' has no shape")
      }
      tensors[place] = builder.input(value.name, Shape(extents), type(tensor.dataType))
    }
    for index in graph.steps.indices where !isDone.contains(index) { try lower(index) }
    return builder.finish(loss: try loss())
  }

  // MARK: - Steps

  private mutating func lower(_ index: Int) throws(LoweringError) {
    let step = graph.steps[index]
    let node = graph.nodes[step.node]
    if node.isConstant || step.writes.allSatisfy({ $0.map(isNumber) ?? true }) { return }
    let operation = LoweredStep(index: index, step: step, node: node)
    var trains = false
    for place in step.reads where tensors[place] != nil || isWeight(place) {
      let operand = try tensor(place)
      trains = trains || isTrained.contains(operand.id)
    }
    let results: [Tensor?]
    // Truth values and positions carry no gradient, whatever they are computed from.
    let isReal = step.writes.contains { $0.map { type(of: $0).isFloatingPoint } ?? false }
    if (trains && isReal) || OperatorLowering.isPlain(node) {
      guard let made = try OperatorLowering.lower(operation, &self) else {
        throw LoweringError(
          message: "how gradients flow through \(node.qualifiedName) (\(graph.labels[index])) is not known")
      }
      results = made
    } else {
      results = try created(operation)
    }
    for (place, tensor) in zip(step.writes, results) {
      if let place, let tensor { tensors[place] = tensor }
    }
  }

  /// Operators whose operands are tensors even where the program knows them: positions that are compared.
  private static let takingTensors: Set = [
    "Add", "And", "Div", "Equal", "Gather", "GatherElements", "GatherND", "Greater", "GreaterOrEqual", "Less",
    "LessOrEqual", "MatMul", "Max", "Min", "Mul", "Or", "Sub", "Where",
  ]

  /// Results without a gradient.
  private mutating func created(_ operation: LoweredStep) throws(LoweringError) -> [Tensor?] {
    var inputs: [Tensor] = []
    let takesTensors = Self.takingTensors.contains(operation.node.operatorType)
    for place in operation.step.reads where !isNumber(place) || (takesTensors && number(place) == nil) {
      inputs.append(try tensor(place))
    }
    var results: [Tensor?] = []
    for place in operation.step.writes {
      guard let place, !isNumber(place) else {
        results.append(nil)
        continue
      }
      let shape = try shape(place)
      results.append(builder.create(operation.node.operatorType, inputs, shape, type(of: place)))
    }
    return results
  }

  /// Appends an operator; its results are trained where its inputs are.
  mutating func apply(_ kind: OperatorKind, _ inputs: [Tensor], _ shape: Shape, _ type: DataType? = nil) -> Tensor {
    let result = builder.apply(kind, inputs, Layout(contiguous: shape), type ?? inputs[0].dataType)
    return trained(result, by: inputs)
  }

  /// Marks a result as trained where one of the inputs is.
  mutating func trained(_ result: Tensor, by inputs: [Tensor]) -> Tensor {
    if result.dataType.isFloatingPoint, inputs.contains(where: { isTrained.contains($0.id) }) {
      isTrained.insert(result.id)
    }
    return result
  }

  // MARK: - Values

  /// Whether the program knows the value before the graph runs: a shape, or a single number.
  func isNumber(_ place: Int) -> Bool {
    let value = graph.values[place]
    guard value.origin != .input, weights[value.name] == nil else { return false }
    guard let tensor = value.fact.tensor else { return false }
    if let elements = tensor.elements, elements.allSatisfy({ $0.double != nil }) {
      return tensor.dataType?.isFloatingPoint != true || elements.count <= 1
    }
    return false
  }

  /// A single known number.
  func number(_ place: Int) -> Double? {
    guard let elements = graph.values[place].fact.tensor?.elements, elements.count == 1 else { return nil }
    return elements[0].double
  }

  func shape(_ place: Int) throws(LoweringError) -> Shape {
    guard let extents = graph.values[place].fact.tensor?.extents else {
      let cause = graph.values[place].fact.cause.map { ": \($0)" } ?? ""
      throw LoweringError(message: "the shape of '\(graph.values[place].name)' is not known\(cause)")
    }
    return Shape(extents)
  }

  func type(of place: Int) -> DataType { type(graph.values[place].fact.tensor?.dataType) }

  /// A type of the file as the run has it.
  func type(_ type: DataType?) -> DataType {
    guard let type else { return settings.precision.parameterType }
    return type == storedType ? settings.precision.parameterType : type
  }

  /// The tensor of a value: what a step made, a weight, or a constant of the file.
  mutating func tensor(_ place: Int) throws(LoweringError) -> Tensor {
    if let known = tensors[place] { return known }
    let value = graph.values[place]
    let made: Tensor
    if let weight = weights[value.name] {
      guard weight.dataType.isFloatingPoint else {
        throw LoweringError(message: "the weight '\(weight.name)' is quantised; training through it is not simulated")
      }
      let trains = !isStatistic.contains(place) && !frozen.contains { $0.matches(weight.name) }
      made = builder.parameter(weight.name, weight.shape, type(weight.dataType), trains: trains)
      if trains { isTrained.insert(made.id) }
    } else {
      made = builder.buffer(value.name, try shape(place), type(of: place))
    }
    tensors[place] = made
    return made
  }

  func isWeight(_ place: Int) -> Bool { weights[graph.values[place].name] != nil }

  /// The only step that reads a value, where it is the only one and comes later.
  func onlyReader(of place: Int) -> Int? {
    guard readerCounts[place] == 1 else { return nil }
    return graph.steps.indices.first { graph.steps[$0].reads.contains(place) }
  }

  /// Gives the results of a step that another one's work includes.
  mutating func finish(_ step: Int, with tensor: Tensor) {
    isDone.insert(step)
    if let place = graph.steps[step].writes.first.flatMap({ $0 }) { tensors[place] = tensor }
  }

  // MARK: - Loss

  private mutating func loss() throws(LoweringError) -> Tensor {
    guard let output = graph.outputs.first else { throw LoweringError(message: "the graph has no output") }
    let result = try tensor(output)
    guard isTrained.contains(result.id) else {
      throw LoweringError(message: "no trained weight reaches the output '\(graph.values[output].name)'")
    }
    guard let classes = result.shape.dimensions.last, result.shape.rank >= 2 else {
      return result.shape.rank == 0 ? result : apply(.mean, [result], [])
    }
    let rows = result.shape.dimensions.dropLast().reduce(1, *)
    let labels = builder.input("labels", [rows], .int64)
    // `logits` names the output until the loss is there, in whichever type it is converted to.
    let wide = builder.hold(builder.cast(builder.hold(result), to: .float32))
    return builder.crossEntropy(builder.reshape(wide, [rows, classes]), labels)
  }
}

/// A step that is being lowered.
struct LoweredStep {
  var index: Int
  var step: InferredGraph.Step
  var node: Node

  /// The value at an operand; nil where the node leaves it out.
  func operand(_ place: Int) -> Int? {
    // Names that are left out are not among the step's reads.
    guard place < node.inputs.count, !node.inputs[place].isEmpty else { return nil }
    let position = node.inputs[..<place].count { !$0.isEmpty }
    return position < step.reads.count ? step.reads[position] : nil
  }

  var result: Int { step.writes.first.flatMap { $0 } ?? 0 }

  func integers(_ name: String) -> [Int]? {
    for attribute in node.attributes where attribute.name == name {
      if case .integers(let numbers) = attribute.value { return numbers }
    }
    return nil
  }

  func integer(_ name: String) -> Int? {
    for attribute in node.attributes where attribute.name == name {
      if case .integer(let number) = attribute.value { return number }
    }
    return nil
  }

  func float(_ name: String) -> Double? {
    for attribute in node.attributes where attribute.name == name {
      if case .float(let number) = attribute.value { return number }
    }
    return nil
  }
}
