import Testing
import Units

@testable import TrainingStep

private let kib = 1 << 10
private let mib = 1 << 20

/// Sizes in bytes; the free blocks of the pool that serves a request of this many.
extension CachingAllocator {
  fileprivate mutating func take(_ bytes: Int, stream: Int = 0) throws -> Block {
    try allocate(ByteCount(bytes), stream: stream)
  }

  fileprivate func freeSizes(small: Bool) -> [Int] {
    pools.filter { $0.isSmall == small }.flatMap { $0.free.entries.map(\.size) }
  }

  fileprivate init(_ options: String, capacity: Int? = nil) throws {
    self.init(settings: try AllocatorSettings(parsing: options), capacity: capacity.map { ByteCount($0) })
  }
}

@Suite struct AllocatorTests {
  @Test(arguments: [(1, 512), (512, 512), (513, 1024), (mib, mib), (mib + 1, mib + 512)])
  func sizesAreMultiplesOfABlock(_ bytes: Int, _ size: Int) throws {
    var allocator = CachingAllocator()
    #expect(try allocator.take(bytes).size.bytes == size)
  }

  @Test(arguments: [
    (1, 2 * mib), (mib, 2 * mib), (mib + 1, 20 * mib), (10 * mib - 512, 20 * mib), (10 * mib - 511, 10 * mib),
    (10 * mib, 10 * mib), (10 * mib + 1, 12 * mib), (33 * mib, 34 * mib),
  ])
  func segments(_ bytes: Int, _ segment: Int) throws {
    var allocator = CachingAllocator()
    _ = try allocator.take(bytes)
    #expect(allocator.reserved.bytes == segment)
  }

  @Test func smallPoolSplitsFromOneBlockOn() throws {
    var allocator = CachingAllocator()
    let first = try allocator.take(mib - 512)
    let second = try allocator.take(mib)
    #expect(second.address - first.address == mib - 512)
    #expect(allocator.freeSizes(small: true) == [512])
    #expect(try allocator.take(100).address - first.address == 2 * mib - 512)
    #expect(allocator.freeSizes(small: true) == [])
    #expect(allocator.reserved == .mebibytes(2))
  }

  /// The rest of a large block has to be more than 1 MiB.
  @Test(arguments: [(19 * mib, 20 * mib, []), (19 * mib - 512, 19 * mib - 512, [mib + 512])])
  func largePoolSplitsAboveOneMebibyte(_ bytes: Int, _ size: Int, _ rest: [Int]) throws {
    var allocator = CachingAllocator()
    let segment = try allocator.take(20 * mib)
    allocator.free(segment)
    let block = try allocator.take(bytes)
    #expect(block.size.bytes == size)
    #expect(block.address == segment.address)
    #expect(allocator.freeSizes(small: false) == rest)
    #expect(allocator.allocated.bytes == size)
  }

  @Test func smallestSufficientBlockThenLowestAddress() throws {
    var allocator = CachingAllocator()
    let sizes = [40, 30, 24, 30].map { $0 * mib }
    let blocks = try sizes.map { try allocator.take($0) }
    for block in blocks.reversed() { allocator.free(block) }
    #expect(try allocator.take(29 * mib).address == blocks[1].address)
    #expect(try allocator.take(29 * mib).address == blocks[3].address)
    #expect(try allocator.take(29 * mib).address == blocks[0].address)
    #expect(allocator.reserved.bytes == 124 * mib)
    #expect(allocator.peakAllocated.bytes == 124 * mib)
  }

  @Test func freeNeighboursMerge() throws {
    var allocator = CachingAllocator()
    let blocks = try (0..<4).map { _ in try allocator.take(512 * kib) }
    allocator.free(blocks[0])
    allocator.free(blocks[2])
    #expect(allocator.freeSizes(small: true) == [512 * kib, 512 * kib])
    allocator.free(blocks[1])
    #expect(allocator.freeSizes(small: true) == [1536 * kib])
    #expect(try allocator.take(mib).address == blocks[0].address)
    allocator.free(blocks[3])
    #expect(allocator.freeSizes(small: true) == [mib])
  }

