/// The parts of a training step, in order.
public enum Phase: String, CaseIterable, Sendable {
  /// The model's parameters and buffers come into being, before the first step.
  case load
  case input, forward, backward, optimizer
}
