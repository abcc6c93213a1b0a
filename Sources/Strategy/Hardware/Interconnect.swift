public import Units

/// What joins GPUs, as `--interconnect` names it.
public struct Interconnect: Equatable, Sendable {
  public enum Kind: String, CaseIterable, Sendable {
    case nvlink, pcie, infiniband, roce, slingshot, ethernet

    /// Whether it joins nodes rather than the GPUs of one.
    public var isNetwork: Bool {
      switch self {
      case .nvlink, .pcie: false
      case .infiniband, .roce, .slingshot, .ethernet: true
      }
    }

    /// The rate taken where none is given, in gigabits a second: HDR InfiniBand, Slingshot 11, RoCE and Ethernet as they
    /// are commonly installed.
    fileprivate var assumedGigabitsPerSecond: Double {
      switch self {
      case .nvlink, .pcie: 0
      case .infiniband, .slingshot: 200
      case .roce: 100
      case .ethernet: 10
      }
    }
  }

  public var kind: Kind
  /// How many adapters a node of so many GPUs has: fabrics for training have one for each, Slingshot one for each module of
  /// two dies (Frontier: four of 200 Gbit/s a node), a plain Ethernet node one in all.
  func adapters(ofNode gpus: Int) -> Int {
    switch kind {
    case .ethernet: 1
    case .slingshot: max(1, min(gpus, 8) / 2)
    case .nvlink, .pcie, .infiniband, .roce: min(gpus, 8)
    }
  }

  /// Gigabits a second of one adapter, one way; nil inside a node, where the GPU's row has the rate.
  public var gigabitsPerSecond: Sourced<Double>?

  public init(kind: Kind, gigabitsPerSecond: Sourced<Double>? = nil) {
    self.kind = kind
    self.gigabitsPerSecond = gigabitsPerSecond
  }

  /// Reads `nvlink`, `pcie`, `infiniband:400`, `roce:100`, `ethernet:25`. The rate is in gigabits a second.
  public init(parsing text: String) throws(HardwareError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let kind = parts.first.flatMap({ Kind(rawValue: $0.lowercased()) }) else {
      throw HardwareError(
        .unknownInterconnect, message: "no interconnect is called '\(text)'",
        suggestions: Kind.allCases.map { $0.isNetwork ? "\($0.rawValue):RATE" : $0.rawValue })
    }
    self.kind = kind
    guard parts.count == 2 else {
      gigabitsPerSecond =
        kind.isNetwork
        ? Sourced(kind.assumedGigabitsPerSecond, .assumed, source: "a common \(kind.rawValue) rate; none was given")
        : nil
      return
    }
    guard kind.isNetwork else {
      throw HardwareError(
        .malformedRate, message: "\(kind.rawValue) takes no rate: the GPU's row has it", suggestions: [kind.rawValue])
    }
    let digits = parts[1]
    guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }), let rate = Double(digits),
      rate > 0, rate <= 1_000_000
    else {
      throw HardwareError(
        .malformedRate, message: "'\(digits)' is not a rate in Gbit/s", suggestions: ["\(kind.rawValue):400"])
    }
    gigabitsPerSecond = Sourced(rate, .exact, source: "--interconnect")
  }

  /// Bytes a second, one way, that one GPU gets; nil where it has no such link.
  ///
  /// A network's rate is that of one adapter: how many GPUs share it is the cluster's business.
  public func bytesPerSecondPerDirection(of gpu: GPU) -> Double? {
    switch kind {
    case .nvlink: gpu.peerLink?.bytesPerSecondPerDirection
    case .pcie: gpu.pcieBytesPerSecondPerDirection
    case .infiniband, .roce, .slingshot, .ethernet: gigabitsPerSecond.map { $0.value * 1e9 / 8 }
    }
  }
}