  @Test func segmentsDoNotMerge() throws {
    var allocator = CachingAllocator()
    for block in [try allocator.take(10 * mib), try allocator.take(10 * mib)] { allocator.free(block) }
    #expect(allocator.freeSizes(small: false) == [10 * mib, 10 * mib])
    _ = try allocator.take(12 * mib)
    #expect(allocator.reserved.bytes == 32 * mib)
  }

  @Test func streamsDoNotShare() throws {
    var allocator = CachingAllocator()
    allocator.free(try allocator.take(10 * mib))
    _ = try allocator.take(10 * mib, stream: 7)
    #expect(allocator.reserved.bytes == 20 * mib)
  }

  @Test func aBlockIsFreedOnce() throws {
    var allocator = CachingAllocator()
    let block = try allocator.take(1)
    let answers = [allocator.free(block), allocator.free(block)]
    #expect(answers == [true, false])
    #expect(allocator.allocated == .zero)
  }

  @Test func emptyCacheKeepsSegmentsInUse() throws {
    var allocator = CachingAllocator()
    let used = try allocator.take(2 * mib)
    allocator.free(try allocator.take(4 * mib))
    allocator.free(try allocator.take(30 * mib))
    allocator.free(try allocator.take(1))
    #expect(allocator.reserved.bytes == 52 * mib)
    allocator.emptyCache()
    #expect(allocator.reserved.bytes == 20 * mib)
    allocator.free(used)
    allocator.emptyCache()
    #expect(allocator.reserved == .zero)
    #expect(allocator.peakReserved.bytes == 52 * mib)
  }

  @Test func fullDevice() throws {
    var allocator = try CachingAllocator("", capacity: 100 * mib)
    let first = try allocator.take(60 * mib)
    allocator.free(try allocator.take(30 * mib))
    _ = try allocator.take(40 * mib)
    #expect(allocator.retries == 1)
    #expect(allocator.reserved.bytes == 100 * mib)
    #expect(throws: OutOfMemory(requested: ByteCount(512), reserved: .mebibytes(100), allocated: .mebibytes(100))) {
      try allocator.take(512)
    }
    allocator.free(first)
    #expect(try allocator.take(512).size.bytes == 512)
    #expect(throws: OutOfMemory.self) { try allocator.take(.max) }
  }

  @Test func maxSplitSize() throws {
    var allocator = try CachingAllocator("max_split_size_mb:32", capacity: 100 * mib)
    let big = try allocator.take(64 * mib)
    allocator.free(big)
    _ = try allocator.take(30 * mib)
    #expect(allocator.reserved.bytes == 94 * mib, "a block over the limit does not serve a request under it")
    #expect(try allocator.take(46 * mib).size.bytes == 64 * mib, "but one that nearly fills it")
    allocator.free(big)
    _ = try allocator.take(44 * mib)
    #expect(allocator.reserved.bytes == 74 * mib, "20 MiB more is too much, and a full device takes it back")
    #expect(allocator.retries == 0, "without emptying the cache")
  }

  @Test func garbageCollection() throws {
    let options = "garbage_collection_threshold:0.5,per_process_memory_fraction:1.0"
    var allocator = try CachingAllocator(options, capacity: 100 * mib)
    let blocks = try [30, 20, 10].map { try allocator.take($0 * mib) }
    allocator.free(blocks[1])
    allocator.free(blocks[0])
    for _ in 0..<4 { allocator.free(try allocator.take(30 * mib)) }
    _ = try allocator.take(32 * mib)
    #expect(allocator.reserved.bytes == 72 * mib, "the segment of 20 MiB is older than the average")
    #expect(allocator.retries == 0)
  }

  @Test func fractionOfTheDevice() throws {
    var allocator = try CachingAllocator("per_process_memory_fraction:0.5", capacity: 100 * mib)
    _ = try allocator.take(40 * mib)
    #expect(throws: OutOfMemory.self) { try allocator.take(12 * mib) }
    _ = try allocator.take(10 * mib)
  }

  /// Best fit among segments of 10 to 40 MiB, with as many live blocks as a large model has.
  @Test func accountsAddUp() throws {
    var allocator = CachingAllocator()
    var live: [CachingAllocator.Block] = []
    var state: UInt64 = 1
    for _ in 0..<20_000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let number = Int(state >> 33)
      if number % 5 < 2, !live.isEmpty {
        allocator.free(live.remove(at: number / 5 % live.count))
      } else {
        live.append(try allocator.take(1 << (number / 5 % 25)))
      }
    }
    #expect(allocator.allocated == live.reduce(.zero) { $0 + $1.size })
    let free = allocator.freeSizes(small: true).reduce(0, +) + allocator.freeSizes(small: false).reduce(0, +)
    #expect(allocator.reserved.bytes == allocator.allocated.bytes + free)
    let ordered = live.sorted { $0.address < $1.address }
    for (left, right) in zip(ordered, ordered.dropFirst()) { #expect(left.address + left.size.bytes <= right.address) }
    for block in live { allocator.free(block) }
    allocator.emptyCache()
    #expect(allocator.reserved == .zero)
    #expect(allocator.pieces.count == allocator.vacant.count)
  }
}

