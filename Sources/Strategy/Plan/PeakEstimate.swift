public import Units

/// The peak of one GPU, and what it is made of.
public struct PeakEstimate: Hashable, Sendable {
  public struct Term: Hashable, Sendable {
    public var name: String
    public var bytes: ByteCount

    public init(_ name: String, _ bytes: ByteCount) {
      self.name = name
      self.bytes = bytes
    }
  }

  /// What is held against the GPU's memory.
  public var peak: ByteCount
  /// Parts whose sum is the peak.
  public var terms: [Term]

  public init(peak: ByteCount, terms: [Term]) {
    self.peak = peak
    self.terms = terms
  }
}
