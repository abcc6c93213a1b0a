public import Units

/// Every allocation of a simulated run, with its birth and death.
///
/// A block counts its size rounded up to 512 bytes, as the CUDA caching allocator does (`kMinBlockSize`).
public struct Timeline: Sendable {
  public struct Allocation: Sendable {
    /// Rounded to the allocator's blocks.
    public var bytes: ByteCount
    /// The operator that asked for it.
    public var cause: String
    /// The module in which it ran.
    public var module: String
    public var step: Int
    public var phase: Phase
    public var category: Category?
    /// The operator whose backward pass autograd keeps it for, or `checkpoint`.
    public var keptFor: String?
    /// The places of its two events in the run's order; nil while it lives on.
    public var birth: Int
    public var death: Int?
  }

  /// The most that was alive at once in one phase of one step.
  public struct Peak: Sendable {
    public var bytes: ByteCount
    /// The event after which it was reached.
    public var event: Int
  }

  public internal(set) var allocations: [Allocation] = []
  public internal(set) var peaks: [Int: [Phase: Peak]] = [:]
  /// Allocated when a step has ended and its gradients are gone.
  public internal(set) var resident: [Int: ByteCount] = [:]
  /// What the run holds outside of the GPU.
  public internal(set) var outside = OutsideMemory()
  /// For each step, the events at which its forward passes ended, one for each micro-step.
  var forwardEnds: [Int: [Int]] = [:]

  public static let blockSize = 512

  /// What was alive right after an event.
  public func live(at event: Int) -> [Allocation] {
    allocations.filter { $0.birth <= event && ($0.death.map { $0 > event } ?? true) }
  }

  /// The category of an allocation: what it was declared to be, else an activation where the forward pass made it
  /// and it was still alive when that ended, else a temporary.
  public func category(of allocation: Allocation) -> Category {
    if let category = allocation.category { return category }
    guard allocation.phase == .forward, let end = forwardEnds[allocation.step]?.first(where: { $0 >= allocation.birth })
    else { return .temporaries }
    return allocation.death.map { $0 > end } ?? true ? .activations : .temporaries
  }

  /// What was alive right after an event, summed by category.
  public func breakdown(at event: Int) -> [Category: ByteCount] {
    live(at: event).reduce(into: [:]) { $0[category(of: $1), default: .zero] += $1.bytes }
  }

  /// The phase of a step with the highest peak.
  public func peak(ofStep step: Int) -> (phase: Phase, peak: Peak)? {
    [Phase.forward, .backward, .optimizer]
      .compactMap { phase in peaks[step]?[phase].map { (phase, $0) } }
      .reduce(nil) { best, next in best.map { $0.1.bytes < next.1.bytes } ?? true ? next : best }
  }
}
