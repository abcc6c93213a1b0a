/// How tokens reach the experts of a sparse layer, as far as memory depends on it.
public enum ExpertRouting: Sendable {
  /// One row for each token and each expert picked for it, sorted by expert.
  case grouped
  /// Every token passes every expert, weighted by its score (Llama 4).
  case everyExpert
}

extension ModelDescription {
  /// How tokens reach experts; nil where no layer has a router that runs.
  public var expertRouting: ExpertRouting? {
    guard layers.contains(where: { $0.modules[.router] != nil }),
      case .transformer(let choices)? = Family.row(family)?.forward, let experts = choices.experts
    else { return nil }
    if case .sigmoidOfAll = experts.routing { return .everyExpert }
    return .grouped
  }
}
