internal import Checkpoint

extension ArchitectureFile {
  /// The names of a weight set as the file sees them.
  ///
  /// - Throws: what it names and no tensor bears.
  func patterns(of weightSet: WeightSet) throws(CheckpointError) -> StackedPatterns {
    let plain = StackedPatterns(weightSet, wanted: layers)
    let finer = plain.keepingTellingNumbers(weightSet, wanted: layers)
    // Whichever lacks the least: the numbers in the file's patterns tell which one it was written for.
    let candidates = [plain, finer].compactMap(\.self)
    let lacking = candidates.map { absent(in: $0) }
    let best = candidates.indices.min { lacking[$0].count < lacking[$1].count } ?? 0
    if let pattern = lacking[best].first {
      throw CheckpointError(
        .architecturePattern, file: path, tensor: pattern, message: "no tensor belongs to `\(pattern)`",
        help: Self.hint(near: pattern, in: candidates[best]))
    }
    if let layers, !candidates[best].stacks.contains(where: { $0.name == layers }) {
      let names = Set(candidates.flatMap { $0.stacks.map(\.name) }).sorted()
      let known =
        names.isEmpty ? "No numbered blocks were found." : "Blocks stand under \(names.joined(separator: ", "))."
      throw CheckpointError(.architectureLayers, file: path, message: "no blocks stand under `\(layers)`", help: known)
    }
    return candidates[best]
  }

  private func absent(in patterns: StackedPatterns) -> [String] {
    let known = Set(patterns.table.patterns.map(\.modulePattern))
    return entries.keys.filter { !known.contains($0) }.sorted()
  }

  private static func hint(near pattern: String, in patterns: StackedPatterns) -> String {
    let last = pattern.split(separator: ".").last.map(String.init) ?? pattern
    let near = patterns.table.patterns.map(\.modulePattern).first { $0.endsAsPath(with: last) }
    return near.map { "There is `\($0)`." } ?? "A pattern is a module's path with `#` for numbers, without .weight."
  }
}

extension FamilyChoice {
  /// What a file says, and where it says nothing what the named family's row does, or shapes.
  init(
    _ file: ArchitectureFile, _ settings: Settings, _ table: PatternTable, _ stacks: [BlockStack],
    _ weightSet: WeightSet
  ) {
    var entries: [Int: ArchitectureFile.Entry] = [:]
    for (number, pattern) in table.patterns.enumerated() {
      if let entry = file.entries[pattern.modulePattern] { entries[number] = entry }
    }
    let declared = [settings.modelType, settings.textModelType].lazy.compactMap { $0.flatMap(Family.named) }.first
    let named = weightSet.container == .gguf ? file.family?.namedByGGML : file.family
    let family = file.isGeneric ? nil : named ?? FamilyChoice(settings, table, stacks, weightSet).family
    let row = family.flatMap { RoleAssignment($0, table, stacks: stacks) }
    assignment =
      row
      ?? RoleAssignment(
        guessing: table, stacks: stacks, tensors: weightSet.tensors, settings: settings, declared: family,
        said: RoleAssignment.Said(roles: entries.mapValues(\.role), layers: file.layers))
    self.family = family
    name = family?.name ?? ArchitectureFile.generic
    isRecognised = row != nil && family?.name == declared?.name
    isRenamed = family != nil && !isRecognised
    assignment.say(entries, file, table)
    guard !isRecognised else { return }
    let what = settings.modelType.map { "model_type \"\($0)\"" } ?? "the model"
    findings.append(
      Finding(
        .note, .familyNotRecognised, file: settings.file, "\(what) is taken for what \(file.path) says: \(name)"))
  }
}

extension RoleAssignment {
  /// What a file has said before anything is guessed.
  struct Said {
    var roles: [Int: Role] = [:]
    /// The name of the column that gives the model its layer count.
    var layers: String?
  }

  /// Puts a file's words over what was told without it.
  fileprivate mutating func say(
    _ entries: [Int: ArchitectureFile.Entry], _ file: ArchitectureFile, _ table: PatternTable
  ) {
    let before = principal
    if let layers = file.layers { principal = stacks.firstIndex { $0.name == layers } ?? principal }
    for pattern in stackOf.indices where table.patterns[pattern].stackPath == nil && stackOf[pattern] == before {
      stackOf[pattern] = principal ?? -1
    }
    for (pattern, entry) in entries {
      roles[pattern] = entry.role
      evidence[pattern] = entry.reason ?? "\(file.path) says so"
      if entry.role == .other, entry.reason == nil { evidence[pattern] = nil }
      if stackOf[pattern] < 0, entry.role != .other, table.patterns[pattern].stackPath == nil {
        stackOf[pattern] = principal ?? -1
      }
    }
  }
}
