public import Units

extension Timeline {
  /// What the caching allocator takes from the device for a run.
  public struct Reservation: Hashable, Sendable {
    /// The most that was reserved at once (`torch.cuda.max_memory_reserved`).
    public var peak: ByteCount
    /// The same within each step, as after `reset_peak_memory_stats` at its start; step 0 is the load.
    public var peaks: [Int: ByteCount]
    /// Reserved when the run has ended.
    public var final: ByteCount
    /// How often a full device made the allocator give its cached blocks back.
    public var retries: Int
  }

  /// Plays the run's allocations and frees through the CUDA caching allocator, on one stream, in their order.
  ///
  /// - Parameters:
  ///   - capacity: the bytes that the device has for segments; nil for no end.
  ///   - deviceMemory: the device's total, for the options that are a share of it; `capacity` unless given.
  /// - Throws: ``OutOfMemory`` at the first allocation that does not fit.
  public func reservation(
    settings: AllocatorSettings = AllocatorSettings(), capacity: ByteCount? = nil, deviceMemory: ByteCount? = nil
  ) throws(OutOfMemory) -> Reservation {
    var allocator = CachingAllocator(settings: settings, capacity: capacity, deviceMemory: deviceMemory)
    let blank = CachingAllocator.Block(address: 0, size: .zero, index: CachingAllocator.none)
    var blocks = [CachingAllocator.Block](repeating: blank, count: allocations.count)
    var peaks: [Int: ByteCount] = [:]
    var step = Int.min
    var stepPeak = ByteCount.zero
    for event in events {
      let index = event.allocation
      guard event.isBirth else {
        allocator.free(blocks[index])
        continue
      }
      if allocations[index].step != step {
        if step != .min { peaks[step] = stepPeak }
        step = allocations[index].step
        stepPeak = max(peaks[step] ?? .zero, allocator.reserved)
      }
      // An empty tensor has no block.
      let bytes = allocations[index].bytes
      if bytes > .zero { blocks[index] = try allocator.allocate(bytes) }
      stepPeak = max(stepPeak, allocator.reserved)
    }
    if step != .min { peaks[step] = stepPeak }
    return Reservation(
      peak: allocator.peakReserved, peaks: peaks, final: allocator.reserved, retries: allocator.retries)
  }

  private struct Event {
    var allocation: Int
    var isBirth: Bool

    static let none = Event(allocation: -1, isBirth: false)
  }

  /// Every birth and death in the run's order. The clock gives each event a number of its own, so no sort is needed.
  private var events: [Event] {
    var last = 0
    for index in allocations.indices { last = max(last, allocations[index].birth, allocations[index].death ?? 0) }
    var byTime = [Event](repeating: .none, count: last + 1)
    for index in allocations.indices {
      byTime[allocations[index].birth] = Event(allocation: index, isBirth: true)
      if let death = allocations[index].death { byTime[death] = Event(allocation: index, isBirth: false) }
    }
    byTime.removeAll { $0.allocation < 0 }
    return byTime
  }
}
