internal import Units

/// Which tensor of which file.
struct TensorPlace: Hashable, Sendable {
  var file: Int
  var index: Int
}

/// The tensors of several headers in the natural order of their names.
struct TensorOrder {
  let places: [TensorPlace]

  init(_ headers: [any ShardHeader]) {
    places = NameSorter(headers).sortedPlaces()
  }

  private static func sameName(_ left: TensorPlace, _ right: TensorPlace, _ headers: [any ShardHeader]) -> Bool {
    let first = headers[left.file].nameBytes(at: left.index)
    let second = headers[right.file].nameBytes(at: right.index)
    return first.count == second.count && first.elementsEqual(second)
  }

  /// One place for each name. Of a tensor that lies in several files the one counts that the index names, else the
  /// last, as for a loader that reads the files one after the other.
  func effective(
    headers: [any ShardHeader], files: [String], index: ShardIndex?, findings: inout FindingList
  ) -> [TensorPlace] {
    guard headers.count > 1 else { return places }
    let pairs = zip(places, places.dropFirst())
    guard pairs.contains(where: { Self.sameName($0, $1, headers) }) else { return places }
    let mapped = index?.fileOfTensor(files: files) ?? [:]
    let isSliced = headers.map(\.isSliced)
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
        let slices = copies.contains { isSliced[$0.file] }
        findings.add(
          .warning, slices ? .slicedTensors : .tensorInTwoShards, file: files[chosen.file], tensor: name,
          slices
            ? "each of \(copies.count) files holds a slice of the tensor (a distributed checkpoint of PyTorch)"
            : "the tensor is stored in \(copies.count) files: \(copies.prefix(8).map { files[$0.file] }.joined(separator: ", "))",
          help: slices
            ? "Only one slice is counted: consolidate the checkpoint first."
            : "The copy in \(files[chosen.file]) is counted, the others are not.")
      }
      position = end
    }
    return kept
  }
}

/// Sorts names by keys whose byte order is the natural order of the names: each run of digits becomes a `0`, its
/// length, and its digits. Keys are compared eight bytes at a time, and bytes that a group of names shares are
/// looked at once, so that a hundred thousand names with long common beginnings take milliseconds.
private struct NameSorter {
  private struct Item {
    /// The eight bytes of the key that are being compared.
    var chunk: UInt64
    /// The key's words.
    var words: UnsafePointer<UInt64>
    var wordCount: Int32
    var file: Int32
    var index: Int32
  }

  private let headers: [any ShardHeader]

  init(_ headers: [any ShardHeader]) { self.headers = headers }

  func sortedPlaces() -> [TensorPlace] {
    let keys = parallelMap(headers.count) { file in NaturalKeys(headers[file]) }
    var items: [Item] = []
    items.reserveCapacity(headers.reduce(0) { $0 + $1.count })
    for (file, keys) in keys.enumerated() {
      var words = UnsafePointer(keys.words)
      for (index, length) in keys.lengths.enumerated() {
        items.append(Item(chunk: 0, words: words, wordCount: length, file: Int32(file), index: Int32(index)))
        words += Int(length)
      }
    }
    return withExtendedLifetime(keys) {
      items.withUnsafeMutableBufferPointer { sort($0) }
      return items.map { TensorPlace(file: Int($0.file), index: Int($0.index)) }
    }
  }

  /// Items whose first `depth` words are the same.
  private struct Group {
    var range: Range<Int>
    var depth: Int
  }

  private func sort(_ items: UnsafeMutableBufferPointer<Item>) {
    // Large groups here, what they fall into on all cores.
    let all = Group(range: 0..<items.count, depth: 0)
    let parts = split([all], of: items, largerThan: max(items.count / 16, 1024))
    nonisolated(unsafe) let shared = items
    _ = parallelMap(parts.count) { _ = split([parts[$0]], of: shared, largerThan: 1) }
  }

  /// Sorts by one word after the other every group that has more items than `limit`, and returns the other groups,
  /// which stand where they belong and want sorting within.
  private func split(
    _ groups: [Group], of items: UnsafeMutableBufferPointer<Item>, largerThan limit: Int
  ) -> [Group] {
    // A list of work and no recursion: names may be a megabyte long.
    var groups = groups
    var left: [Group] = []
    while let group = groups.popLast() {
      let (range, depth) = (group.range, group.depth)
      guard range.count > limit else {
        if range.count > 1 { left.append(group) }
        continue
      }
      var allSame = true
      var someLeft = false
      for position in range {
        let isLeft = depth < items[position].wordCount
        items[position].chunk = isLeft ? items[position].words[depth] : 0
        someLeft = someLeft || isLeft
        if items[position].chunk != items[range.lowerBound].chunk { allSame = false }
      }
      if !someLeft {
        settle(UnsafeMutableBufferPointer(rebasing: items[range]))
      } else if allSame {
        groups.append(Group(range: range, depth: depth + 1))
      } else {
        var slice = UnsafeMutableBufferPointer(rebasing: items[range])
        slice.sort { $0.chunk < $1.chunk }
        var begin = range.lowerBound
        for position in range.dropFirst() where items[position].chunk != items[begin].chunk {
          groups.append(Group(range: begin..<position, depth: depth + 1))
          begin = position
        }
        groups.append(Group(range: begin..<range.upperBound, depth: depth + 1))
      }
    }
    return left
  }

