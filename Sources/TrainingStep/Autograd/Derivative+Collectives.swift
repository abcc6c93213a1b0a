internal import Graph
internal import Units

extension Derivative {
  /// The rows for what ranks exchange: the backward passes of `Redistribute`, `_FromTorchTensor` and `_ToTorchTensor`
  /// (torch/distributed/tensor).
  static func of(_ collective: Collective) -> Derivative {
    switch collective {
    case .allReduce: .one { $0.alias($0.gradient().layout) }
    case .share: .one { $0.make("all_reduce", Layout(contiguous: $0.inputLayout(0).shape)) }
    case .gather(let axis):
      .one { step in
        let shape = step.inputLayout(0).shape
        let piece = step.gradient().layout.sliced(axis: axis, length: shape[axis])
        return piece.isContiguous ? step.alias(piece) : step.make("clone", Layout(contiguous: shape))
      }
    case .cut(let axis):
      .one { step in
        let whole = Layout(contiguous: step.inputLayout(0).shape)
        let pieces = step.make("all_gather_into_tensor", whole)
        guard axis > 0 else { return pieces }
        let result = step.make("cat", whole)
        step.drop(pieces)
        return result
      }
    }
  }
}
