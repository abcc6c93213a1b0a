internal import Graph
internal import Units

extension GraphAnswer {
  package var page: Page {
    var blocks: [Page.Block] = [.heading(path), .facts(facts)]
    if let walked {
      blocks.append(.chart(Page.Chart("activations alive, operator by operator", walked.file.live.map(\.bytes))))
      blocks.append(.table(aliveTable(walked)))
      if walked.alive.count > most {
        let rest = walked.alive.dropFirst(most).reduce(ByteCount.zero) { $0 + walked.dataflow.values[$1].size }
        blocks.append(.paragraph("… and \(walked.alive.count - most) more (\(rest)); --top shows more of them"))
      }
    } else {
      blocks.append(
        .paragraph(
          "Sizes depend on \(profile.symbols.joined(separator: ", ")): --dim NAME=N, --batch-size and "
            + "--sequence-length give them numbers."))
    }
    if !unresolved.isEmpty { blocks.append(.table(unresolvedTable)) }
    let noteworthy = findings.filter { $0.severity > .note }
    if !noteworthy.isEmpty { blocks.append(.findings(noteworthy)) }
    return Page(blocks)
  }

  /// Every value, for a spreadsheet.
  package var csv: String {
    let values = profile.values + profile.nested
    return Table(
      columns: [
        .init("Name", key: "name"), .init("Dtype", key: "dtype"), .init("Shape", key: "shape"),
        .init("Bytes", key: "bytes"), .init("Origin", key: "origin"), .init("Producer", key: "producer"),
        .init("First use", key: "firstUse"), .init("Last use", key: "lastUse"),
      ],
      rows: values.indices.map { index in
        let value = values[index]
        let uses = index < self.uses.count ? self.uses[index] : GraphProfile.Uses()
        func label(_ place: Int?) -> Cell { place.map { .text(profile.operators[$0].label) } ?? .empty }
        return [
          .text(value.name), value.dataType.map { .text($0.rawValue) } ?? .unknown, .text(value.shapeText),
          value.size.map { .text($0.description) } ?? .unknown, .text(value.origin.word), label(uses.producer),
          label(uses.first), label(uses.last),
        ]
      }
    ).csv
  }

  private var facts: [Page.Fact] {
    let known = profile.values.count { $0.cause == nil }
    var facts = [
      Page.Fact("operators", .count(profile.operators.count), .exact),
      Page.Fact(
        "values", .count(profile.values.count), .derived,
        note: known == profile.values.count ? "every shape is known" : "\(known) shapes are known"),
    ]
    if let weights = profile.weights.constant {
      facts.append(Page.Fact("weights", .bytes(ByteCount(weights)), .exact))
    }
    if let walked {
      facts.append(
        Page.Fact(
          "peak", .bytes(peak(walked.file)), .derived,
          note: label(walked.file, walked.file.peak).map { "weights and activations, at \($0)" }))
      let (file, smallest) = (walked.file, walked.smallest)
      if let peak = file.peak { facts.append(Page.Fact("activations", .bytes(file.live[peak]), .derived)) }
      if smallest.order != file.order, let peak = smallest.peak {
        facts.append(
          Page.Fact("in another order", .bytes(smallest.live[peak]), .derived, note: "activations, reordered"))
      }
    } else {
      for (index, peak) in symbolicPeaks.enumerated() {
        let note = symbolicPeaks.count == 1 ? "in the file's order" : "the largest of these, in the file's order"
        facts.append(Page.Fact("activations", .text("\(peak) B"), .derived, note: index == 0 ? note : nil))
      }
    }
    return facts
  }

  private func aliveTable(_ walked: Walked) -> Table {
    Table(
      columns: [
        .init("Alive at the peak", key: "name", isFlexible: true), .init("Dtype", key: "dtype"),
        .init("Shape", key: "shape"), .init("Size", key: "bytes", .right),
        .init("Made by", key: "producer", isFlexible: true), .init("Last read by", key: "lastUse", isFlexible: true),
      ],
      rows: walked.alive.prefix(most).map { index in
        let value = profile.values[index]
        func label(_ place: Int?) -> Cell { place.map { .text(profile.operators[$0].label) } ?? .empty }
        return [
          .text(value.name), value.dataType.map { .text($0.rawValue) } ?? .unknown, .text(value.shapeText),
          .bytes(walked.dataflow.values[index].size), label(uses[index].producer),
          value.isOutput ? .text("(output)") : label(uses[index].last),
        ]
      })
  }

  private var unresolvedTable: Table {
    Table(
      columns: [
        .init("Not known", key: "name", isFlexible: true), .init("Why", key: "reason", isFlexible: true),
      ],
      rows: unresolved.prefix(most).map { [.text($0.name), .text($0.reason)] },
      total: unresolved.count > most ? [.text("… and \(unresolved.count - most) more"), .empty] : nil)
  }
}

extension GraphProfile.Value {
  /// `[batch, 12, 64]`; empty where nothing is known.
  var shapeText: String {
    shape.map { "[\($0.map(\.description).joined(separator: ", "))]" } ?? ""
  }
}
