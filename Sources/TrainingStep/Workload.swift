public import Graph

/// What is trained and how, apart from the model and the hardware.
public struct Workload: Hashable, Sendable {
  public var forward: ForwardSettings
  public var optimizer: Optimizer
  public var checkpointing: Checkpointing
  /// Micro-steps per optimizer step.
  public var accumulation: Int
  /// Whether the norm of all gradients is taken before each update, and they are scaled by it.
  public var clipsGradients: Bool
  /// Read by ``Optimizer/galoreAdamW`` alone.
  public var projection: GradientProjection

  public init(
    forward: ForwardSettings, optimizer: Optimizer = .adamW, checkpointing: Checkpointing = .none,
    accumulation: Int = 1, clipsGradients: Bool = false, projection: GradientProjection = GradientProjection()
  ) {
    self.forward = forward
    self.optimizer = optimizer
    self.checkpointing = checkpointing
    self.accumulation = accumulation
    self.clipsGradients = clipsGradients
    self.projection = projection
  }
}

/// Activation checkpointing of each layer, as `torch.utils.checkpoint` does it.
public enum Checkpointing: String, CaseIterable, Sendable {
  case none
  case nonReentrant = "non-reentrant"
  case reentrant
}
