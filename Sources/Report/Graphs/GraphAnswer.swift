package import Checkpoint
package import Graph
internal import Units

/// The answer of `plimsoll graph`: every value's size and life, and what is alive at the worst moment.
package struct GraphAnswer: Answer {
  package static let command = "graph"

  let path: String
  let profile: GraphProfile
  let findings: [Finding]
  /// How many of the values that are alive at the peak people are shown.
  let most: Int
  let uses: [GraphProfile.Uses]
  /// What was walked, where every size is a number.
  let walked: Walked?
  let symbolicPeaks: [Dimension]
  let unresolved: [(name: String, reason: String)]

  /// A walk in the file's order and the smallest one found.
  struct Walked {
    var dataflow: Dataflow<ByteCount>
    var file: Walk<ByteCount>
    var smallest: Walk<ByteCount>
    var weights: ByteCount
    /// Places in the profile's values that are alive at the peak, the largest first.
    var alive: [Int]
  }

  package init(path: String, profile: GraphProfile, findings: [Finding], most: Int) {
    self.path = path
    self.profile = profile
    self.findings = findings
    self.most = most
    uses = profile.uses
    unresolved = profile.unresolved
    if let dataflow = profile.concrete {
      let file = dataflow.walk(dataflow.fileOrder)
      let alive = file.peak.map { file.alive(at: $0) } ?? []
      walked = Walked(
        dataflow: dataflow, file: file, smallest: dataflow.smallestWalk(beside: file),
        weights: ByteCount(profile.weights.constant ?? 0),
        alive: alive.sorted { (dataflow.values[$1].size, $0) < (dataflow.values[$0].size, $1) })
      symbolicPeaks = []
    } else {
      walked = nil
      symbolicPeaks = profile.symbolicPeaks
    }
  }

  /// The label of the operator at a place of a walk.
  func label(_ walk: Walk<ByteCount>, _ place: Int?) -> String? {
    place.map { profile.operators[walk.order[$0]].label }
  }

  /// What the whole run holds at its worst: the weights and what is alive at the peak.
  func peak(_ walk: Walk<ByteCount>) -> ByteCount {
    (walked?.weights ?? .zero) + (walk.peak.map { walk.live[$0] } ?? .zero)
  }
}

// MARK: - JSON

extension GraphAnswer {
  package var fields: [JSONValue.Field] {
    [
      .init("path", .string(path)),
      .init("operatorCount", .integer(profile.operators.count)),
      .init("missingDimensions", .array(profile.symbols.map(JSONValue.string))),
      .init("weightBytes", bytes(profile.weights)),
      .init("peak", peakFields),
      .init("symbolicPeak", .array(symbolicPeaks.map { .string($0.description) })),
      .init("smallestOrder", orderFields),
      .init("tensors", .rows(JSONRows(profile.values.count + profile.nested.count, row: row))),
      .init("operators", .array(profile.operators.map { ["name": .string($0.label), "type": .string($0.type)] })),
      .init("live", .array((walked?.file.live ?? []).map { .integer($0.bytes) })),
      .init(
        "unresolved",
        .array(unresolved.map { ["name": .string($0.name), "reason": .string($0.reason)] })),
      .init("findings", .array(findings.map(JSONValue.init))),
    ]
  }

  private var peakFields: JSONValue {
    guard let walked else { return ["bytes": .null, "at": .null] }
    return [
      "bytes": .integer(peak(walked.file).bytes), "at": .init(label(walked.file, walked.file.peak)),
      "activations": .integer(walked.file.peak.map { walked.file.live[$0].bytes } ?? 0),
      "weights": .integer(walked.weights.bytes),
      "alive": .array(
        walked.alive.map { value in
          ["name": .string(profile.values[value].name), "bytes": .integer(walked.dataflow.values[value].size.bytes)]
        }),
    ]
  }

  private var orderFields: JSONValue {
    guard let walked else { return .null }
    let isFiles = walked.smallest.order == walked.file.order
    return [
      "bytes": .integer(peak(walked.smallest).bytes), "at": .init(label(walked.smallest, walked.smallest.peak)),
      "order": isFiles
        ? .null : .array(walked.smallest.order.map { .string(profile.operators[$0].label) }),
    ]
  }

  private func bytes(_ size: Dimension?) -> JSONValue {
    guard let size else { return .null }
    return size.constant.map(JSONValue.integer) ?? .string(size.description)
  }

  @Sendable private func row(_ index: Int) -> [JSONValue.Field] {
    let isNested = index >= profile.values.count
    let value = isNested ? profile.nested[index - profile.values.count] : profile.values[index]
    let uses = isNested ? GraphProfile.Uses() : uses[index]
    func label(_ place: Int?) -> JSONValue { .init(place.map { profile.operators[$0].label }) }
    return [
      .init("name", .string(value.name)), .init("dtype", .init(value.dataType?.rawValue)),
      .init(
        "shape",
        value.shape.map { shape in
          .array(shape.map { $0.constant.map(JSONValue.integer) ?? .string($0.description) })
        } ?? .null),
      .init("bytes", bytes(value.size)), .init("origin", .string(value.origin.word)),
      .init("producer", label(uses.producer)), .init("firstUse", label(uses.first)),
      .init("lastUse", label(uses.last)), .init("isOutput", .boolean(value.isOutput)),
    ]
  }
}

extension Dataflow.Value.Origin {
  var word: String {
    switch self {
    case .weight: "weight"
    case .input: "input"
    case .intermediate: "intermediate"
    }
  }
}
