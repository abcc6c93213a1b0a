public import Checkpoint

extension GraphAnalysis {
  /// More steps than any model has.
  private static let mostSteps = 10_000_000

  /// What following the graph brought to light, the gravest first.
  public func findings(in model: Model) -> [Finding] {
    let file = splitPath(model.path).name
    let broken = defects.map { cause in
      Finding(
        .error, of: Finding.ModelRule.graphRuleBroken, file: file, tensor: cause.node, cause.message)
    }
    var operators: [String: Int] = [:]
    for cause in unsupported { operators[cause.message, default: 0] += 1 }
    let expansion =
      graph.expandedCount <= Self.mostSteps
      ? []
      : [
        Finding(
          .warning, of: Finding.ModelRule.graphExpansion, file: file,
          "\(graph.steps.count) nodes become \(graph.expandedCount) when every function call is written out",
          help: "Runtimes that inline functions will not load it.")
      ]
    return broken + expansion
      + operators.sorted { $0.key < $1.key }.map { message, count in
        Finding(
          .warning, of: Finding.ModelRule.operatorUnknown, file: file,
          count == 1 ? message : "\(message) (\(count) times)",
          help: "Shapes behind it come from the file's own declarations, where it has them.")
      }
  }
}
