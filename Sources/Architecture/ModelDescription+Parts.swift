internal import Checkpoint
public import Units

extension ModelDescription {
  /// A module as its name shows it, with `#` for numbers, and what it is taken for.
  public struct Part: Hashable, Sendable {
    /// The module's path: `net.stage.#.mix.a`.
    public var pattern: String
    /// Nil where it plays no part that is known.
    public var role: Role?
    /// The logical shape of its first weight, or of what it has instead; nil where packing hides it.
    public var shape: Shape?
    /// Parameters that bear the name, weights and biases.
    public var tensorCount: Int
    /// Why it has its role, in words; nil where nothing is known of it.
    public var reason: String?
  }
}

extension FamilyChoice {
  /// Every module, in the order of the tensors.
  func parts(_ table: PatternTable, _ weightSet: WeightSet, _ packed: PackedWeights) -> [ModelDescription.Part] {
    var parts: [ModelDescription.Part] = []
    var byPattern: [String: Int] = [:]
    for (number, pattern) in table.patterns.enumerated()
    where [.weight, .bias, .packedWeight].contains(pattern.part) {
      let role = assignment.roles[number].flatMap { $0 == .other ? nil : $0 }
      let reason =
        assignment.evidence[number]
        ?? (role == nil ? nil : family.map { "named so in the row of \($0.name)" })
      let tensors = pattern.tally.tensors
      if let known = byPattern[pattern.modulePattern] {
        parts[known].tensorCount += tensors
        if parts[known].role == nil { parts[known].role = role }
        if parts[known].reason == nil { parts[known].reason = reason }
        continue
      }
      byPattern[pattern.modulePattern] = parts.count
      let weight = packed.weights[pattern.example]
      parts.append(
        ModelDescription.Part(
          pattern: pattern.modulePattern, role: role,
          shape: weight == nil ? weightSet.tensors[pattern.example].shape : weight?.shape, tensorCount: tensors,
          reason: reason))
    }
    return parts
  }
}
