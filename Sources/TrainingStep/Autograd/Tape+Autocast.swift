internal import Graph

/// Autocast's cache of copies (`cached_cast` in aten/src/ATen/autocast_mode.cpp), where a stretch runs again under
/// reentrant checkpointing: `CheckpointFunction.backward` detaches its arguments, which makes leaves of them.
extension Tape {
  /// Begins what runs under autocast in the backward pass.
  mutating func beginAutocast() { castArguments = [:] }

  /// Ends it, and with it the copies that no node needs.
  mutating func endAutocast() {
    for copy in castArguments ?? [:] { memory.release(copy.value.storage) }
    castArguments = nil
  }

  /// Whether an operator is autocast's copy of an argument that has one already; then that is its result.
  mutating func takesKnownCopy(_ operation: Graph.Operator) -> Bool {
    guard castArguments != nil, let copy = operation.outputs.first, graph.autocastCopies.contains(copy),
      let known = castArguments?[operation.inputs[0]]
    else { return false }
    memory.retain(known.storage)
    bound[copy.index] = known.storage
    makers[copy.index] = known.maker
    return true
  }

  /// Keeps autocast's copy of an argument.
  mutating func keepCopy(_ operation: Graph.Operator) {
    guard castArguments != nil, let copy = operation.outputs.first, graph.autocastCopies.contains(copy),
      case .argument? = makers[operation.inputs[0].index], let storage = bound[copy.index]
    else { return }
    memory.retain(storage)
    castArguments?[operation.inputs[0]] = CastArgument(storage: storage, maker: makers[copy.index])
  }
}
