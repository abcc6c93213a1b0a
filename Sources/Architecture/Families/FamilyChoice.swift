internal import Checkpoint

/// Which row reads a checkpoint, and what it says of each pattern.
struct FamilyChoice {
  var family: Family?
  var name: String
  var isRecognised: Bool
  /// Whether the configuration names the family, and its parts are there under other names.
  var isRenamed = false
  var assignment: RoleAssignment
  var findings: [Finding] = []

  /// The row that the configuration names, if the tensors bear its names; else the row whose names they bear; else
  /// a guess from hints and shapes.
  init(
    _ settings: Settings, _ table: PatternTable, _ stacks: [BlockStack], _ weightSet: WeightSet,
    _ known: FamilyRows = .all
  ) {
    let tensors = weightSet.tensors
    let row = [settings.modelType, settings.textModelType].lazy.compactMap { $0.flatMap(Family.named) }.first
    let declared = weightSet.container == .gguf ? row?.namedByGGML : row
    if let declared, known == .all, let assignment = RoleAssignment(declared, table, stacks: stacks) {
      family = declared
      name = declared.name
      isRecognised = true
      self.assignment = assignment
      if let key = declared.preNormKey, settings.boolean(key) == false { self.assignment.moveNormsBehind() }
      return
    }
    isRecognised = false
    // More names than any model has: none of the rows was written for them, and trying each would take long.
    let rows = table.patterns.count > 20_000 ? [] : known.rows(without: declared)
    let candidates = rows.compactMap { family in
      RoleAssignment(family, table, stacks: stacks).map { (family: family, assignment: $0) }
    }
    let complete = candidates.filter {
      $0.assignment.covers(table) && $0.assignment.agrees(with: $0.family, table, tensors, settings)
    }
    if let best = complete.max(by: { $0.assignment.matched < $1.assignment.matched }) {
      // The first of several that match alike, as `max` keeps the last.
      let first = complete.first { $0.assignment.matched == best.assignment.matched } ?? best
      family = first.family
      name = first.family.name
      assignment = first.assignment
    } else if let declared, known == .all,
      let renamed = RoleAssignment(renamed: declared, table, stacks, tensors, settings)
    {
      family = declared
      name = declared.name
      isRenamed = true
      assignment = renamed
    } else {
      family = nil
      name = ArchitectureFile.generic
      assignment = RoleAssignment(guessing: table, stacks: stacks, tensors: tensors, settings: settings)
    }
    findings.append(note(declared: declared, settings))
  }

  private func note(declared: Family?, _ settings: Settings) -> Finding {
    let type = settings.modelType.map { "model_type \"\($0)\"" }
    let why =
      if let declared, let type {
        "\(type) is known, but no tensor bears a name of the family \(declared.name)"
      } else {
        type.map { "\($0) is not a known family" } ?? "no configuration names the model's type"
      }
    let how =
      isRenamed
      ? "its parts are there under other names, told by their shapes"
      : family == nil
        ? "parts were guessed from names and shapes"
        : "its tensors bear the names of the family \(name), which was used"
    return Finding(
      .note, .familyNotRecognised, file: settings.file, "\(why); \(how)")
  }
}

extension FamilyChoice {
  /// Whether the only blocks are those of a tower that reads pictures.
  var isVisionAlone: Bool { assignment.principal.map { assignment.stacks[$0].path.isPerception } ?? false }

  /// Whether the model's linear layers are stored as `[in, out]`.
  var isTransposed: Bool { family?.isTransposed ?? assignment.isTransposed }
}

extension RoleAssignment {
  /// The norms that a row puts before attention and MLP run behind them.
  fileprivate mutating func moveNormsBehind() {
    for pattern in roles.indices {
      switch roles[pattern] {
      case .inputNorm?: roles[pattern] = .postAttentionNorm
      case .preMLPNorm?: roles[pattern] = .postMLPNorm
      default: break
      }
    }
  }

  /// Whether a row whose names fit also fits the way in which weights lie, and the length of the position table.
  fileprivate func agrees(
    with family: Family, _ table: PatternTable, _ tensors: [StoredTensor], _ settings: Settings
  ) -> Bool {
    guard let principal else { return false }
    let isTransposed = BlockGuess.isTransposed(table, stacks[principal].patterns, tensors)
    guard isTransposed == nil || isTransposed == family.isTransposed else { return false }
    guard let positions = settings.size(family.keys.positions)?.value,
      let pattern = roles.firstIndex(of: .positionEmbedding)
    else { return true }
    let rows = tensors[table.patterns[pattern].example].shape.dimensions.first
    return rows == positions + family.positionOffset
  }

  /// Whether every parameter of the principal column has a part.
  fileprivate func covers(_ table: PatternTable) -> Bool {
    guard let principal else { return false }
    return stacks[principal].patterns.allSatisfy { pattern in
      switch table.patterns[pattern].part {
      case .quantization, .buffer: true
      case .weight, .bias, .packedWeight: roles[pattern] != nil
      }
    }
  }
}
