internal import Checkpoint
internal import Units

/// The parts of what stands beside the blocks, told from hints in names and from shapes.
struct OutsideGuess {
  struct Part {
    var role: Role
    /// The column of blocks that it serves.
    var column: Int
    var why: String
  }

  private let table: PatternTable
  private let tensors: [StoredTensor]
  private let settings: Settings
  private let declared: Family?
  private let hints: GuessHints
  private let pair: ColumnPair?
  private let hidden: Int
  private let principal: Int
  private let said: [Role?]

  private(set) var parts: [Int: Part] = [:]
  /// What the family keeps and does not train.
  private(set) var buffers: Set<Int> = []
  /// For each column, the parts that are given away.
  private var claimed: [Int: Set<Role>] = [:]

  /// - Parameters:
  ///   - assignment: what is settled so far, of the blocks and by the user.
  ///   - hidden: how wide the blocks are.
  init(
    _ assignment: RoleAssignment, principal: Int, hidden: Int, _ table: PatternTable, _ tensors: [StoredTensor],
    _ settings: Settings, _ declared: Family?, _ hints: GuessHints
  ) {
    self.table = table
    self.tensors = tensors
    self.settings = settings
    self.declared = declared
    self.hints = hints
    self.hidden = hidden
    self.principal = principal
    pair = assignment.pair
    said = assignment.roles
    for pattern in table.patterns.indices where table.patterns[pattern].stackPath == nil {
      if let role = said[pattern] { claimed[column(of: pattern), default: []].insert(role) }
    }
  }

  mutating func run() {
    let outside = table.patterns.indices.filter {
      table.patterns[$0].stackPath == nil && table.patterns[$0].part == .weight && table.patterns[$0].adapter == nil
        && !table.patterns[$0].text.isPerception
    }
    let matrices = outside.filter { shape($0).rank == 2 && shape($0)[1] == hidden && shape($0)[0] > 2 }
      .sorted { shape($0)[0] > shape($1)[0] }
    let vocabulary = vocabulary(matrices.map { shape($0)[0] })
    // The first of a pair to be looked at is the decoder: where it alone owns a table of words, no other reads any.
    for column in [pair?.decoder, principal].compactMap(\.self) {
      let own = outside.filter { self.column(of: $0) == column }
      guessTables(matrices.filter { self.column(of: $0) == column }, vocabulary)
      guessImages(own)
      guessFrames(own)
      guessNorms(own)
    }
    guessTypes(outside)
    guessLogits(outside, vocabulary)
  }

  private func shape(_ pattern: Int) -> Shape { tensors[table.patterns[pattern].example].shape }

  private func column(of pattern: Int) -> Int { pair?.owner(of: table.patterns[pattern].text) ?? principal }

  /// Gives a part to a pattern unless another has it.
  private mutating func claim(_ pattern: Int, _ role: Role, _ why: String) {
    let column = column(of: pattern)
    guard parts[pattern] == nil, said[pattern] == nil, hints.allows(role),
      claimed[column, default: []].insert(role).inserted
    else { return }
    parts[pattern] = Part(role: role, column: column, why: why)
  }

  // MARK: - Tables

  /// Rows of the largest table; the configuration's word counts where no table has more than it says and padding.
  private func vocabulary(_ rows: [Int]) -> Int? {
    guard let declared, !declared.keys.vocabulary.isEmpty else { return declared == nil ? rows.first : nil }
    guard let said = settings.size(declared.keys.vocabulary)?.value else { return rows.first }
    return rows.first { $0 == said } ?? rows.first { $0 > said } ?? rows.first
  }

  /// Matrices as wide as the blocks: words, positions, a head.
  private mutating func guessTables(_ matrices: [Int], _ vocabulary: Int?) {
    let positions = settings.size((declared?.keys ?? .unknown).positions)?.value
    let rows = positions.map { $0 + (declared?.positionOffset ?? 0) }
    for pattern in matrices {
      let name = table.patterns[pattern].text.lowercased()
      let isFull = shape(pattern)[0] == vocabulary
      if name.contains("head") || name.contains("output") || name.contains("embed_out") {
        if isFull { claim(pattern, .head, "a row for each of the vocabulary's words, and a name that tells") }
      } else if isFull {
        guessWords(pattern)
      } else if name.contains("pos") || name.contains("wpe") || shape(pattern)[0] == rows {
        claim(pattern, .positionEmbedding, "\(shape(pattern)[0]) rows, as there are positions")
      } else if declared != nil, shape(pattern) == [hidden, hidden] {
        for role in [Role.headTransform, .pooler, .classifierTransform] {
          claim(pattern, role, "as wide as the blocks on both sides, beside them")
        }
      }
    }
    // Each of two columns may have as many positions as it likes.
    let left = matrices.filter { parts[$0] == nil && said[$0] == nil }
    if pair != nil, left.count == 1, hints.allows(.positionEmbedding) {
      claim(left[0], .positionEmbedding, "\(shape(left[0])[0]) rows, and no row for each of the vocabulary's words")
    }
  }

