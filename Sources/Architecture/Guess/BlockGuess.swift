internal import Checkpoint
internal import Units

/// The parts of one block of an unknown model, told from hints in names and from shapes.
struct BlockGuess {
  let table: PatternTable
  let patterns: [Int]
  let tensors: [StoredTensor]
  let hints: GuessHints
  /// How many blocks there are.
  let blockCount: Int

  private(set) var roles: [Int: Role] = [:]
  /// Why a pattern has its part, in words.
  private(set) var evidence: [Int: String] = [:]
  private(set) var claimed: Set<Role> = []
  /// The width of the residual stream: the length that most vectors of a block have.
  private(set) var hidden: Int?
  private(set) var isTransposed = false
  /// Lists in a block that are columns of blocks, as of a stage's: their items have norms, scales or convolutions over
  /// pictures, which experts have not.
  private var columns: Set<Substring> = []

  /// - Parameter said: the parts that are settled before anything is guessed.
  init(
    _ table: PatternTable, _ stack: BlockStack, _ tensors: [StoredTensor], _ hints: GuessHints, said: [Int: Role] = [:]
  ) {
    self.table = table
    self.patterns = stack.patterns.filter { table.patterns[$0].adapter == nil }
    for pattern in patterns {
      guard let role = said[pattern] else { continue }
      roles[pattern] = role
      if role != .other { claimed.insert(role) }
    }
    self.tensors = tensors
    self.hints = hints
    blockCount = stack.blocks.count
    columns = Set(
      patterns.filter { table.patterns[$0].part == .weight && [1, 4].contains(shape($0).rank) }
        .compactMap { list(of: $0) })
  }

  mutating func run() {
    findHidden()
    isTransposed = Self.isTransposed(table, patterns, tensors) ?? false
    guard let hidden else { return }
    let weights = weights()
    guessStateSpace(weights.filter { roles[$0] == nil }, hidden)
    for pattern in weights where roles[pattern] == nil { hint(pattern) }
    guessConvolutions(weights.filter { roles[$0] == nil && shape($0).rank == 4 })
    guessLatentAttention(weights.filter { roles[$0] == nil }, hidden)
    guessExperts(weights.filter { roles[$0] == nil }, hidden)
    guessRelativeBias(weights.filter { roles[$0] == nil })
    guessMatrices(weights.filter { roles[$0] == nil && shape($0).rank == 2 && !isNumbered($0) }, hidden)
    guessHeadNorms(weights.filter { roles[$0] == nil && shape($0).rank == 1 }, hidden)
    guessNorms(weights.filter { roles[$0] == nil && shape($0) == [hidden] })
    // A bias plays the part of its weight, and so does what is stored in another way in some blocks.
    var byModule: [String: Role] = [:]
    for (pattern, role) in roles { byModule[table.patterns[pattern].module] = role }
    for pattern in patterns where roles[pattern] == nil && table.patterns[pattern].part != .quantization {
      roles[pattern] = byModule[table.patterns[pattern].module]
    }
  }

  /// A weight of each module, but for what calls itself an adapter.
  private func weights() -> [Int] {
    var seen: Set<String> = []
    return patterns.filter { pattern in
      let isWeight = table.patterns[pattern].part == .weight || table.patterns[pattern].part == .packedWeight
      return isWeight && !isAdapter(pattern) && seen.insert(table.patterns[pattern].module).inserted
    }
  }

  private func isAdapter(_ pattern: Int) -> Bool {
    table.patterns[pattern].module.lowercased().split { $0 == "." || $0 == "/" || $0 == "_" }
      .contains { $0 == "adapter" || $0 == "adapters" || $0 == "lora" }
  }

  func shape(_ pattern: Int) -> Shape { tensors[table.patterns[pattern].example].shape }

  /// Whether a block has several of it, as of an expert's modules, and not because it is a column of blocks itself.
  func isNumbered(_ pattern: Int) -> Bool {
    list(of: pattern).map { !columns.contains($0) } ?? false
  }

