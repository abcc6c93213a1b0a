internal import Units

/// Which tensor of which file.
struct TensorPlace: Hashable, Sendable {
  var file: Int
  var index: Int
}

/// The tensors of several headers in the natural order of their names.
///
/// Names are compared by keys whose plain byte order is the natural order: each run of digits becomes a `0`, its
/// length, and its digits. Keys are compared eight bytes at a time.
struct TensorOrder {
  private(set) var places: [TensorPlace] = []
  /// Where `places[i + 1]` has the same name as `places[i]`.
  private(set) var hasRepeats = false

  init(_ headers: [ShardHeader]) {
    for (file, header) in headers.enumerated() {
      for index in 0..<header.count { places.append(TensorPlace(file: file, index: index)) }
    }
    places.sort { left, right in
      let order = NaturalOrder.compare(
        headers[left.file].nameBytes(at: left.index), headers[right.file].nameBytes(at: right.index))
      return order != 0 ? order < 0 : left.file < right.file
    }
    for position in places.indices.dropLast() where Self.sameName(places[position], places[position + 1], headers) {
      hasRepeats = true
    }
  }

  static func sameName(_ left: TensorPlace, _ right: TensorPlace, _ headers: [ShardHeader]) -> Bool {
    let first = headers[left.file].nameBytes(at: left.index)
    let second = headers[right.file].nameBytes(at: right.index)
    return first.count == second.count && first.elementsEqual(second)
  }

  /// One place for each name. Of a tensor that lies in several files the one counts that the index names, else the
  /// last, as for a loader that reads the files one after the other.
  func effective(
    headers: [ShardHeader], files: [String], index: ShardIndex?, findings: inout FindingList
  ) -> [TensorPlace] {
    guard hasRepeats else { return places }
    let mapped = index?.fileOfTensor(files: files) ?? [:]
    var kept: [TensorPlace] = []
    kept.reserveCapacity(places.count)
    var position = 0
    while position < places.count {
      var end = position + 1
      while end < places.count, Self.sameName(places[position], places[end], headers) { end += 1 }
      if end - position == 1 {
        kept.append(places[position])
      } else {
        let copies = places[position..<end]
        let name = String(decoding: headers[places[position].file].nameBytes(at: places[position].index), as: UTF8.self)
        let chosen = copies.first { mapped[name] == $0.file } ?? places[end - 1]
        kept.append(chosen)
        findings.add(
          .warning, .tensorInTwoShards, file: files[chosen.file], tensor: name,
          "the tensor is stored in \(copies.count) files: \(copies.map { files[$0.file] }.joined(separator: ", "))",
          help: "The copy in \(files[chosen.file]) is counted, the others are not.")
      }
      position = end
    }
    return kept
  }
}
