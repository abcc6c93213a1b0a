internal import Strategy
internal import TrainingStep
internal import Units

extension Explanation {
  /// How many kinds of tensors people are shown.
  private static let most = 16

  func blocks(peak: ByteCount) -> [Page.Block] {
    var alive = Table(columns: [
      .init("Alive at the peak", key: "module", isFlexible: true), .init("What", key: "category"),
      .init("Why", key: "why"), .init("Count", key: "count", .right), .init("Size", key: "bytes", .right),
      .init("Share", key: "share", .right),
    ])
    for holding in holdings.prefix(Self.most) {
      let share = 100 * Double(holding.bytes.bytes) / Double(max(1, peak.bytes))
      alive.rows.append([
        .text(holding.module.isEmpty ? "(no module)" : holding.module), .text(holding.category.title),
        .text(holding.why), .count(holding.count), .bytes(holding.bytes),
        .text("\(Quantity.decimal(share, places: 1))%"),
      ])
    }
    if holdings.count > Self.most {
      let rest = holdings.dropFirst(Self.most)
      alive.total = [
        .text("… and \(rest.count) more kinds"), .empty, .empty, .count(rest.reduce(0) { $0 + $1.count }),
        .bytes(rest.reduce(.zero) { $0 + $1.bytes }), .empty,
      ]
    }
    guard !savings.isEmpty else { return [.table(alive)] }
    let saving = Table(
      columns: [
        .init("What would save most", key: "change"), .init("Saves", key: "saved", .right),
        .init("Peak then", key: "peak", .right),
      ], rows: savings.map { [.text($0.change), .bytes($0.saved), .bytes($0.peak)] })
    return [.table(alive), .table(saving)]
  }

  var json: JSONValue {
    [
      "alive": .array(
        holdings.map { holding in
          [
            "module": .string(holding.module), "category": .string(holding.category.rawValue),
            "operator": .string(holding.operatorName), "keptFor": .init(holding.keptFor),
            "count": .integer(holding.count), "bytes": .integer(holding.bytes.bytes),
          ]
        }),
      "savings": .array(
        savings.map { saving in
          [
            "change": .string(saving.change), "saved": .integer(saving.saved.bytes),
            "peak": .integer(saving.peak.bytes),
          ]
        }),
    ]
  }
}

extension Explanation.Holding {
  /// In a few words: what made the tensors and what keeps them.
  fileprivate var why: String {
    switch category {
    case .parameters, .inputs, .buffers: "held throughout"
    case .gradients: "until the update"
    case .optimizerStates: "held between updates"
    case .activations, .weightCasts:
      keptFor.map { "result of \(operatorName), kept for \($0)'s backward" } ?? "result of \(operatorName), still named"
    case .temporaries: "temporary of \(operatorName)"
    case .communication, .workspaces: operatorName
    }
  }
}
