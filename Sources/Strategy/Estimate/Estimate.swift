public import TrainingStep
public import Units

/// What a training run takes on one GPU, from the second step of a simulated run.
public struct Estimate: Sendable {
  /// The most that is allocated at once, as `torch.cuda.max_memory_allocated` reports it.
  public var peak: ByteCount
  /// The most that the caching allocator holds, as `torch.cuda.max_memory_reserved` reports it.
  public var reserved: ByteCount
  /// The process on its GPU, where one was named.
  public var device: DeviceFit?
  /// The phase in which it is reached.
  public var phase: Phase
  /// The most that is allocated at once in each phase.
  public var phases: [Phase: ByteCount]
  /// What is alive at the peak.
  public var atPeak: [Category: ByteCount]
  /// Allocated between steps.
  public var resident: ByteCount
  /// What is offloaded, with its buffers.
  public var outside: OutsideMemory
  /// What stood in for the forward pass of a known family, in words; nil where nothing had to.
  public var standIn: String?
  public var assumptions: [Assumption]

  /// How far the allocated peak may be off.
  public var uncertainty: Uncertainty

  /// Whether the forward pass of a known family was run.
  public var isRecognised: Bool { standIn == nil }

  /// The band in which the allocated peak is expected.
  public var range: ClosedRange<ByteCount> {
    let (low, high) = (1 - uncertainty.share, 1 + uncertainty.share)
    return ByteCount(Int(Double(peak.bytes) * low))...ByteCount(Int(Double(peak.bytes) * high))
  }
}

/// Something that the estimate takes for granted and that a flag, or a look into the checkpoint, can replace.
public struct Assumption: Hashable, Sendable {
  public var what: String
  public var value: String
  public var source: String

  public init(what: String, value: String, source: String) {
    self.what = what
    self.value = value
    self.source = source
  }
}
