/// What a plan ranks by. The raw value is what `--objective` calls it.
public enum PlanObjective: String, CaseIterable, Sendable {
  /// The most tokens (or samples) a second.
  case throughput
  /// The least memory a GPU, at a batch of one.
  case memory
  /// The most samples a step.
  case batch
  /// The fewest GPUs that do it; among those, the most tokens a second.
  case gpus
}
