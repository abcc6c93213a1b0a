public import Units

/// The CUDA caching allocator of torch 2.11, by its own rules (c10/cuda/CUDACachingAllocator.cpp).
///
/// It asks the device for segments, cuts blocks off them, merges free neighbours again, and keeps what is free for
/// later requests. Given the right sizes in the right order, ``reserved`` is what `torch.cuda.memory_reserved` says.
/// Not imitated: private pools of CUDA graphs, and blocks used on several streams (`record_stream`), whose return
/// depends on the clock.
public struct CachingAllocator: Sendable {
  /// A block in use.
  public struct Block: Hashable, Sendable {
    public var address: Int
    public var size: ByteCount
    /// The place in the allocator's table.
    var index: Int
  }

  /// A piece of a segment, free or in use, with its neighbours; `none` at either end.
  struct Piece: Sendable {
    var address: Int
    var size: Int
    var pool: Int
    var previous = none
    var next = none
    var isAllocated = false
    /// Whether it is backed by memory; false only inside an expandable segment.
    var isMapped = true
    /// The expandable segment it belongs to, or `none`.
    var expandable = none
    /// The pool's count of searches when it became free.
    var freedAt = 0

    var isWhole: Bool { previous == none && next == none }
  }

  /// The blocks of one stream and size class.
  struct Pool: Sendable {
    var stream: Int
    var isSmall: Bool
    var free = FreeBlocks()
    /// Pieces of address space without memory, by address.
    var unmapped: [Int] = []
  }

  /// Address space that is mapped page by page.
  struct Expandable: Sendable {
    var base: Int
    var page: Int
  }

  static let none = -1

  public let settings: AllocatorSettings
  /// The bytes that the device can give in all.
  let capacity: Int
  /// The bytes that the process may take, when a fraction is set.
  let allowed: Int?
  /// The address space of one expandable segment: nine eighths of the device's memory.
  let expandableSpace: Int

  var pieces: [Piece] = []
  var vacant: [Int] = []
  var pools: [Pool] = []
  var expandables: [Expandable] = []
  /// Searches of all streams' small and large pools; the garbage collector's clock.
  var searches = (small: 0, large: 0)
  var nextAddress = 1 << 46
  /// The address of the next segment, when a recorded run prescribes it.
  var prescribedAddress: Int?

  /// In blocks that tensors use (`torch.cuda.memory_allocated`).
  public internal(set) var allocated = ByteCount.zero
  /// Taken from the device (`torch.cuda.memory_reserved`).
  public internal(set) var reserved = ByteCount.zero
  public internal(set) var peakAllocated = ByteCount.zero
  public internal(set) var peakReserved = ByteCount.zero
  /// How often every cached block was given back because the device was full (`num_alloc_retries`).
  public internal(set) var retries = 0

  /// - Parameters:
  ///   - capacity: the bytes that segments can take on the device, after its context and what else lies there; nil
  ///     for a device without end.
  ///   - deviceMemory: the device's total, of which ``AllocatorSettings/perProcessMemoryFraction`` is a part;
  ///     `capacity` unless given.
  public init(
    settings: AllocatorSettings = AllocatorSettings(), capacity: ByteCount? = nil, deviceMemory: ByteCount? = nil
  ) {
    self.settings = settings
    self.capacity = min(capacity?.bytes ?? Self.endless, Self.endless)
    let total = deviceMemory?.bytes ?? self.capacity
    allowed = settings.perProcessMemoryFraction.map { Int(Double(total) * $0) }
    expandableSpace = total < 1 << 40 ? total + total / 8 : 1 << 41
  }

  /// More than any device has, and far from overflow.
  private static let endless = 1 << 50

  /// A block of at least this many bytes, as `malloc` finds it: the smallest free block that is large enough, else a
  /// new segment. A full device makes it give back cached segments first.
  public mutating func allocate(_ bytes: ByteCount, stream: Int = 0) throws(OutOfMemory) -> Block {
    guard bytes.bytes <= Self.endless else { throw outOfMemory(bytes) }
    let size = settings.rounded(bytes.bytes)
    let pool = pool(stream: stream, isSmall: size <= AllocatorConstant.smallRequest)
    var found = takeFree(size, from: pool)
    if found == nil {
      collectGarbage()
      found = takeNew(size, in: pool)
      if found == nil, releaseOversize(size, of: pool) { found = takeNew(size, in: pool) }
      if found == nil {
        retries += 1
        emptyCache()
        found = takeNew(size, in: pool)
      }
    }
    guard let piece = found else { throw outOfMemory(bytes) }
    if shouldSplit(piece, for: size) { split(piece, at: size) }
    pieces[piece].isAllocated = true
    allocated += ByteCount(pieces[piece].size)
    peakAllocated = max(peakAllocated, allocated)
    return Block(address: pieces[piece].address, size: ByteCount(pieces[piece].size), index: piece)
  }

  /// Gives a block back to its pool, merged with its free neighbours. False when it is not in use.
  @discardableResult
  public mutating func free(_ block: Block) -> Bool {
    guard pieces.indices.contains(block.index), pieces[block.index].isAllocated,
      pieces[block.index].address == block.address
    else { return false }
    pieces[block.index].isAllocated = false
    allocated -= ByteCount(pieces[block.index].size)
    mergeNeighbours(of: block.index)
    insertFree(block.index)
    return true
  }

  private func outOfMemory(_ bytes: ByteCount) -> OutOfMemory {
    OutOfMemory(requested: bytes, reserved: reserved, allocated: allocated)
  }
}
