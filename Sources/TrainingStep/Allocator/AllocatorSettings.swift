public import Units

/// The options of the CUDA caching allocator, torch's defaults unless said otherwise
/// (torch 2.11, c10/core/AllocatorConfig.h and c10/cuda/CUDAAllocatorConfig.h).
public struct AllocatorSettings: Hashable, Sendable {
  /// Cached blocks of this size or more are never split; nil splits every block (`max_split_size_mb`).
  public var maxSplitSize: ByteCount?
  /// How much larger than the request an unsplit cached block may be (`max_non_split_rounding_mb`).
  public var maxNonSplitRounding = ByteCount.mebibytes(20)
  /// The segment that requests under 10 MiB share, and the page of a large expandable segment
  /// (`large_segment_size_mb`).
  public var largeSegmentSize = ByteCount.mebibytes(20)
  /// In how many steps the sizes between two powers of two are rounded up: one number for each power from 1 MiB to
  /// 32 GiB, 0 or 1 for none. Smaller and larger requests take the first and the last.
  public var roundupPower2Divisions = [Int](repeating: 0, count: intervals)
  /// The share of the allowed memory above which old cached segments go back to the device. As in torch it does
  /// nothing unless ``perProcessMemoryFraction`` is set, too.
  public var garbageCollectionThreshold: Double?
  /// The share of the device's memory that the process may reserve (`per_process_memory_fraction`).
  public var perProcessMemoryFraction: Double?
  public var expandableSegments = false

  public init() {}

  /// How many powers of two have divisions of their own (`kRoundUpPowerOfTwoIntervals`).
  static let intervals = 16
}

/// The allocator's constants, in bytes (c10/core/AllocatorConfig.h).
enum AllocatorConstant {
  /// `kMinBlockSize`: sizes are multiples of it.
  static let block = Timeline.blockSize
  /// `kSmallSize`: the largest request of the small pool.
  static let smallRequest = 1 << 20
  /// `kSmallBuffer`: a segment of the small pool.
  static let smallSegment = 2 << 20
  /// `kMinLargeAlloc`: from here on a request has a segment of its own.
  static let ownSegment = 10 << 20
  /// `kRoundLarge`: the granularity of such segments.
  static let largeGranularity = 2 << 20
}

extension AllocatorSettings {
  /// The size of the block that serves a request (`round_size`).
  func rounded(_ bytes: Int) -> Int {
    guard bytes >= AllocatorConstant.block else { return AllocatorConstant.block }
    let divisions = divisions(of: bytes)
    guard divisions > 1, bytes > AllocatorConstant.block * divisions, bytes.nonzeroBitCount > 1 else {
      return ByteCount(bytes).roundedUp(to: AllocatorConstant.block).bytes
    }
    let floor = 1 << (Int.bitWidth - 1 - bytes.leadingZeroBitCount)
    return ByteCount(bytes).roundedUp(to: floor / divisions).bytes
  }

  private func divisions(of bytes: Int) -> Int {
    guard !roundupPower2Divisions.isEmpty else { return 0 }
    let exponent = Int.bitWidth - 1 - bytes.leadingZeroBitCount
    return roundupPower2Divisions[min(max(exponent - 20, 0), roundupPower2Divisions.count - 1)]
  }

  /// The segment that a rounded request asks of the device when no cached block fits (`get_allocation_size`).
  func segmentSize(for size: Int) -> Int {
    if size <= AllocatorConstant.smallRequest { return AllocatorConstant.smallSegment }
    if size < AllocatorConstant.ownSegment { return max(largeSegmentSize.bytes, size) }
    return ByteCount(size).roundedUp(to: AllocatorConstant.largeGranularity).bytes
  }
}
