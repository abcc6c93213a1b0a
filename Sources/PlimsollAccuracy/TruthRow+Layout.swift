internal import Checkpoint
internal import Strategy

extension TruthRow {
  /// How a run was spread over GPUs.
