internal import Units

extension CachingAllocator {
  mutating func pool(stream: Int, isSmall: Bool) -> Int {
    if let index = pools.firstIndex(where: { $0.stream == stream && $0.isSmall == isSmall }) { return index }
    pools.append(Pool(stream: stream, isSmall: isSmall))
    return pools.count - 1
  }

  mutating func addPiece(_ piece: Piece) -> Int {
    guard let index = vacant.popLast() else {
      pieces.append(piece)
      return pieces.count - 1
    }
    pieces[index] = piece
    return index
  }

  mutating func insertFree(_ piece: Int) {
    let pool = pieces[piece].pool
    pieces[piece].freedAt = pools[pool].isSmall ? searches.small : searches.large
    pools[pool].free.insert(
      FreeBlocks.Entry(size: pieces[piece].size, address: pieces[piece].address, block: piece))
  }

  mutating func removeFree(_ piece: Int) {
    pools[pieces[piece].pool].free.remove(size: pieces[piece].size, address: pieces[piece].address)
  }

  /// The best free block, taken out of its pool (`get_free_block`).
  mutating func takeFree(_ size: Int, from pool: Int) -> Int? {
    if pools[pool].isSmall { searches.small += 1 } else { searches.large += 1 }
    var index = pools[pool].free.firstIndex(size: size)
    guard index < pools[pool].free.entries.count else { return nil }
    if settings.expandableSegments { index = leastExpandable(from: index, in: pool) }
    let found = pools[pool].free.entries[index]
    if let limit = settings.maxSplitSize?.bytes {
      // A block that may not be split serves only requests that may not be split either, and nearly fill it.
      if size < limit, found.size >= limit { return nil }
      if size >= limit, found.size >= size + settings.maxNonSplitRounding.bytes { return nil }
    }
    return pools[pool].free.remove(at: index).block
  }

  /// `should_split`.
  func shouldSplit(_ piece: Int, for size: Int) -> Bool {
    let remaining = pieces[piece].size - size
    if pools[pieces[piece].pool].isSmall || settings.expandableSegments {
      return remaining >= AllocatorConstant.block
    }
    return size < settings.maxSplitSize?.bytes ?? .max && remaining > AllocatorConstant.smallRequest
  }

  /// Cuts a block that belongs to no pool: it keeps the first `size` bytes, and the rest becomes free.
  mutating func split(_ piece: Int, at size: Int) {
    var rest = pieces[piece]
    rest.address += size
    rest.size -= size
    rest.previous = piece
    let index = addPiece(rest)
    if rest.next != Self.none { pieces[rest.next].previous = index }
    pieces[piece].size = size
    pieces[piece].next = index
    insertFree(index)
  }

  mutating func mergeNeighbours(of piece: Int) {
    merge(piece, with: pieces[piece].previous)
    merge(piece, with: pieces[piece].next)
  }

  /// Takes a free neighbour into a block that is in no pool (`try_merge_blocks`).
  private mutating func merge(_ piece: Int, with neighbour: Int) {
    guard neighbour != Self.none, !pieces[neighbour].isAllocated,
      pieces[neighbour].isMapped == pieces[piece].isMapped
    else { return }
    if pieces[neighbour].isMapped { removeFree(neighbour) } else { removeUnmapped(neighbour) }
    pieces[piece].size += pieces[neighbour].size
    if pieces[piece].previous == neighbour {
      pieces[piece].address = pieces[neighbour].address
      link(pieces[neighbour].previous, piece)
    } else {
      link(piece, pieces[neighbour].next)
    }
    vacant.append(neighbour)
  }

  /// Makes two pieces neighbours; either may be `none`.
  mutating func link(_ left: Int, _ right: Int) {
    if left != Self.none { pieces[left].next = right }
    if right != Self.none { pieces[right].previous = left }
  }
}
