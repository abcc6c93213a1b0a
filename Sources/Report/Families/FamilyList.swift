package import Architecture
internal import Strategy

/// The answer of `plimsoll families`: the models that are known, and how well the simulation of each is verified.
package struct FamilyList: Answer {
  package static let command = "families"

  private let families: [(family: KnownFamily, verified: VerifiedFamily?)]

  package init(_ families: [KnownFamily]) {
    self.families = families.map { ($0, VerifiedFamily.named($0.name)) }
  }

  package var fields: [JSONValue.Field] {
    [.init("families", .array(families.map { Self.json($0.family, $0.verified) }))]
  }

  private static func json(_ family: KnownFamily, _ verified: VerifiedFamily?) -> JSONValue {
    [
      "name": .string(family.name), "modelTypes": .array(family.modelTypes.map { .string($0) }),
      "simulated": .boolean(family.isSimulated),
      "verified": verified.map { row in
        [
          "runs": .integer(row.runs), "medianError": .number(row.median), "worstError": .number(row.worst),
          "settings": .array(row.settings.sorted().map { .string($0) }),
        ]
      } ?? .null,
    ]
  }

  package var page: Page {
    var table = Table(columns: [
      Table.Column("Family", key: "family"), Table.Column("model_type", key: "modelTypes", isFlexible: true),
      Table.Column("Training step", key: "simulated"), Table.Column("Traced runs", key: "runs", .right),
      Table.Column("Median error", key: "median", .right), Table.Column("Worst", key: "worst", .right),
    ])
    for (family, verified) in families {
      table.rows.append([
        .text(family.name), .text(family.modelTypes.joined(separator: ", ")),
        .text(family.isSimulated ? "simulated" : "as a generic one"), verified.map { .count($0.runs) } ?? .empty,
        verified.map { .text(Self.percent($0.median)) } ?? .empty,
        verified.map { .text(Self.percent($0.worst)) } ?? .empty,
      ])
    }
    return Page([
      .table(table),
      .paragraph(
        "Errors are of the allocated peak, simulated against traced; --format json has the settings that were traced. "
          + "A model of no family is read by names and shapes, and estimated as the kind of model that it looks like."),
    ])
  }

  private static func percent(_ share: Double) -> String { "\(Quantity.decimal(share * 100, places: 3))%" }
}
