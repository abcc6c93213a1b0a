/// The free blocks of one stream and pool in the order of best fit: by size, then by address.
struct FreeBlocks: Sendable {
  struct Entry: Sendable {
    var size: Int
    var address: Int
    /// The block's place in the allocator's table.
    var block: Int

    func precedes(size otherSize: Int, address otherAddress: Int) -> Bool {
      size != otherSize ? size < otherSize : address < otherAddress
    }
  }

  private(set) var entries: [Entry] = []

  /// The place of the first block that is not before this size and address.
  func firstIndex(size: Int, address: Int = .min) -> Int {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].precedes(size: size, address: address) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  mutating func insert(_ entry: Entry) {
    entries.insert(entry, at: firstIndex(size: entry.size, address: entry.address))
  }

  mutating func remove(size: Int, address: Int) {
    let index = firstIndex(size: size, address: address)
    guard index < entries.count, entries[index].size == size, entries[index].address == address else { return }
    entries.remove(at: index)
  }

  @discardableResult
  mutating func remove(at index: Int) -> Entry { entries.remove(at: index) }
}
