internal import TrainingStep
public import Units

/// A process on one GPU, as the driver sees it: what the run takes there, and what there is.
public struct DeviceFit: Sendable {
  /// The GPU's name, or a word for the memory that was given.
  public var name: String
  /// What the driver's monitor would show for the process at its peak.
  public var used: ByteCount
  /// The same with the smallest and the largest figures that were read for what the driver and the libraries take.
  public var range: ClosedRange<ByteCount>
  /// What of that lies outside of the allocator.
  var outside: ByteCount
  /// What there is.
  public var limit: ByteCount
  /// Whether it fits only because the allocator gives cached blocks back when the device is full.
  public var isTight: Bool

  public var fits: Bool { used <= limit }

  /// - Parameter reserved: what the allocator takes where nothing stops it.
  init(_ timeline: Timeline, reserved: ByteCount, device: Device) {
    name = device.gpu?.id ?? "the given memory"
    limit = device.memory
    let sizes = device.outside.map(\.size)
    outside = sizes.reduce(ByteCount.zero) { $0 + $1.value }
    used = reserved + outside
    range =
      sizes.reduce(reserved) { $0 + $1.low }...sizes.reduce(reserved) { $0 + $1.high }
    isTight = false
    guard used > limit, limit > outside, (try? timeline.reservation(capacity: limit - outside)) != nil else { return }
    used = limit
    isTight = true
  }
}
