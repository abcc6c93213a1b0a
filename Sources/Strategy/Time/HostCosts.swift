public import TrainingStep

/// What the process on the host needs to launch work: eager mode waits for it where kernels are short.
///
/// Orders of magnitude by layer of the dispatcher are published (5 to 25 microseconds for an operator that Python calls;
/// about a third for a view, which launches nothing; less in autograd's own thread, which runs no Python). A decoder
/// layer of transformers has about 45 launches and 35 views forward, and a 32-layer model takes 25 to 30 ms a token in
/// eager generation, which is what these give.
public struct HostCosts: Hashable, Sendable {
  /// Seconds of an operator that Python calls and that launches a kernel.
  public var launch = 16e-6
  /// Of a call that launches none.
  public var view = 6e-6
  /// Of a kernel in the backward pass.
  public var backwardLaunch = 11e-6
  /// Of a sharded unit's hooks, for each gather or reduction: streams, events, views of the gathered parameters.
  public var unit = 350e-6
  /// Of a checkpointed stretch: state of random numbers, autocast, the second graph.
  public var checkpoint = 250e-6
  /// Of a step beyond its operators: the batch, the loss to the log, the schedule.
  public var step = 8e-3

  public init() {}

  public func forward(_ list: KernelList) -> Double {
    Double(list.launches) * launch + Double(max(0, list.calls - list.launches)) * view
  }

  public func backward(_ list: KernelList) -> Double {
    Double(max(list.launches, list.calls)) * backwardLaunch
  }
}
