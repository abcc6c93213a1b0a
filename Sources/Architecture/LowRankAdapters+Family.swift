public import Graph

extension LowRankAdapters.Targets {
  /// The modules that are targeted in a model of this `model_type` where nothing is said.
  public static func usual(of modelType: String) -> LowRankAdapters.Targets {
    .names(Family.named(modelType)?.adapterTargets ?? ["q_proj", "v_proj"])
  }
}
