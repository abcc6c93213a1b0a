internal import Graph
internal import Units

/// Operators whose results are as long as their inputs' values say.
enum Selection {
  static let all: [OperatorRow] = [
    row("NonZero", shape: nonZero), row("Compress", shape: compress), row("Unique", shape: unique),
    row("NonMaxSuppression", shape: nonMaxSuppression),
    row("Unique", domain: OperatorDomain.microsoft, shape: uniqueOfMicrosoft),
  ]

  // MARK: - NonZero (13)

  /// [rank, number of elements that are not zero]: their places, an axis a row.
  private static func nonZero(_ call: Call) throws(Unresolved) -> [Fact] {
    let tensor = try call.tensor(0)
    let rank = Dimension.constant(try call.shape(0).count)
    guard let elements = try? call.elements(0), let extents = tensor.extents else {
      return [.tensor(.int64, [rank, call.unknown("1", "the number of elements that are not zero")])]
    }
    var places: [[Int]] = []
    for (place, element) in zip(Places(extents), elements) {
      guard let isTrue = element.isNotZero else {
        return [.tensor(.int64, [rank, call.unknown("1", "the number of elements that are not zero")])]
      }
      if isTrue { places.append(place) }
    }
    let content = extents.indices.flatMap { axis in places.map { Scalar.integer($0[axis]) } }
    return [.tensor(TensorFact(.int64, shape: [rank, .constant(places.count)], elements: content))]
  }

  // MARK: - Compress (11)

  /// The slices along an axis, or the elements of the flattened input, that a list of truth values selects. The list may
  /// be shorter than the axis.
  private static func compress(_ call: Call) throws(Unresolved) -> [Fact] {
    let tensor = try call.tensor(0)
    var shape = try call.shape(0)
    let axis: Int? =
      if let given = try call.integer("axis") { try call.axis(given, rank: shape.count) } else { nil }
    let extent = axis.map { shape[$0] } ?? shape.product
    guard let selected = selection(call, from: extent) else {
      let count = call.unknown("\(axis ?? 0)", "the number of elements that its condition selects")
      if let axis { shape[axis] = count } else { shape = [count] }
      return [.tensor(call.type(0), shape)]
    }
    if let axis { shape[axis] = .constant(selected.count) } else { shape = [.constant(selected.count)] }
    var result = TensorFact(call.type(0), shape: shape)
    if let elements = tensor.elements, let extents = tensor.extents {
      let kept = Set(selected)
      let isKept: (Int, [Int]) -> Bool = { place, index in kept.contains(axis.map { index[$0] } ?? place) }
      result.elements = zip(Places(extents), elements).enumerated()
        .filter { isKept($0.offset, $0.element.0) }.map(\.element.1)
    }
    return [.tensor(result)]
  }

  /// The places that the second input selects of an axis; nil where they are not known.
  private static func selection(_ call: Call, from extent: Dimension) -> [Int]? {
    guard let condition = try? call.elements(1) else { return nil }
    var selected: [Int] = []
    for (place, element) in condition.enumerated() {
      guard let isTrue = element.truth else { return nil }
      guard isTrue else { continue }
      // What lies past the end selects nothing.
      guard let isInside = extent.isAtLeast(.constant(place + 1)) else { return nil }
      if isInside { selected.append(place) }
    }
    return selected
  }

  // MARK: - Unique (11)

