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
    var hasWeight: [Bool] = []
    for (number, pattern) in table.patterns.enumerated()
    where [.weight, .bias, .packedWeight].contains(pattern.part) {
      let isWeight = pattern.part != .bias && pattern.adapter == nil
      let place = byPattern[pattern.modulePattern] ?? parts.count
      if place == parts.count {
        byPattern[pattern.modulePattern] = place
        parts.append(ModelDescription.Part(pattern: pattern.modulePattern, tensorCount: 0))
        hasWeight.append(false)
      }
      parts[place].tensorCount += pattern.tally.tensors
      if let role = assignment.roles[number], role != .other, parts[place].role == nil { parts[place].role = role }
      if parts[place].reason == nil { parts[place].reason = reason(number) }
      if parts[place].shape == nil || isWeight && !hasWeight[place] {
        let example = weightSet.tensors[pattern.example].shape
        parts[place].shape = packed.weights[pattern.example].map(\.shape) ?? example
        hasWeight[place] = isWeight
      }
    }
    return parts
  }

  private func reason(_ pattern: Int) -> String? {
    if let evidence = assignment.evidence[pattern] { return evidence }
    guard let role = assignment.roles[pattern], role != .other else { return nil }
    return assignment.row.map { "named so in the row of \($0)" }
  }
}