  /// Orders items whose keys are the same: names that differ in leading zeros, or the same name in several files.
  private func settle(_ items: UnsafeMutableBufferPointer<Item>) {
    var group = items
    group.sort { left, right in
      let order = NaturalOrder.compare(
        headers[Int(left.file)].nameBytes(at: Int(left.index)),
        headers[Int(right.file)].nameBytes(at: Int(right.index)))
      return order != 0 ? order < 0 : left.file < right.file
    }
  }
}

/// The sort keys of all names of a header as big-endian words, one behind the other, each filled up with zeros.
private final class NaturalKeys: @unchecked Sendable {
  let words: UnsafeMutablePointer<UInt64>
  /// The number of words of each key.
  let lengths: [Int32]

  init(_ header: any ShardHeader) {
    // A name of n bytes makes a key of at most 2n + 2: every other byte a digit.
    words = .allocate(capacity: header.namesLength / 4 + 2 * header.count + 1)
    var lengths: [Int32] = []
    lengths.reserveCapacity(header.count)
    var writer = Writer(next: words)
    for index in 0..<header.count {
      let before = writer.next
      writer.putName(header.nameBytes(at: index))
      lengths.append(Int32(writer.next - before))
    }
    self.lengths = lengths
  }

  deinit { words.deallocate() }

  private struct Writer {
    var next: UnsafeMutablePointer<UInt64>
    private var word: UInt64 = 0
    private var filled = 0

    init(next: UnsafeMutablePointer<UInt64>) { self.next = next }

    mutating func putName(_ name: UnsafeBufferPointer<UInt8>) {
      var at = 0
      while at < name.count {
        at = putPlain(name, from: at)
        guard at < name.count else { break }
        while at < name.count, name[at] == 0x30 { at += 1 }
        let first = at
        while at < name.count, name[at] >= 0x30, name[at] <= 0x39 { at += 1 }
        put(0x30)
        // The number of digits, in as many bytes as it takes.
        var length = at - first
        while length >= 255 {
          put(255)
          length -= 255
        }
        put(UInt8(length))
        for position in first..<at { put(name[position]) }
      }
      if filled > 0 {
        next.initialize(to: word << UInt64(8 * (8 - filled)))
        next += 1
        word = 0
        filled = 0
      }
    }

    /// Puts what stands before the next digit, and returns where that is.
    private mutating func putPlain(_ name: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
      var at = start
      while name.count - at >= 8 {
        let loaded = UnsafeRawBufferPointer(name).loadUnaligned(fromByteOffset: at, as: UInt64.self)
        let bytes = UInt64(littleEndian: loaded)
        let distances = bytes ^ 0x3030_3030_3030_3030
        // The lowest bit marks the first byte whose distance from `0` is below 10.
        let digits = (distances &- 0x0A0A_0A0A_0A0A_0A0A) & ~distances & 0x8080_8080_8080_8080
        let count = digits.trailingZeroBitCount / 8
        if count > 0 { put(bytes.byteSwapped, count: count) }
        at += count
        if count < 8 { return at }
      }
      while at < name.count, name[at] < 0x30 || name[at] > 0x39 {
        put(name[at])
        at += 1
      }
      return at
    }

    /// Puts the first `count` bytes of a big-endian word, at least one.
    private mutating func put(_ bytes: UInt64, count: Int) {
      let chunk = bytes &>> UInt64(8 * (8 - count))
      let room = 8 - filled
      guard count >= room else {
        word = word &<< UInt64(8 * count) | chunk
        filled += count
        return
      }
      // Bytes of `word` beyond those filled are leftovers, and are shifted out here.
      next.initialize(to: (filled == 0 ? 0 : word &<< UInt64(8 * room)) | chunk &>> UInt64(8 * (count - room)))
      next += 1
      word = chunk
      filled = count - room
    }

    private mutating func put(_ byte: UInt8) {
      word = word << 8 | UInt64(byte)
      filled += 1
      if filled == 8 {
        next.initialize(to: word)
        next += 1
        word = 0
        filled = 0
      }
    }
  }
}
