internal import Units

extension Graph {
  /// The values of the forward pass as an inference plan would keep them: to their last reader, not to the end of the
  /// function that names them.
  public var profile: GraphProfile {
    let names = valueNames
    let profiled = values.indices.map { index -> GraphProfile.Value in
      let value = values[index]
      let isView = value.owner.index != index
      return GraphProfile.Value(
        name: names[index], origin: origin(of: value), dataType: value.dataType,
        shape: value.layout.shape.dimensions.map { .constant($0) },
        size: .constant(bytes(of: ValueID(index)).bytes), isOutput: loss?.index == index && !isView)
    }
    let steps = operators.map { step -> Dataflow<Dimension>.Step in
      let first = step.outputs.first
      let owner = first.map { values[$0.index].owner }
      let isView = owner != nil && owner != first
      return Dataflow.Step(
        reads: step.inputs.map(\.index), writes: step.outputs.map(\.index),
        placement: isView ? .view(of: owner?.index ?? 0) : .own)
    }
    let dataflow = Dataflow(
      values: profiled.indices.map { index in
        // A view takes nothing of its own, whichever result of its operator it is.
        let isView = values[index].owner.index != index
        return .init(profiled[index].origin, size: isView ? .zero : profiled[index].size ?? .zero)
      }, steps: steps, results: loss.map { [$0.index] } ?? [])
    return GraphProfile(
      values: profiled,
      operators: operators.enumerated().map { index, step in
        GraphProfile.Operator(label: label(of: step, index), type: step.kind.name)
      }, dataflow: dataflow)
  }

  private func origin(of value: Value) -> Dataflow<Dimension>.Value.Origin {
    switch value.origin {
    case .parameter, .buffer: .weight
    case .input: .input
    case .intermediate: .intermediate
    }
  }

  private func label(of step: Operator, _ index: Int) -> String {
    let path = frames.indices.contains(step.frame) ? frames[step.frame].path : ""
    return "\(path.isEmpty ? "" : path + ".")\(step.kind.name)_\(index)"
  }

  /// A parameter's or input's own name; for other values that of the operator that makes them.
  private var valueNames: [String] {
    var names = values.indices.map { values[$0].name ?? "value_\($0)" }
    for (index, step) in operators.enumerated() {
      let label = label(of: step, index)
      for (place, output) in step.outputs.enumerated() where values[output.index].name == nil {
        names[output.index] = step.outputs.count == 1 ? label : "\(label):\(place)"
      }
    }
    return names
  }
}
