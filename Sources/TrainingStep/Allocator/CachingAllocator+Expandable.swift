internal import Units

/// Expandable segments: address space for more than the device has, to which memory is mapped page by page as blocks
/// need it, so that one segment serves a whole stream and pool.
extension CachingAllocator {
  /// Among the sufficient free blocks, one that grows into unmapped space counts with the size it can grow to, so the
  /// search goes on for as long as that falls.
  func leastExpandable(from start: Int, in pool: Int) -> Int {
    let entries = pools[pool].free.entries
    var index = start
    while index + 1 < entries.count, pieces[entries[index].block].expandable != Self.none,
      expandableSize(entries[index + 1].block) < expandableSize(entries[index].block)
    {
      index += 1
    }
    return index
  }

  private func expandableSize(_ piece: Int) -> Int {
    let next = pieces[piece].next
    guard next != Self.none, !pieces[next].isMapped else { return pieces[piece].size }
    return pieces[piece].size + pieces[next].size
  }

  /// A block of at least this size with memory behind all of it, in no pool (`try_allocate_expandable_block`).
  mutating func takeExpandable(_ size: Int, in pool: Int) -> Int? {
    guard var candidate = space(for: size, in: pool) else { return nil }
    if !pieces[candidate].isMapped, !map(candidate, atLeast: min(pieces[candidate].size, size)) { return nil }
    while pieces[candidate].size < size {
      let next = pieces[candidate].next
      guard next != Self.none, !pieces[next].isMapped,
        map(next, atLeast: min(size - pieces[candidate].size, pieces[next].size))
      else { return nil }
      candidate = next
    }
    removeFree(candidate)
    return candidate
  }

  /// The lowest run of free and unmapped pieces that is large enough, else a new segment (`find_expandable_block`).
  private mutating func space(for size: Int, in pool: Int) -> Int? {
    for unmapped in pools[pool].unmapped {
      let previous = pieces[unmapped].previous
      let start = previous != Self.none && !pieces[previous].isAllocated ? previous : unmapped
      var bytes = 0
      var piece = start
      while bytes < size, piece != Self.none, !pieces[piece].isAllocated {
        bytes += pieces[piece].size
        piece = pieces[piece].next
      }
      if bytes >= size { return start }
    }
    let page = pools[pool].isSmall ? AllocatorConstant.smallSegment : settings.largeSegmentSize.bytes
    let bytes = ByteCount(expandableSpace).roundedUp(to: page).bytes
    // The address space is larger than the device, so a request beyond it cannot be met.
    guard size <= bytes else { return nil }
    var piece = Piece(address: address(forSegment: bytes), size: bytes, pool: pool)
    piece.isMapped = false
    piece.expandable = expandables.count
    expandables.append(Expandable(base: piece.address, page: page))
    let index = addPiece(piece)
    insertUnmapped(index)
    return index
  }

  /// Maps whole pages from the start of an unmapped piece and joins them to their free neighbours (`map_block`).
  private mutating func map(_ piece: Int, atLeast size: Int) -> Bool {
    let page = expandables[pieces[piece].expandable].page
    let mapped = ByteCount(size).roundedUp(to: page).bytes
    guard reserve(mapped) else { return false }
    removeUnmapped(piece)
    pieces[piece].isMapped = true
    if mapped < pieces[piece].size {
      var rest = pieces[piece]
      rest.address += mapped
      rest.size -= mapped
      rest.isMapped = false
      let index = addPiece(rest)
      link(index, rest.next)
      link(piece, index)
      pieces[piece].size = mapped
      insertUnmapped(index)
    }
    mergeNeighbours(of: piece)
    insertFree(piece)
    return true
  }

  /// Gives the whole pages of a free block back (`unmap_block`).
  mutating func unmap(_ piece: Int) {
    let block = pieces[piece]
    let (base, page) = (expandables[block.expandable].base, expandables[block.expandable].page)
    let start = base + ByteCount(block.address - base).roundedUp(to: page).bytes
    let end = base + (block.address + block.size - base) / page * page
    guard start < end else { return }
    removeFree(piece)
    if start > block.address {
      var before = block
      before.size = start - block.address
      let index = addPiece(before)
      link(before.previous, index)
      link(index, piece)
      insertFree(index)
    }
    if end < block.address + block.size {
      var after = block
      after.address = end
      after.size = block.address + block.size - end
      let index = addPiece(after)
      link(index, after.next)
      link(piece, index)
      insertFree(index)
    }
    pieces[piece].address = start
    pieces[piece].size = end - start
    pieces[piece].isMapped = false
    reserved -= ByteCount(end - start)
    mergeNeighbours(of: piece)
    if pieces[piece].isWhole { vacant.append(piece) } else { insertUnmapped(piece) }
  }

  private mutating func insertUnmapped(_ piece: Int) {
    let pool = pieces[piece].pool
    let place = pools[pool].unmapped.firstIndex { pieces[$0].address > pieces[piece].address }
    pools[pool].unmapped.insert(piece, at: place ?? pools[pool].unmapped.count)
  }

  mutating func removeUnmapped(_ piece: Int) {
    pools[pieces[piece].pool].unmapped.removeAll { $0 == piece }
  }
}
