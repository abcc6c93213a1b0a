internal import Architecture
internal import ArgumentParser
internal import Checkpoint
internal import ONNX

/// The checkpoint that a command is about.
struct CheckpointArgument: ParsableArguments {
  @Argument(
    help: "A folder as it was downloaded, or one file in it (*.safetensors, *.onnx).", completion: .file())
  var checkpoint: String

  func validate() throws {
    if checkpoint.isEmpty { throw ValidationError("the checkpoint's path is empty") }
  }

  /// Reads the headers and says what they make up; no description where there are no weights.
  func read() throws(CheckpointError) -> (Checkpoint, ModelDescription?) {
    if let file = Model.file(at: checkpoint) { return try Self.readGraph(file, path: checkpoint) }
    var checkpoint = try Checkpoint.open(checkpoint)
    checkpoint.findings += Self.graphDifferences(checkpoint)
    return (
      checkpoint, checkpoint.weightSets.first.map { ModelDescription(checkpoint: checkpoint, weightSet: $0) }
    )
  }

  /// An ONNX model as a checkpoint; the description sees its weights as their modules have them.
  private static func readGraph(_ file: String, path: String) throws(CheckpointError) -> (Checkpoint, ModelDescription)
  {
    let model = try Model.open(file)
    let graph = GraphCheckpoint(model, GraphAnalysis(model), path: path)
    return (graph.checkpoint, ModelDescription(checkpoint: graph.checkpoint, weightSet: graph.modules))
  }

  /// What an ONNX graph in the same folder does not agree on with the checkpoint's weights.
  private static func graphDifferences(_ checkpoint: Checkpoint) -> [Finding] {
    guard let weights = checkpoint.weightSets.first, let file = Model.file(beside: checkpoint.path) else { return [] }
    do throws(CheckpointError) {
      let model = try Model.open(file)
      return GraphCheckpoint(model, GraphAnalysis(model)).differences(from: weights)
    } catch {
      return [Finding(.error, rule: error.code.rawValue, file: file, message: error.message, help: error.help)]
    }
  }

  /// Reads a checkpoint whose weights have to be there.
  func readWeights() throws(CheckpointError) -> (Checkpoint, ModelDescription) {
    try Self.readWeights(checkpoint)
  }

  static func readWeights(_ path: String) throws(CheckpointError) -> (Checkpoint, ModelDescription) {
    if let file = Model.file(at: path) { return try readGraph(file, path: path) }
    var checkpoint = try Checkpoint.open(path)
    checkpoint.findings += graphDifferences(checkpoint)
    return (checkpoint, ModelDescription(checkpoint: checkpoint, weightSet: try checkpoint.primaryWeightSet()))
  }
}
