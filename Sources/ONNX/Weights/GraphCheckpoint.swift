public import Checkpoint
internal import Units

/// An ONNX model as a checkpoint: its weights under the names of the parameters that they are.
public struct GraphCheckpoint: Sendable {
  /// The weights as the file stores them.
  public var checkpoint: Checkpoint
  /// The same weights in the shapes that their modules give them, in the same order.
  public var modules: WeightSet
  public var weights: GraphWeights

  /// - Parameter path: the path that the user gave, where that is a folder.
  public init(_ model: Model, _ analysis: GraphAnalysis, path: String? = nil) {
    weights = GraphWeights(model, analysis)
    let (folder, file) = splitPath(model.path)
    var files = [file]
    var tensors: [(stored: StoredTensor, shape: Shape)] = []
    for weight in weights.weights {
      var range = FileRange(offset: 0, length: weight.definition.bytes.bytes)
      var place = 0
      switch weight.definition.storage {
      case .inline(let inline): range = inline
      case .external(let path?, let outside):
        range = outside
        let name = path.hasPrefix(folder + "/") ? String(path.dropFirst(folder.count + 1)) : path
        place = files.firstIndex(of: name) ?? files.count
        if place == files.count { files.append(name) }
      case .external(nil, _), .scattered: break
      }
      tensors.append(
        (
          StoredTensor(
            name: weight.name, dataType: weight.dataType, shape: weight.shape, fileIndex: place, range: range),
          weight.moduleShape
        ))
    }
    tensors.sort { NaturalOrder.precedes($0.stored.name, $1.stored.name) }
    var set = WeightSet(label: file, kind: .model, files: files, tensors: tensors.map(\.stored))
    set.headIsEmbedding = weights.tiesEmbeddings
    modules = set
    modules.tensors = tensors.map { tensor, shape in
      var tensor = tensor
      tensor.shape = shape
      return tensor
    }
    // Exports lie in a folder of their own beside the checkpoint that they were made from.
    let (parent, name) = splitPath(folder)
    let hasNone = !exists(joined(folder, "config.json"))
    checkpoint = Checkpoint.assembled(
      path: path ?? model.path, weightSets: [set],
      findings: model.findings + analysis.findings(in: model) + weights.findings(file: file),
      bytesRead: model.bytesRead, documentsIn: hasNone && name == "onnx" ? parent : folder)
  }
}

extension GraphWeights {
  fileprivate func findings(file: String) -> [Finding] {
    var findings: [Finding] = []
    func note(_ count: Int, _ rule: Finding.ModelRule, _ message: String) {
      if count > 0 { findings.append(Finding(.note, of: rule, file: file, message)) }
    }
    note(
      constantCount, .tensorsNoWeights,
      "\(constantCount) tensors (\(constantBytes)) are constants that shapes, masks or bounds are computed from, and no "
        + "weights")
    note(
      renamedCount, .weightsRenamed,
      "\(renamedCount) weights are shown under the module that reads them, since the exporter gave them other names")
    note(
      repeatedCount, .weightsRenamed,
      "\(repeatedCount) weights without names are shown under their place in a stretch of the graph that repeats itself"
    )
    return findings
  }
}
