internal import Graph
internal import Units

/// What the autograd graph is made of.
extension Tape {
  /// Where a gradient goes: into a parameter, or to one result of an earlier node.
  enum Edge {
    case leaf(Int)
    case node(Int, result: Int)
    /// The argument of a stretch that runs again inside the backward pass.
    case argument(Int)
  }

  enum Work {
    case operation(Int)
    case checkpoint(segment: Int)
    /// Behind all that a wrapped module does: hands the gradients on.
    case module(Int)
  }

  /// What a node keeps: the tensor, or its place among those that a stretch recomputes.
  enum Kept {
    case tensor(Tensor)
    /// One like it, of which the GPU holds nothing until it is asked for.
    case outside(Layout, DataType)
    case recomputed(segment: Int, place: Int)
  }

  struct Node {
    var work: Work
    var kept: [Kept]
    var edges: [Edge?]
    var arrived: [Tensor?]
    var pending = 0
    /// The wrapped modules whose backward pass begins with it.
    var opens: [Int] = []
    /// What a module was given whose node it is.
    var values: [Graph.ValueID] = []
  }

  /// A checkpointed stretch whose tensors are rebuilt on the first demand.
  struct Recomputation {
    var arguments: [Kept]
    var count = 0
    var rebuilt: [Tensor?]?
    /// What is still to be handed out, and the stretches in it of which something is.
    var remaining = 0
    /// The stretch around it.
    var outer: Int?
  }

  struct CastArgument {
    var storage: Memory.StorageID
    var maker: Edge?
  }

  /// What happens to the tensors that operators want kept.
  enum Keeping {
    /// No gradient is recorded.
    case nothing
    /// Gradients are recorded by hooks that keep nothing: a stretch runs again as part of the one around it.
    case passing
    case tensors
    /// Non-reentrant checkpointing: their places alone.
    case places(segment: Int)
    /// Its recomputation: they are stowed away until all that are needed have come.
    case stowing(segment: Int)
  }
}
