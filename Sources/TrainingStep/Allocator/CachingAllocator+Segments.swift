internal import Units

extension CachingAllocator {
  /// Gives every cached segment without a block in use back to the device, and every free page of an expandable
  /// segment (`torch.cuda.empty_cache`, `release_cached_blocks`).
  public mutating func emptyCache() {
    let order = pools.indices.sorted { left, right in
      pools[left].isSmall != pools[right].isSmall ? pools[right].isSmall : pools[left].stream < pools[right].stream
    }
    for pool in order {
      for entry in pools[pool].free.entries {
        if pieces[entry.block].expandable != Self.none {
          unmap(entry.block)
        } else if pieces[entry.block].isWhole {
          release(entry.block)
        }
      }
    }
  }

  /// Memory from the device for a rounded request, as a block that is in no pool (`alloc_block`).
  mutating func takeNew(_ size: Int, in pool: Int) -> Int? {
    let segment = settings.segmentSize(for: size)
    if let allowed, segment > allowed - reserved.bytes { return nil }
    if settings.expandableSegments { return takeExpandable(size, in: pool) }
    guard reserve(segment) else { return nil }
    return addPiece(Piece(address: address(forSegment: segment), size: segment, pool: pool))
  }

  /// Counts bytes taken from the device; false when it has no more.
  mutating func reserve(_ bytes: Int) -> Bool {
    guard bytes <= capacity - reserved.bytes else { return false }
    reserved += ByteCount(bytes)
    peakReserved = max(peakReserved, reserved)
    return true
  }

  mutating func address(forSegment size: Int) -> Int {
    if let address = prescribedAddress {
      prescribedAddress = nil
      return address
    }
    defer { nextAddress += size }
    return nextAddress
  }

  /// Gives a free, whole segment back (`release_block`).
  mutating func release(_ piece: Int) {
    removeFree(piece)
    reserved -= ByteCount(pieces[piece].size)
    vacant.append(piece)
  }

  /// Makes room for a request by giving back unsplittable cached blocks of its stream: one that is large enough, else
  /// the largest ones until they add up. False when that frees too little (`release_available_cached_blocks`).
  mutating func releaseOversize(_ size: Int, of pool: Int) -> Bool {
    guard let limit = settings.maxSplitSize?.bytes, !settings.expandableSegments else { return false }
    let target = max(size, limit)
    let index = pools[pool].free.firstIndex(size: target)
    if index < pools[pool].free.entries.count {
      let block = pools[pool].free.entries[index].block
      if pieces[block].isWhole { release(block) }
      return true
    }
    var released = 0
    while released < target, let largest = pools[pool].free.entries.last, largest.size >= limit,
      pieces[largest.block].isWhole
    {
      released += largest.size
      release(largest.block)
    }
    return released >= target
  }

  /// Gives the longest unused large segments back once more is reserved than the threshold allows
  /// (`garbage_collect_cached_blocks`).
  mutating func collectGarbage() {
    guard let allowed, let threshold = settings.garbageCollectionThreshold else { return }
    let target = reserved.bytes - Int(threshold * Double(allowed))
    guard target > 0 else { return }
    var candidates: [Int] = []
    for pool in pools where !pool.isSmall {
      for entry in pool.free.entries where pieces[entry.block].isWhole && pieces[entry.block].expandable == Self.none {
        candidates.append(entry.block)
      }
    }
    var reclaimed = 0
    while reclaimed < target, !candidates.isEmpty {
      let ages = candidates.map { searches.large - pieces[$0].freedAt }
      let average = Double(ages.reduce(0, +)) / Double(ages.count)
      var kept: [Int] = []
      for (candidate, age) in zip(candidates, ages) {
        if Double(age) >= average {
          reclaimed += pieces[candidate].size
          release(candidate)
        } else {
          kept.append(candidate)
        }
      }
      candidates = kept
    }
  }
}