  private mutating func guessWords(_ pattern: Int) {
    let why = "\(shape(pattern)[0]) rows, the most beside the blocks"
    if let owner = pair?.owner(of: table.patterns[pattern].text) {
      // A column's own words, be they a copy of those that both share.
      guard said[pattern] == nil, hints.allows(.inputEmbedding) else { return }
      claimed[owner, default: []].insert(.inputEmbedding)
      parts[pattern] = Part(role: .inputEmbedding, column: owner, why: why)
      return
    }
    // Of two alike without a name that tells, the first is the input's.
    let isRead = claimed[principal]?.contains(.inputEmbedding) ?? false
    claim(pattern, isRead || readsInDecoderAlone ? .head : .inputEmbedding, why)
  }

  /// Whether the encoder reads frames, and the decoder has the words.
  private var readsInDecoderAlone: Bool {
    guard let pair, hints.expected?.contains(.frameConvolution) == true else { return false }
    return claimed[pair.decoder]?.contains(.inputEmbedding) ?? false
  }

  private mutating func guessTypes(_ outside: [Int]) {
    guard declared != nil, let types = settings.size(["type_vocab_size"])?.value else { return }
    for pattern in outside where shape(pattern) == [types, hidden] {
      claim(pattern, .tokenTypeEmbedding, "a row for each of \(types) types of tokens")
    }
  }

  // MARK: - Norms and what belongs to a head

  private mutating func guessNorms(_ outside: [Int]) {
    // Blocks that end with a norm need none behind the last.
    let endWithNorm = hints.expected?.contains(.inputNorm) == false && hints.allows(.embeddingNorm)
    let norms: [Role] = [.finalNorm, .embeddingNorm, .headTransformNorm]
    let order = endWithNorm ? [norms[1], norms[0], norms[2]] : norms
    let possible = order.filter { hints.expected?.contains($0) ?? ($0 == .finalNorm) }
    for (pattern, role) in zip(outside.filter { shape($0) == [hidden] }, possible) {
      claim(pattern, role, "a vector as long as the blocks are wide, beside them")
    }
  }

  /// A head that shares the embedding's matrix may have a bias of its own, or one of the logits that does not train.
  private mutating func guessLogits(_ outside: [Int], _ vocabulary: Int?) {
    for pattern in table.patterns.indices
    where table.patterns[pattern].part == .bias && table.patterns[pattern].stackPath == nil {
      guard shape(pattern) == [vocabulary ?? -1] else { continue }
      claim(pattern, .head, "a number for each of the vocabulary's words")
    }
    guard case .encoderDecoder(let choices)? = declared?.forward, choices.biasesLogits, let vocabulary else { return }
    for pattern in outside where parts[pattern] == nil && said[pattern] == nil && shape(pattern) == [1, vocabulary] {
      buffers.insert(pattern)
    }
  }

  // MARK: - Images and sound

  private func isPatchConvolution(_ shape: Shape) -> Bool {
    shape.rank == 4 && shape[0] == hidden && [1, 3, 4].contains(shape[1]) && shape[2] > 1
  }

  /// What reads images, and what gives labels.
  private mutating func guessImages(_ outside: [Int]) {
    for pattern in outside {
      let shape = shape(pattern)
      if isPatchConvolution(shape) {
        claim(pattern, .patchEmbedding, "a convolution of a picture's channels to the blocks' width")
        continue
      }
      // Without a family's word these could be anything.
      guard hints.expected != nil else { continue }
      if shape == [1, 1, hidden] {
        claim(pattern, .classToken, "one vector by itself")
      } else if shape.rank == 3, shape[0] == 1, shape[2] == hidden {
        claim(pattern, .positionEmbedding, "\(shape[1]) rows, as there are patches")
      } else if shape.rank == 2, shape[1] == hidden, hints.expected?.contains(.inputEmbedding) == false {
        claim(pattern, .classifier, "\(shape[0]) rows, as there are labels")
      }
    }
  }

  /// The convolutions through which an encoder reads a spectrogram: from its bands, and from the blocks' width.
  private mutating func guessFrames(_ outside: [Int]) {
    guard hints.expected?.contains(.frameConvolution) == true else { return }
    for pattern in outside where shape(pattern).rank == 3 && shape(pattern)[0] == hidden {
      let channels = shape(pattern)[1]
      claim(
        pattern, channels == hidden ? .secondFrameConvolution : .frameConvolution,
        "a convolution over time of \(channels) channels to the blocks' width")
    }
  }
}
