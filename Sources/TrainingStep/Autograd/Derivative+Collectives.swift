internal import Graph
internal import Units

extension Derivative {
  /// The rows for what ranks exchange: the backward passes of `Redistribute`, `_FromTorchTensor` and `_ToTorchTensor`
  /// (torch/distributed/tensor).
  static func of(_ collective: Collective) -> Derivative {
    switch collective {
    case .allReduce: .one { $0.alias($0.gradient().layout) }
    case .share: .one { $0.make("all_reduce", Layout(contiguous: $0.inputLayout(0).shape)) }
    case .gather: .one { $0.make("clone", Layout(contiguous: $0.inputLayout(0).shape)) }
    case .exchange: .one { $0.make("all_to_all_single", Layout(contiguous: $0.inputLayout(0).shape)) }
    case .gatherForParts:
      .one { step in
        let pieces = step.make("cat", Layout(contiguous: step.gradient().layout.shape))
        let result = step.make("reduce_scatter_tensor", Layout(contiguous: step.inputLayout(0).shape))
        step.drop(pieces)
        return result
      }
    case .reduceScatter(let axis), .cut(let axis):
      .one { step in
        let whole = Layout(contiguous: step.inputLayout(0).shape)
        let pieces = step.make("all_gather_into_tensor", whole)
        guard !whole.shape.hasOneRow(before: axis) else { return pieces }
        let result = step.make("cat", whole)
        step.drop(pieces)
        return result
      }
    }
  }
}
