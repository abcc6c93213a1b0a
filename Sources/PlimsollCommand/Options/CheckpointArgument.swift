internal import Architecture
internal import ArgumentParser
internal import Checkpoint
internal import ONNX
internal import Strategy

/// The checkpoint that a command is about.
struct CheckpointArgument: ParsableArguments {
  @Argument(
    help: "A folder as it was downloaded, or one file in it (*.safetensors, *.bin, *.gguf, *.onnx).",
    completion: .file())
  var checkpoint: String

  func validate() throws {
    if checkpoint.isEmpty { throw ValidationError("the checkpoint's path is empty") }
  }

  /// Everything that was noticed about the checkpoint, and about the ONNX graph that may lie beside it.
  func audit() throws(CheckpointError) -> [Finding] {
    if let graph = try Self.openGraph(checkpoint) {
      return graph.checkpoint.findings + graph.checkpoint.folderFindings() + graph.description.findings
    }
    let checkpoint = try Checkpoint.open(checkpoint)
    return checkpoint.auditFindings() + Self.differences(from: checkpoint)
  }

  /// Reads a checkpoint whose weights have to be there.
  func readWeights() throws(CheckpointError) -> (Checkpoint, ModelDescription) {
    if let graph = try Self.openGraph(checkpoint) { return (graph.checkpoint, graph.description) }
    return try Self.readWeights(checkpoint)
  }

  /// The same for a checkpoint that is no ONNX model.
  static func readWeights(_ path: String) throws(CheckpointError) -> (Checkpoint, ModelDescription) {
    let checkpoint = try Checkpoint.open(path)
    return (checkpoint, ModelDescription(checkpoint: checkpoint, weightSet: try checkpoint.primaryWeightSet()))
  }

  /// What is to be trained, ready to be simulated, and the graph that it brings along.
  func readEstimator() throws(CheckpointError) -> (Checkpoint, Estimator, Model?) {
    guard let graph = try Self.openGraph(checkpoint) else {
      let (checkpoint, description) = try Self.readWeights(checkpoint)
      return (checkpoint, Estimator(description: description, configuration: checkpoint.configuration), nil)
    }
    var estimator = Estimator(description: graph.description, configuration: graph.checkpoint.configuration)
    estimator.ownForward = GraphTraining(graph.model)
    estimator.ownAssumptions = GraphTraining.assumptions.map { Assumption(what: $0, value: $1, source: "ONNX graph") }
    return (graph.checkpoint, estimator, graph.model)
  }

  // MARK: - Files

  /// A checkpoint held against the ONNX graph that may lie beside it.
  private static func differences(from checkpoint: Checkpoint) -> [Finding] {
    guard let weights = checkpoint.weightSets.first, let file = Model.file(beside: checkpoint.path) else { return [] }
    let name = file.hasPrefix(checkpoint.path + "/") ? String(file.dropFirst(checkpoint.path.count + 1)) : file
    do throws(CheckpointError) {
      let model = try Model.open(file)
      let graph = GraphCheckpoint(model, GraphAnalysis(model))
      let described = ModelDescription(checkpoint: checkpoint, weightSet: graph.modules)
      let description = ModelDescription(checkpoint: checkpoint, weightSet: weights)
      return graph.differences(from: weights, file: name) + description.differences(from: described, file: name)
    } catch {
      return [Finding(.error, of: Finding.ModelRule.graphUnreadable, file: name, error.message, help: error.help)]
    }
  }

  private struct OpenedGraph {
    var model: Model
    var checkpoint: Checkpoint
    /// Sees the weights as their modules have them.
    var description: ModelDescription
  }

  /// An ONNX model as a checkpoint; nil where the path stands for none.
  private static func openGraph(_ path: String) throws(CheckpointError) -> OpenedGraph? {
    guard let file = Model.file(at: path) else { return nil }
    let model = try Model.open(file)
    let graph = GraphCheckpoint(model, GraphAnalysis(model), path: path)
    return OpenedGraph(
      model: model, checkpoint: graph.checkpoint,
      description: ModelDescription(checkpoint: graph.checkpoint, weightSet: graph.modules))
  }
}
