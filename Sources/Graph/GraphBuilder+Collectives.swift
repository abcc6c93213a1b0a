package import Units

// `Redistribute`, `_FromTorchTensor` and `_ToTorchTensor` of torch/distributed/tensor, on one rank's tensors.

extension GraphBuilder {
  /// The sum over the ranks of what each has a part of.
  public mutating func allReduced(_ input: Tensor) -> Tensor {
    apply(.collective(.allReduce), [input], Layout(contiguous: input.shape), input.dataType)
  }

  /// A tensor that every rank holds, about to be read by work of which each does a part.
  public mutating func shared(_ input: Tensor) -> Tensor {
    applyView(.collective(.share), input, [input.layout])[0]
  }

  /// A tensor of which every rank holds a piece of the last axis, whole on each.
  public mutating func allGather(_ input: Tensor, width: Int) -> Tensor {
    let axis = input.shape.rank - 1
    var shape = input.shape
    shape.dimensions[axis] = width
    return apply(.collective(.gather(axis: axis)), [input], Layout(contiguous: shape), input.dataType)
  }

  /// The pieces of equally many ranks along an axis as one tensor. They arrive one behind the other, and are put
  /// together by a copy unless that is where they belong (`all_gather_tensor` in _functional_collectives.py).
  ///
  /// - Parameter forParts: what reads the result does a part of the work on each rank.
  public mutating func gathered(_ input: Tensor, axis: Int, ranks: Int, forParts: Bool = false) -> Tensor {
    let axis = input.layout.axis(axis)
    var (behind, whole) = (input.shape, input.shape)
    behind.dimensions[0] *= ranks
    whole.dimensions[axis] *= ranks
    let kind: Collective = forParts ? .gatherForParts(axis: axis) : .gather(axis: axis)
    return frame("") { g in
      guard !input.shape.hasOneRow(before: axis) else {
        return g.apply(.collective(kind), [input], Layout(contiguous: whole), input.dataType)
      }
      let pieces = g.create("all_gather_into_tensor", [input], behind, input.dataType)
      return g.apply(.collective(kind), [input, pieces], Layout(contiguous: whole), input.dataType)
    }
  }

  /// One piece of the sum over the ranks, along an axis; the pieces are copied behind one another first
  /// (`reduce_scatter_tensor`).
  public mutating func reduceScattered(_ input: Tensor, axis: Int, ranks: Int) -> Tensor {
    var shape = input.shape
    shape.dimensions[axis] /= ranks
    return frame("") { g in
      let pieces = g.create("cat", [input], input.shape, input.dataType)
      return g.apply(
        .collective(.reduceScatter(axis: axis)), [input, pieces], Layout(contiguous: shape), input.dataType)
    }
  }

  /// A copy of one of as many pieces of a tensor along an axis as there are ranks.
  public mutating func cut(_ input: Tensor, axis: Int, ranks: Int) -> Tensor {
    let axis = input.layout.axis(axis)
    var shape = input.shape
    shape.dimensions[axis] /= ranks
    return apply(.collective(.cut(axis: axis)), [input], Layout(contiguous: shape), input.dataType)
  }

  /// Rows [S, H] sent to the ranks that want them, for so many rows that the others send.
  public mutating func exchanged(_ input: Tensor, rows: Int) -> Tensor {
    var shape = input.shape
    shape.dimensions[0] = rows
    return apply(.collective(.exchange), [input], Layout(contiguous: shape), input.dataType)
  }

  /// Notes that each rank has a parameter of its own, whose gradient no other rank has a part of.
  public mutating func noteOwn(_ parameter: Tensor) { graph.ownParameters.insert(parameter.id) }

  /// Notes that a parameter is a DTensor, so that no optimizer updates it in one call with others.
  public mutating func noteDistributed(_ parameter: Tensor) { graph.distributedParameters.insert(parameter.id) }
}

extension Shape {
  /// Whether the pieces of a tensor along an axis lie one behind the other.
  package func hasOneRow(before axis: Int) -> Bool { dimensions[..<axis].allSatisfy { $0 == 1 } }
}
