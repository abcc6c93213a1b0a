import Architecture

extension Estimator {
  /// Which routing is modelled, and what the worst one would add.
  ///
  /// Nothing that runs has a size that depends on which experts a token goes to: the pairs of a token and an expert are as
  /// many however they are spread, and the products by group write one tensor for all of them.
  var expertAssumptions: [Assumption] {
    guard let routing = description.expertRouting else { return [] }
    let source =
      switch routing {
      case .grouped:
        "experts_implementation=grouped_mm, transformers' own choice: as many rows as tokens times experts for each, so "
          + "all tokens at the same experts take what an even spread takes (the loop of \"eager\" is not simulated)"
      case .everyExpert: "every token passes every expert, weighted by its score, whichever the router picks"
      }
    return [Assumption(what: "routing of experts", value: "any; the worst adds 0 bytes to an even one", source: source)]
  }
}
