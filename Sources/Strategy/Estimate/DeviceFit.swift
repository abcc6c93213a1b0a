public import Units

/// A process on one GPU, as the driver sees it: what the run takes there, and what there is.
public struct DeviceFit: Sendable {
  /// The GPU's name, or the memory that was given.
  public var name: String
  /// What the driver's monitor would show for the process at its peak.
  public var used: ByteCount
  /// What there is.
  public var limit: ByteCount
  public var assumptions: [Assumption]

  public var fits: Bool { used <= limit }

  /// - Parameter ranks: GPUs that take part, for the buffers of collectives.
  public init(_ estimate: Estimate, gpu: GPU?, memory: ByteCount?, ranks: Int) {
    let held = estimate.reserved ?? estimate.peak
    let architecture = gpu?.architecture
    let context = architecture.map { DeviceConstant.cudaContext($0, loadsKernelsLazily: true) }
    let collectives = ranks > 1 ? DeviceConstant.collectiveBuffers(ranks: ranks) : nil
    var assumptions: [Assumption] = []
    for (what, constant) in [("driver context", context), ("collectives' buffers", collectives)] {
      guard let constant else { continue }
      assumptions.append(
        Assumption(what: what, value: "\(constant.value.bytes >> 20) MiB", source: constant.source))
    }
    name = gpu?.id ?? "the given memory"
    used = held + (context?.value ?? .zero) + (collectives?.value ?? .zero)
    limit = memory ?? gpu?.memory ?? .zero
    self.assumptions = assumptions
  }
}

extension Estimate {
  /// The same with the libraries' workspaces, which the hardware decides: cuBLAS keeps one for the thread that runs the
  /// forward pass and one for autograd's, in the allocator's memory, from the first product on.
  public func withWorkspaces(of gpu: GPU) -> Estimate {
    let workspace = DeviceConstant.blasWorkspace(gpu.architecture)
    let bytes = workspace.value * 2
    var result = self
    result.peak += bytes
    result.reserved = reserved.map { $0 + bytes.roundedUp(to: 2 << 20) }
    result.phases = phases.mapValues { $0 + bytes }
    result.atPeak[.workspaces, default: .zero] += bytes
    result.resident += bytes
    result.assumptions.append(
      Assumption(
        what: "cuBLAS workspaces", value: "2 x \(workspace.value.bytes >> 10) KiB", source: workspace.source))
    return result
  }
}