  /// The distinct slices along an axis, or the distinct elements; where each first stands, which one each is, and how
  /// often it stands there.
  private static func unique(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0)
    let axis: Int? =
      if let given = try call.integer("axis") { try call.axis(given, rank: shape.count) } else { nil }
    let isSorted = try call.flag("sorted", default: true)
    let length = axis.map { shape[$0] } ?? shape.product
    guard let distinct = Distinct(call, axis: axis, isSorted: isSorted) else {
      let count = call.unknown("\(axis ?? 0)", "the number of distinct elements")
      var values = shape
      if let axis { values[axis] = count } else { values = [count] }
      return [
        .tensor(call.type(0), values), .tensor(.int64, [count]), .tensor(.int64, [length]), .tensor(.int64, [count]),
      ]
    }
    let count = Dimension.constant(distinct.first.count)
    var values = shape
    if let axis { values[axis] = count } else { values = [count] }
    return [
      .tensor(TensorFact(call.type(0), shape: values, elements: axis == nil ? distinct.values : nil)),
      distinct.list(distinct.first), distinct.list(distinct.inverse), distinct.list(distinct.counts),
    ]
  }

  /// com.microsoft (1): of a list, the distinct elements in the order in which they first stand, which one each is, and
  /// how often it stands there.
  private static func uniqueOfMicrosoft(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0)
    guard shape.count == 1 else { throw .defect("its input has rank \(shape.count), not 1") }
    guard let distinct = Distinct(call, axis: nil, isSorted: false) else {
      let count = call.unknown("0", "the number of distinct elements")
      return [.tensor(call.type(0), [count]), .tensor(.int64, shape), .tensor(.int64, [count])]
    }
    let values = TensorFact(call.type(0), shape: [.constant(distinct.first.count)], elements: distinct.values)
    return [.tensor(values), distinct.list(distinct.inverse), distinct.list(distinct.counts)]
  }

  /// The distinct slices of a first input whose elements are known.
  private struct Distinct {
    var first: [Int] = []
    var inverse: [Int] = []
    var counts: [Int] = []
    /// The distinct elements, for slices of one element.
    var values: [Scalar] = []

    init?(_ call: Call, axis: Int?, isSorted: Bool) {
      guard let elements = try? call.elements(0), let extents = (try? call.tensor(0))?.extents else { return nil }
      // A text or a number that is one; what is not comes out differently in different runtimes.
      guard elements.allSatisfy({ $0.isComparable }) else { return nil }
      var slices: [[Scalar]]
      if let axis {
        slices = [[Scalar]](repeating: [], count: extents[axis])
        // Only an axis of an empty tensor can be longer than there are elements.
        guard slices.count <= TensorFact.largestContent else { return nil }
        for (place, element) in zip(Places(extents), elements) { slices[place[axis]].append(element) }
      } else {
        slices = elements.map { [$0] }
      }
      var numbers: [[Scalar]: Int] = [:]
      for (place, slice) in slices.enumerated() {
        let number = numbers[slice] ?? first.count
        if number == first.count {
          numbers[slice] = number
          first.append(place)
          counts.append(0)
        }
        counts[number] += 1
        inverse.append(number)
      }
      if isSorted {
        let order = first.indices.sorted { slices[first[$0]].precedes(slices[first[$1]]) }
        var rank = [Int](repeating: 0, count: order.count)
        for (place, number) in order.enumerated() { rank[number] = place }
        inverse = inverse.map { rank[$0] }
        (first, counts) = (order.map { first[$0] }, order.map { counts[$0] })
      }
      values = first.compactMap { slices[$0].first }
    }

    func list(_ numbers: [Int]) -> Fact {
      .tensor(TensorFact(.int64, shape: [.constant(numbers.count)], elements: numbers.map { .integer($0) }))
    }
  }
}

extension Scalar {
  /// Whether a number is not zero; nil where that is not known.
  fileprivate var isNotZero: Bool? {
    if case .real(let value) = self { return value != 0 }
    return truth
  }

  /// Whether it has a place among others of its kind.
  fileprivate var isComparable: Bool {
    switch self {
    case .integer(let value): value.constant != nil
    case .real(let value): !value.isNaN
    case .text: true
    case .unknown: false
    }
  }

  fileprivate func precedes(_ other: Scalar) -> Bool {
    switch (self, other) {
    case (.integer(let a), .integer(let b)): (a.constant ?? 0) < (b.constant ?? 0)
    case (.text(let a), .text(let b)): a.utf8.lexicographicallyPrecedes(b.utf8)
    default: (double ?? 0) < (other.double ?? 0)
    }
  }
}

extension [Scalar] {
  fileprivate func precedes(_ other: [Scalar]) -> Bool {
    lexicographicallyPrecedes(other) { $0.precedes($1) }
  }
}

// MARK: - NonMaxSuppression (11)

