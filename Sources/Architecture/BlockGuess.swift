internal import Checkpoint
internal import Units

/// The parts of one block of an unknown model, told from hints in names and from shapes.
struct BlockGuess {
  private let table: PatternTable
  private let patterns: [Int]
  private let tensors: [StoredTensor]

  private(set) var roles: [Int: Role] = [:]
  private var claimed: Set<Role> = []
  /// The width of the residual stream: the length that most vectors of a block have.
  private(set) var hidden: Int?
  private(set) var isTransposed = false

  init(_ table: PatternTable, _ patterns: [Int], _ tensors: [StoredTensor]) {
    self.table = table
    self.patterns = patterns
    self.tensors = tensors
  }

  /// `declared` is the width that the configuration states.
  mutating func run(declared: Int?) {
    findHidden(declared: declared)
    isTransposed = Self.isTransposed(table, patterns, tensors) ?? false
    guard let hidden else { return }
    let weights = patterns.filter { table.patterns[$0].part == .weight || table.patterns[$0].part == .packedWeight }
    for pattern in weights { hint(pattern) }
    byShape(weights.filter { roles[$0] == nil && shape($0).rank == 2 }, hidden)
    headNorms(weights.filter { roles[$0] == nil && shape($0).rank == 1 }, hidden)
    norms(weights.filter { roles[$0] == nil && shape($0) == [hidden] })
    // A bias plays the part of its weight.
    var byModule: [String: Role] = [:]
    for (pattern, role) in roles { byModule[table.patterns[pattern].module] = role }
    for pattern in patterns where table.patterns[pattern].part == .bias {
      roles[pattern] = byModule[table.patterns[pattern].module]
    }
  }

  private func shape(_ pattern: Int) -> Shape { tensors[table.patterns[pattern].example].shape }

  private mutating func findHidden(declared: Int?) {
    var votes: [Int: Int] = [:]
    for pattern in patterns where table.patterns[pattern].part == .weight {
      let shape = shape(pattern)
      // A norm is one vector per block and says most; a matrix says it with either side.
      for extent in Set(shape.dimensions) where shape.rank == 1 || shape.rank == 2 {
        votes[extent, default: 0] += shape.rank == 1 ? 3 : 1
      }
    }
    if let declared, votes[declared] != nil {
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

  private mutating func hint(_ pattern: Int) {
    let module = table.patterns[pattern].module.lowercased()
    let isExpert = module.contains("#")
    guard shape(pattern).rank >= 2 else { return }
    let last = module.split { $0 == "." || $0 == "/" }.last.map(String.init) ?? module
    guard let hinted = Self.hints[last] else { return }
    let role: Role =
      switch (hinted, isExpert) {
      case (.gate, true): .expertGate
      case (.up, true): .expertUp
      case (.down, true): .expertDown
      case (.fusedGateUp, true): .expertFusedGateUp
      default: hinted
      }
    claim(pattern, role)
  }

  /// Widths tell: `[3h, h]` is a fused projection, `[h, h]` query or output, `[n, h]` widens, `[h, n]` narrows.
  private mutating func byShape(_ matrices: [Int], _ hidden: Int) {
    var square: [Int] = []
    var narrow: [Int] = []
    var widening: [Int: [Int]] = [:]
    var narrowing: Set<Int> = []
    let sides = matrices.filter { !table.patterns[$0].module.contains("#") }.map { pattern in
      let shape = shape(pattern)
      return isTransposed
        ? (pattern: pattern, output: shape[1], input: shape[0]) : (pattern: pattern, output: shape[0], input: shape[1])
    }
    let triple = hidden.multipliedReportingOverflow(by: 3).partialValue
    let narrowsTriple = sides.contains { $0.output == hidden && $0.input == triple }
    for (pattern, output, input) in sides {
      if output == hidden, input == hidden {
        square.append(pattern)
      } else if input == hidden, output == triple, !narrowsTriple {
        claim(pattern, .fusedQKV)
      } else if input == hidden, output < hidden {
        narrow.append(pattern)
      } else if input == hidden {
        widening[output, default: []].append(pattern)
      } else if output == hidden {
        narrowing.insert(input)
        claim(pattern, .down)
      }
    }
    for (width, group) in widening.sorted(by: { $0.key < $1.key }) {
      if group.count > 1 {
        claim(group[0], .gate)
        claim(group[1], .up)
      } else if narrowing.contains(width) || !narrowing.contains(width / 2) || width % 2 != 0 {
        claim(group[0], .up)
      } else {
        claim(group[0], .fusedGateUp)
      }
    }
    let attention: [Role] = narrow.isEmpty ? [.key, .attentionOutput, .query, .value] : [.attentionOutput, .query]
    if square.count == 1 {
      claim(square[0], .attentionOutput)
    } else {
      for (pattern, role) in zip(square, attention) { claim(pattern, role) }
    }
    for (pattern, role) in zip(narrow, [Role.key, .value]) { claim(pattern, role) }
  }

  /// Vectors that are not as long as the block is wide, or whose names tell: norms of queries and keys.
  private mutating func headNorms(_ vectors: [Int], _ hidden: Int) {
    for pattern in vectors {
      let last = table.patterns[pattern].module.lowercased().split { $0 == "." || $0 == "/" }.last.map(String.init)
      if let role = last.flatMap({ Self.normHints[$0] }) { claim(pattern, role) }
    }
    let others = vectors.filter { roles[$0] == nil && shape($0) != [hidden] }
    guard others.count == 2, shape(others[0]) == shape(others[1]) else { return }
    for (pattern, role) in zip(others, [Role.keyNorm, .queryNorm]) { claim(pattern, role) }
  }

  private static let normHints: [String: Role] = [
    "q_norm": .queryNorm, "query_norm": .queryNorm, "q_layernorm": .queryNorm, "query_layernorm": .queryNorm,
    "k_norm": .keyNorm, "key_norm": .keyNorm, "k_layernorm": .keyNorm, "key_layernorm": .keyNorm,
  ]

  private mutating func norms(_ vectors: [Int]) {
    let order: [Role] =
      vectors.count < 4
      ? [.inputNorm, .preMLPNorm] : [.inputNorm, .postAttentionNorm, .preMLPNorm, .postMLPNorm]
    for (pattern, role) in zip(vectors, order) { claim(pattern, role) }
  }

  private mutating func claim(_ pattern: Int, _ role: Role) {
    if claimed.insert(role).inserted { roles[pattern] = role }
  }

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