@Suite struct AllocatorExpandableTests {
  @Test func reservedGrowsByPages() throws {
    var allocator = try CachingAllocator("expandable_segments:True")
    let first = try allocator.take(10 * mib)
    #expect(allocator.reserved.bytes == 20 * mib)
    let second = try allocator.take(25 * mib)
    #expect(second.address - first.address == 10 * mib)
    #expect(allocator.reserved.bytes == 40 * mib)
    _ = try allocator.take(1)
    #expect(allocator.reserved.bytes == 42 * mib, "a page of the small pool")
    #expect(allocator.freeSizes(small: false) == [5 * mib])
  }

  @Test func aFreedBlockGrows() throws {
    var allocator = try CachingAllocator("expandable_segments:True")
    let first = try allocator.take(20 * mib)
    let second = try allocator.take(20 * mib)
    allocator.free(second)
    #expect(try allocator.take(50 * mib).address == second.address)
    #expect(allocator.reserved.bytes == 80 * mib)
    allocator.free(first)
    #expect(try allocator.take(20 * mib - 512).size.bytes == 20 * mib - 512, "large blocks split from 512 bytes on")
    #expect(allocator.freeSizes(small: false) == [512, 10 * mib])
  }

  /// A block at the end of the mapped part counts with what it can grow to, so a larger hole is the better fit.
  @Test func holesBeforeTheGrowingEnd() throws {
    var allocator = try CachingAllocator("expandable_segments:True")
    let hole = try allocator.take(18 * mib)
    _ = try allocator.take(12 * mib)
    allocator.free(hole)
    #expect(allocator.freeSizes(small: false) == [10 * mib, 18 * mib])
    #expect(try allocator.take(8 * mib).address == hole.address)
  }

  @Test func emptyCacheGivesWholePagesBack() throws {
    var allocator = try CachingAllocator("expandable_segments:True")
    let first = try allocator.take(10 * mib)
    let middle = try allocator.take(60 * mib)
    let last = try allocator.take(10 * mib)
    #expect(allocator.reserved.bytes == 80 * mib)
    allocator.free(middle)
    allocator.emptyCache()
    #expect(allocator.reserved.bytes == 40 * mib, "the pages that the neighbours touch stay")
    #expect(allocator.freeSizes(small: false) == [10 * mib, 10 * mib])
    #expect(try allocator.take(60 * mib).address == middle.address)
    #expect(allocator.reserved.bytes == 80 * mib)
    for block in [first, middle, last] { allocator.free(block) }
    allocator.emptyCache()
    #expect(allocator.reserved == .zero)
    #expect(allocator.pieces.count == allocator.vacant.count)
  }

  @Test func fullDevice() throws {
    var allocator = try CachingAllocator("expandable_segments:True", capacity: 100 * mib)
    let first = try allocator.take(60 * mib)
    _ = try allocator.take(20 * mib)
    allocator.free(first)
    _ = try allocator.take(80 * mib)
    #expect(allocator.retries == 1)
    #expect(allocator.reserved.bytes == 100 * mib)
    #expect(throws: OutOfMemory.self) { try allocator.take(mib) }
  }
}