extension Selection {
  /// [n, 3]: batch, class and box of each box that is kept.
  fileprivate static func nonMaxSuppression(_ call: Call) throws(Unresolved) -> [Fact] {
    let (boxes, scores) = (try call.shape(0), try call.shape(1))
    guard boxes.count == 3, scores.count == 3 else {
      throw .defect("boxes and scores are \(call.text([boxes, scores])), not of rank 3 each")
    }
    guard boxes[2].isEqual(4) != false else { throw .defect("boxes have \(boxes[2]) coordinates, not 4") }
    guard boxes[0].isEqual(scores[0]) != false, boxes[1].isEqual(scores[2]) != false else {
      throw .defect("boxes and scores \(call.text([boxes, scores])) are not of one batch")
    }
    let kept = try keptBoxes(call)
    guard let kept else { return [.tensor(.int64, [call.unknown("0", "the number of boxes that are kept"), 3])] }
    let elements = kept.joined().map { Scalar.integer($0) }
    return [.tensor(TensorFact(.int64, shape: [.constant(kept.count), 3], elements: elements))]
  }

  /// The boxes that are kept, by the algorithm of the reference; nil where they are not known.
  private static func keptBoxes(_ call: Call) throws(Unresolved) -> [[Int]]? {
    // Without a number of boxes to keep, none is.
    var most = 0
    if call.has(2) {
      guard let number = (try? call.numbers(2))?.first else { return nil }
      most = number
    }
    if most <= 0 { return [] }
    guard let boxes = numbers(call, 0), let scores = numbers(call, 1) else { return nil }
    guard let extents = try call.tensor(1).extents, extents.count == 3 else { return nil }
    let (batches, classes, count) = (extents[0], extents[1], extents[2])
    // An empty tensor may have any other extents.
    guard !extents.contains(0) else { return [] }
    guard scores.count == batches * classes * count, boxes.count == batches * count * 4 else { return nil }
    var threshold: Float = 0
    if call.has(3) {
      guard let given = numbers(call, 3)?.first else { return nil }
      threshold = given
    }
    var least = -Float.infinity
    if call.has(4) {
      guard let given = numbers(call, 4)?.first else { return nil }
      least = given
    }
    let isCentred = try call.flag("center_point_box")
    var kept: [[Int]] = []
    for batch in 0..<batches {
      let rectangles = (0..<count).map { box in
        Rectangle(boxes[((batch * count + box) * 4)...].prefix(4), isCentred: isCentred)
      }
      for kind in 0..<classes {
        let row = Array(scores[((batch * classes + kind) * count)...].prefix(count))
        var chosen: [Int] = []
        let candidates = row.indices.filter { row[$0] > least }.sorted { (row[$1], $0) < (row[$0], $1) }
        for box in candidates where chosen.count < most {
          var isHidden = false
          for other in chosen {
            let overlap = rectangles[box].overlap(rectangles[other])
            // So close to the threshold, rounding decides.
            guard abs(overlap - threshold) > 1e-6 || overlap == 0 else { return nil }
            if overlap > threshold { isHidden = true }
          }
          if !isHidden { chosen.append(box) }
        }
        kept += chosen.map { [batch, kind, $0] }
      }
    }
    return kept
  }

  private static func numbers(_ call: Call, _ input: Int) -> [Float]? {
    guard let elements = try? call.elements(input) else { return nil }
    let numbers = elements.compactMap(\.double).filter { !$0.isNaN }.map { Float($0) }
    return numbers.count == elements.count ? numbers : nil
  }

  /// A box by its sides.
  private struct Rectangle {
    var (left, right, top, bottom): (Float, Float, Float, Float)

    init(_ numbers: ArraySlice<Float>, isCentred: Bool) {
      let n = Array(numbers) + [0, 0, 0, 0]
      if isCentred {
        (left, right) = (n[0] - n[2] / 2, n[0] + n[2] / 2)
        (top, bottom) = (n[1] - n[3] / 2, n[1] + n[3] / 2)
      } else {
        (left, right, top, bottom) = (min(n[1], n[3]), max(n[1], n[3]), min(n[0], n[2]), max(n[0], n[2]))
      }
    }

    private var area: Float { (right - left) * (bottom - top) }

    /// What two have in common over what they cover together.
    func overlap(_ other: Rectangle) -> Float {
      let width = min(right, other.right) - max(left, other.left)
      let height = min(bottom, other.bottom) - max(top, other.top)
      guard width > 0, height > 0, area > 0, other.area > 0 else { return 0 }
      let common = width * height
      return common / (area + other.area - common)
    }
  }
}
