public import Checkpoint
internal import Units

extension ModelDescription {
  /// What a checkpoint and the ONNX graph beside it do not agree on, as sizes and types.
  ///
  /// - Parameter file: the graph's, for findings.
  public func differences(from graph: ModelDescription, file: String) -> [Finding] {
    let sizes: [(String, Int?, Int?)] = [
      ("layers", layers.isEmpty ? nil : layers.count, graph.layers.isEmpty ? nil : graph.layers.count),
      ("hidden size", hiddenSize?.value, graph.hiddenSize?.value),
      ("vocabulary", vocabularySize?.value, graph.vocabularySize?.value),
    ]
    var findings: [Finding] = []
    for (what, own, other) in sizes {
      guard let own, let other, own != other else { continue }
      findings.append(
        Finding(
          .warning, .graphSizesDiffer, file: file, "the \(what) of the graph: \(other), of the checkpoint: \(own)"))
    }
    return findings
  }
}