  /// What stands before a second number.
  private func list(of pattern: Int) -> Substring? {
    let module = table.patterns[pattern].module
    return module.firstIndex(of: "#").map { module[..<$0] }
  }

  /// The blocks that have a tensor of a pattern.
  func blocks(of pattern: Int) -> Set<Int32> {
    Set(zip(table.patternOf, table.blockOf).filter { Int($0.0) == pattern }.map(\.1))
  }

  func hasBias(_ pattern: Int) -> Bool {
    let module = table.patterns[pattern].module
    return patterns.contains { table.patterns[$0].part == .bias && table.patterns[$0].module == module }
  }

  mutating func claim(_ pattern: Int, _ role: Role, _ why: String) {
    guard hints.allows(role), roles[pattern] == nil, claimed.insert(role).inserted else { return }
    roles[pattern] = role
    evidence[pattern] = why
  }

  private mutating func findHidden() {
    var votes: [Int: Int] = [:]
    for pattern in patterns where table.patterns[pattern].part == .weight {
      let shape = shape(pattern)
      // A norm is one vector per block and says most; a matrix says it with either side.
      for extent in Set(shape.dimensions) where shape.rank == 1 || shape.rank == 2 {
        votes[extent, default: 0] += shape.rank == 1 ? 3 : 1
      }
    }
    if let declared = hints.hidden, votes[declared] != nil {
      hidden = declared
      return
    }
    // An embedding stands beside the blocks and is wide only as they are.
    for pattern in table.patterns where pattern.stackPath == nil && pattern.part == .weight {
      let shape = tensors[pattern.example].shape
      if shape.rank == 2, shape[0] > shape[1], votes[shape[1]] != nil { votes[shape[1], default: 0] += 100 }
    }
    hidden = votes.max { ($0.value, -$0.key) < ($1.value, -$1.key) }?.key
  }

  /// Whether weights are stored as `[in, out]`: a bias is as long as the output is wide. Nil where none tells.
  static func isTransposed(_ table: PatternTable, _ patterns: [Int], _ tensors: [StoredTensor]) -> Bool? {
    func shape(_ pattern: Int) -> Shape { tensors[table.patterns[pattern].example].shape }
    var weights: [String: Shape] = [:]
    for pattern in patterns where table.patterns[pattern].part == .weight {
      weights[table.patterns[pattern].module] = shape(pattern)
    }
    var straight = 0
    var turned = 0
    for bias in patterns where table.patterns[bias].part == .bias && shape(bias).rank == 1 {
      guard let weight = weights[table.patterns[bias].module], weight.rank == 2, weight[0] != weight[1] else {
        continue
      }
      if weight[0] == shape(bias)[0] { straight += 1 }
      if weight[1] == shape(bias)[0] { turned += 1 }
    }
    return turned == straight ? nil : turned > straight
  }

  // MARK: - Names

  private mutating func hint(_ pattern: Int) {
    let last = lastWord(pattern)
    guard shape(pattern).rank >= 2, let hinted = Self.hints[last] else { return }
    let role: Role =
      switch (hinted, isNumbered(pattern)) {
      case (.gate, true): .expertGate
      case (.up, true): .expertUp
      case (.down, true): .expertDown
      case (.fusedGateUp, true): .expertFusedGateUp
      default: hinted
      }
    if let over = GuessHints.overEncoder[role], claimed.contains(role) {
      // The second of two parts of a name.
      return claim(pattern, over, "called \(last), the second in a block")
    }
    claim(pattern, role, "called \(last)")
  }

  private func lastWord(_ pattern: Int) -> String {
    let module = table.patterns[pattern].module.lowercased()
    return module.split { $0 == "." || $0 == "/" }.last.map(String.init) ?? module
  }

  // MARK: - Norms

