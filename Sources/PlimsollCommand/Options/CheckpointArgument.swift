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

  @Option(
    help: ArgumentHelp(
      "Which module plays which part, where that is not told right: a file as audit --explain-architecture prints it.",
      valueName: "file"),
    completion: .file(extensions: ["json"]))
  var architecture: String?

  func validate() throws {
    if checkpoint.isEmpty { throw ValidationError("the checkpoint's path is empty") }
    if architecture == "" { throw ValidationError("the architecture file's path is empty") }
  }

  /// Everything that was noticed about the checkpoint, and about the ONNX graph that may lie beside it; and what it was
  /// taken for.
  func audit() throws(CheckpointError) -> (findings: [Finding], model: ModelDescription?) {
    if let graph = try openGraph() {
      return (
        graph.checkpoint.findings + graph.checkpoint.folderFindings() + graph.description.findings, graph.description
      )
    }
    let checkpoint = try Checkpoint.open(checkpoint)
    let audited = try checkpoint.audited(as: architectureFile())
    return (audited.findings + Self.differences(from: checkpoint), audited.model)
  }

  /// Reads a checkpoint whose weights have to be there.
  func readWeights() throws(CheckpointError) -> (Checkpoint, ModelDescription) {
    if let graph = try openGraph() { return (graph.checkpoint, graph.description) }
    return try Self.readWeights(checkpoint, as: architectureFile())
  }

  /// The same for a checkpoint that is no ONNX model.
  static func readWeights(
    _ path: String, as architecture: ArchitectureFile? = nil
  ) throws(CheckpointError) -> (Checkpoint, ModelDescription) {
    let checkpoint = try Checkpoint.open(path)
    let description = try ModelDescription(
      checkpoint: checkpoint, weightSet: checkpoint.primaryWeightSet(), architecture: architecture)
    return (checkpoint, description)
  }

  /// What is to be trained, ready to be simulated, and the graph that it brings along.
  func readEstimator() throws(CheckpointError) -> (Checkpoint, Estimator, Model?) {
    guard let graph = try openGraph() else {
      let (checkpoint, description) = try readWeights()
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
  private func openGraph() throws(CheckpointError) -> OpenedGraph? {
    guard let file = Model.file(at: checkpoint) else { return nil }
    let model = try Model.open(file)
    let graph = GraphCheckpoint(model, GraphAnalysis(model), path: checkpoint)
    return OpenedGraph(
      model: model, checkpoint: graph.checkpoint,
      description: try ModelDescription(
        checkpoint: graph.checkpoint, weightSet: graph.modules, architecture: architectureFile()))
  }

  private func architectureFile() throws(CheckpointError) -> ArchitectureFile? {
    guard let architecture else { return nil }
    return try ArchitectureFile(path: architecture)
  }
}
