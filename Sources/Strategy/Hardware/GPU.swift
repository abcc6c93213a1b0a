public import Units

/// One GPU as a process sees it. A row of ``GPU/all``; rates are the datasheet's, dense (no sparsity).
public struct GPU: Hashable, Sendable {
  /// Peak dense matrix rates, in floating-point operations a second.
  public struct Rates: Hashable, Sendable {
    /// fp32 without TF32, which is what torch uses unless it is told otherwise.
    public var fp32: Double
    /// nil where the hardware has no TF32.
    public var tf32: Double?
    /// fp16 inputs, fp32 accumulation.
    public var fp16: Double
    /// bf16 inputs, fp32 accumulation; nil where the hardware has none and torch emulates it.
    public var bf16: Double?

    public init(fp32: Double, tf32: Double?, fp16: Double, bf16: Double?) {
      self.fp32 = fp32
      self.tf32 = tf32
      self.fp16 = fp16
      self.bf16 = bf16
    }
  }

  /// The links from GPU to GPU that do not pass the host: NVLink, or AMD's Infinity Fabric.
  public struct PeerLink: Hashable, Sendable {
    public var name: String
    /// All links of one GPU together, one way, in bytes a second.
    public var bytesPerSecondPerDirection: Double
    public var topology: Topology

    /// Both ways together, as datasheets advertise it.
    public var bytesPerSecondBothWays: Double { bytesPerSecondPerDirection * 2 }

    /// How the links of a node's GPUs lie.
    public enum Topology: Hashable, Sendable {
      /// Any GPU has all of its links to any other.
      case switched
      /// A bridge that joins two cards only.
      case pair
      /// Links that each join it to one of so many others: fewer ranks have fewer of them.
      case mesh(others: Int)
      /// Two dies of a module have all; modules have so many bytes a second between them, one way.
      case modules(between: Double)
    }

    /// Whether it is a bridge that joins two cards only.
    public var isPairBridge: Bool { topology == .pair }

    /// Bytes a second, one way, that a ring among so many neighbours passes through each; nil where there is no such ring.
    func rate(among ranks: Int) -> Double? {
      switch topology {
      case .switched: bytesPerSecondPerDirection
      case .pair: ranks <= 2 ? bytesPerSecondPerDirection : nil
      case .mesh(let others): bytesPerSecondPerDirection * min(1, Double(ranks - 1) / Double(others))
      case .modules(let between): ranks <= 2 ? bytesPerSecondPerDirection : between
      }
    }

    public init(name: String, bytesPerSecondPerDirection: Double, topology: Topology = .switched) {
      self.name = name
      self.bytesPerSecondPerDirection = bytesPerSecondPerDirection
      self.topology = topology
    }
  }

  /// What the command line calls it: `a100-80gb`.
  public var id: String
  /// What the vendor and the driver call it.
  public var productName: String
  public var architecture: GPUArchitecture
  /// Streaming multiprocessors, or compute units, that blocks of a kernel are spread over.
  public var multiprocessors: Int
  /// Total memory as the driver's monitor (`nvidia-smi`, `rocm-smi`) reports it.
  public var memory: ByteCount
  /// What the runtime hands out: the total capacity in torch's out-of-memory message. The rest is the driver's own.
  public var usableMemory: ByteCount
  /// Bytes a second.
  public var memoryBandwidth: Double
  public var rates: Rates
  /// nil where cards speak over PCIe only.
  public var peerLink: PeerLink?
  /// Generation of its 16 lanes.
  public var pcieGeneration: Int
  /// Bytes a second to its host, one way, where that is not PCIe.
  public var hostLink: Double?
  /// Where the rates and bandwidths come from.
  public var source: String
  /// Where the two memory figures come from.
  public var memorySource: String

  public init(
    id: String, productName: String, architecture: GPUArchitecture, multiprocessors: Int, memory: ByteCount,
    usableMemory: ByteCount, memoryBandwidth: Double, rates: Rates, peerLink: PeerLink?, pcieGeneration: Int,
    hostLink: Double? = nil, source: String, memorySource: String
  ) {
    self.id = id
    self.productName = productName
    self.architecture = architecture
    self.multiprocessors = multiprocessors
    self.memory = memory
    self.usableMemory = usableMemory
    self.memoryBandwidth = memoryBandwidth
    self.rates = rates
    self.peerLink = peerLink
    self.pcieGeneration = pcieGeneration
    self.hostLink = hostLink
    self.source = source
    self.memorySource = memorySource
  }

  /// Bytes a second to its host, one way.
  var hostBytesPerSecondPerDirection: Double { hostLink ?? pcieBytesPerSecondPerDirection }

  /// PCIe with 16 lanes, one way, in bytes a second (PCI Express Base Specification: 8, 16 and 32 GT/s a lane with
  /// 128b/130b coding for generations 3, 4 and 5).
  public var pcieBytesPerSecondPerDirection: Double {
    var gigatransfers = 8.0
    for _ in 3..<max(3, pcieGeneration) { gigatransfers *= 2 }
    return gigatransfers * 1e9 * 16 / 8 * 128 / 130
  }
}
