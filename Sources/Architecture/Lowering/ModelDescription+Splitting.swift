// What tensor parallelism wants to know of a model's forward pass.

extension ModelDescription {
  /// Whether the forward pass is one column of transformer blocks over tokens.
  package var isOneColumnOfBlocks: Bool {
    if case .transformer? = ownForward { return otherStacks.allSatisfy { $0.path == multiTokenPrediction?.path } }
    return ownForward == nil && otherStacks.isEmpty
  }

  /// Whether a fused projection holds query, key and value of each head together, so that its rows divide by heads.
  package var fusesByHead: Bool {
    guard case .transformer(let choices)? = ownForward, case .heads = choices.fused else { return false }
    return true
  }
}
