internal import Checkpoint
internal import Units

/// The parts of one block of an unknown model, told from hints in names and from shapes.
struct BlockGuess {
  private let table: PatternTable
  private let patterns: [Int]
  private let tensors: [StoredTensor]

  private(set) var roles: [Int: Role] = [:]
  /// The width of the residual stream: the length that most vectors of a block have.
  private(set) var hidden: Int?
  private(set) var isTransposed = false

  init(_ table: PatternTable, _ patterns: [Int], _ tensors: [StoredTensor]) {
    self.table = table
    self.patterns = patterns
    self.tensors = tensors
  }

  mutating func run() {
    findHidden()
    findOrientation()
    guard let hidden else { return }
    let weights = patterns.filter { table.patterns[$0].part == .weight || table.patterns[$0].part == .packedWeight }
    for pattern in weights { hint(pattern) }
    byShape(weights.filter { roles[$0] == nil && shape($0).rank == 2 }, hidden)
    norms(weights.filter { roles[$0] == nil && shape($0) == [hidden] })
    // A bias plays the part of its weight.
    var byModule: [String: Role] = [:]
    for (pattern, role) in roles { byModule[table.patterns[pattern].module] = role }
    for pattern in patterns where table.patterns[pattern].part == .bias {
      roles[pattern] = byModule[table.patterns[pattern].module]
    }
  }

  private func shape(_ pattern: Int) -> Shape { tensors[table.patterns[pattern].example].shape }

  private mutating func findHidden() {
    var votes: [Int: Int] = [:]
    for pattern in patterns where table.patterns[pattern].part == .weight {
      let shape = shape(pattern)
      // A norm is one vector per block and says most; a matrix says it with either side.
      for extent in Set(shape.dimensions) where shape.rank == 1 || shape.rank == 2 {
        votes[extent, default: 0] += shape.rank == 1 ? 3 : 1
      }
    }
    hidden = votes.max { ($0.value, -$0.key) < ($1.value, -$1.key) }?.key
  }

  /// A bias is as long as the output is wide, which tells `[out, in]` from `[in, out]`.
  private mutating func findOrientation() {
    var straight = 0
    var turned = 0
    for bias in patterns where table.patterns[bias].part == .bias {
      let module = table.patterns[bias].module
      guard shape(bias).rank == 1,
        let weight = patterns.first(where: {
          table.patterns[$0].module == module && table.patterns[$0].part == .weight
        }), shape(weight).rank == 2, shape(weight)[0] != shape(weight)[1]
      else { continue }
      if shape(weight)[0] == shape(bias)[0] { straight += 1 }
      if shape(weight)[1] == shape(bias)[0] { turned += 1 }
    }
    isTransposed = turned > straight
  }

  private mutating func hint(_ pattern: Int) {
    let module = table.patterns[pattern].module.lowercased()
    let isExpert = module.contains("#")
    guard shape(pattern).rank >= 2 else { return }
    let last = module.split { $0 == "." || $0 == "/" }.last.map(String.init) ?? module
    guard let role = Self.hints[last] else { return }
    roles[pattern] =
      switch (role, isExpert) {
      case (.gate, true): .expertGate
      case (.up, true): .expertUp
      case (.down, true): .expertDown
      case (.fusedGateUp, true): .expertFusedGateUp
      default: role
      }
  }

  /// Widths tell: `[3h, h]` is a fused projection, `[h, h]` query or output, `[n, h]` widens, `[h, n]` narrows.
  private mutating func byShape(_ matrices: [Int], _ hidden: Int) {
    var square: [Int] = []
    var narrow: [Int] = []
    var widening: [Int: [Int]] = [:]
    var narrowing: Set<Int> = []
    for pattern in matrices {
      let shape = shape(pattern)
      let (output, input) = isTransposed ? (shape[1], shape[0]) : (shape[0], shape[1])
      if table.patterns[pattern].module.contains("#") { continue }
      if output == hidden, input == hidden {
        square.append(pattern)
      } else if input == hidden, output == 3 * hidden,
        !matrices.contains(where: { self.shape($0)[0] == hidden && self.shape($0)[1] == output })
      {
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

  private mutating func norms(_ vectors: [Int]) {
    let order: [Role] =
      vectors.count < 4
      ? [.inputNorm, .preMLPNorm] : [.inputNorm, .postAttentionNorm, .preMLPNorm, .postMLPNorm]
    for (pattern, role) in zip(vectors, order) { claim(pattern, role) }
  }

  private mutating func claim(_ pattern: Int, _ role: Role) {
    if !roles.values.contains(role) { roles[pattern] = role }
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
