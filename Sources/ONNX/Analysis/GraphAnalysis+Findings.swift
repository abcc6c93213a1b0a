public import Checkpoint

extension GraphAnalysis {
  /// What following the graph brought to light, the gravest first.
  public func findings(in model: Model) -> [Finding] {
    let file = splitPath(model.path).name
    let broken = defects.map { cause in
      Finding(
        .error, rule: Finding.ModelRule.graphRuleBroken.rawValue, file: file, tensor: cause.node, message: cause.message,
        help: "The model breaks a rule of this operator: export it again.")
    }
    var operators: [String: Int] = [:]
    for cause in unsupported { operators[cause.message, default: 0] += 1 }
    return broken
      + operators.sorted { $0.key < $1.key }.map { message, count in
        Finding(
          .warning, rule: Finding.ModelRule.operatorUnknown.rawValue, file: file,
          message: count == 1 ? message : "\(message) (\(count) times)",
          help: "Shapes behind it come from the file's own declarations, where it has them.")
      }
  }
}