  /// Vectors that are not as long as the block is wide, or whose names tell: norms of queries and keys.
  private mutating func guessHeadNorms(_ vectors: [Int], _ hidden: Int) {
    for pattern in vectors {
      let last = lastWord(pattern)
      if let role = Self.normHints[last] { claim(pattern, role, "called \(last)") }
    }
    let others = vectors.filter { roles[$0] == nil && shape($0) != [hidden] }
    guard others.count == 2 else { return }
    let lengths = others.map { shape($0)[0] }
    let widths = [hints.queryWidth(hidden), hints.keyWidth(hidden)]
    let order = lengths[0] == lengths[1] ? others : others.sorted { shape($0)[0] < shape($1)[0] }
    guard lengths[0] == lengths[1] || lengths.allSatisfy({ widths.contains($0) }) else { return }
    for (pattern, role) in zip(order, [Role.keyNorm, .queryNorm]) {
      claim(pattern, role, "one of two vectors of \(shape(pattern)[0]), which the block is not wide")
    }
  }

  private mutating func guessNorms(_ vectors: [Int]) {
    // A scale of what attention or an MLP gives is a parameter by itself, and a norm's weight a module's.
    let scales = vectors.filter { table.patterns[$0].suffixLength == 0 }
    let vectors = scales.count < vectors.count ? vectors.filter { !scales.contains($0) } : vectors
    if scales.count <= 2, vectors != scales {
      for (pattern, role) in zip(scales.reversed(), [Role.mlpScale, .attentionScale]) {
        claim(pattern, role, "a vector as long as the block is wide, and no module's weight")
      }
    }
    let all: [Role] = [.inputNorm, .postAttentionNorm, .preMLPNorm, .postMLPNorm, .crossAttentionNorm]
    let order: [Role] =
      hints.expected.map { expected in all.filter(expected.contains) + [.keyNorm, .queryNorm].filter(expected.contains)
      }
      ?? (claimed.contains(.crossQuery) && vectors.count == 3
        ? [.inputNorm, .crossAttentionNorm, .preMLPNorm]
        : vectors.count < 4 ? [.inputNorm, .preMLPNorm] : Array(all.dropLast()))
    for (pattern, role) in zip(vectors, order.filter { !claimed.contains($0) }) {
      claim(pattern, role, "a vector as long as the block is wide, one of \(vectors.count)")
    }
  }

  private static let normHints: [String: Role] = [
    "q_norm": .queryNorm, "query_norm": .queryNorm, "q_layernorm": .queryNorm, "query_layernorm": .queryNorm,
    "k_norm": .keyNorm, "key_norm": .keyNorm, "k_layernorm": .keyNorm, "key_layernorm": .keyNorm,
  ]

  private static let hints: [String: Role] = [
    "q_proj": .query, "query": .query, "wq": .query, "q": .query, "to_q": .query, "q_lin": .query,
    "k_proj": .key, "key": .key, "wk": .key, "k": .key, "to_k": .key, "k_lin": .key,
    "v_proj": .value, "value": .value, "wv": .value, "v": .value, "to_v": .value, "v_lin": .value,
    "qkv": .fusedQKV, "qkv_proj": .fusedQKV, "wqkv": .fusedQKV, "query_key_value": .fusedQKV, "c_attn": .fusedQKV,
    "in_proj": .fusedQKV, "o_proj": .attentionOutput, "out_proj": .attentionOutput, "wo": .attentionOutput,
    "o": .attentionOutput, "to_out": .attentionOutput, "out_lin": .attentionOutput,
    "gate_proj": .gate, "w1": .gate, "up_proj": .up, "w3": .up, "down_proj": .down, "w2": .down,
    "gate_up_proj": .fusedGateUp, "fc1": .up, "fc2": .down, "fc_in": .up, "fc_out": .down, "c_fc": .up,
    "dense_h_to_4h": .up, "dense_4h_to_h": .down, "lin1": .up, "lin2": .down, "up": .up, "down": .down,
    "linear_1": .up, "linear_2": .down, "linear1": .up, "linear2": .down, "router": .router,
  ]
}
