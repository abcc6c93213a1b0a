public import Units

/// What a rank holds outside of its GPU.
public struct OutsideMemory: Hashable, Sendable {
  /// In host memory.
  public var host = ByteCount.zero
  /// On a drive.
  public var disk = ByteCount.zero

  /// What pinning takes: torch's allocator of pinned memory rounds up to a power of two
  /// (aten/src/ATen/core/CachingHostAllocator.h).
  static func pinned(_ bytes: ByteCount) -> ByteCount {
    guard bytes.bytes > 1 else { return bytes }
    return ByteCount(1 << (Int.bitWidth - (bytes.bytes - 1).leadingZeroBitCount))
  }

  /// Parameters that an optimizer of torch updates on the host: pinned, with pinned gradients for what trains, and its
  /// moments beside them.
  static func updated(_ parts: [(bytes: ByteCount, trains: Bool)], _ optimizer: Optimizer) -> OutsideMemory {
    var result = OutsideMemory()
    for part in parts {
      let room = pinned(part.bytes)
      result.host += room
      guard part.trains else { continue }
      result.host += room
      for _ in 0..<optimizer.moments { result.host += part.bytes }
    }
    return result
  }
}

extension Optimizer {
  /// How many numbers it keeps for each one that it updates, where it treats each by itself.
  fileprivate var moments: Int {
    switch self {
    case .adamW, .adamWFused, .adamWLoop, .adamW8bit, .pagedAdamW8bit, .galoreAdamW, .muon: 2
    case .sgdMomentum, .lion, .lion8bit, .adafactor: 1
    case .sgd: 0
    }
  }
}
