extension GPU {
  /// The row that a person means by a name.
  ///
  /// Case, spaces and underscores do not matter, nor do hyphens left out (`RTX4090`). A part of an id will do, or of what
  /// the vendor calls it, where only one row has it (`4090`); where several do (`a100`), the error lists them all.
  public static func named(_ name: String) throws(HardwareError) -> GPU {
    let wanted = normalized(name)
    if let exact = all.first(where: { $0.id == wanted }) { return exact }
    let joined = wanted.filter { $0 != "-" }
    if let exact = all.first(where: { $0.id.filter { $0 != "-" } == joined }) { return exact }

    let parts = wanted.split(separator: "-")
    let holders = all.filter { row in
      let known = row.id.split(separator: "-") + normalized(row.productName).split(separator: "-")
      return !parts.isEmpty && parts.allSatisfy(known.contains)
    }
    if holders.count == 1 { return holders[0] }
    if !holders.isEmpty {
      throw HardwareError(
        .ambiguousGPU, message: "'\(name)' could be any of \(holders.count) GPUs", suggestions: holders.map(\.id))
    }
    throw HardwareError(
      .unknownGPU, message: "no GPU is called '\(name)' ('plimsoll gpus' lists them)", suggestions: nearest(to: wanted))
  }

  private static func normalized(_ name: String) -> String {
    String(name.lowercased().map { $0 == " " || $0 == "_" ? "-" : $0 })
  }

  /// The three ids that take the fewest edits; none where even those are far.
  private static func nearest(to name: String) -> [String] {
    // Longer than any id by far: nothing is near, and the distance need not be computed.
    guard name.count <= 40 else { return [] }
    let scored = all.map { (id: $0.id, distance: editDistance(name, $0.id)) }
    let near = scored.enumerated().filter { $0.element.distance <= max(2, $0.element.id.count / 2) }
    let sorted = near.sorted { ($0.element.distance, $0.offset) < ($1.element.distance, $1.offset) }
    return sorted.prefix(3).map(\.element.id)
  }

  /// Levenshtein's distance.
  private static func editDistance(_ left: String, _ right: String) -> Int {
    let right = Array(right)
    var row = Array(0...right.count)
    for (index, character) in left.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for column in right.indices {
        let substitution = diagonal + (character == right[column] ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(substitution, diagonal + 1, row[column] + 1)
      }
    }
    return row[right.count]
  }
}
