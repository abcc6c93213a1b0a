internal import Architecture
internal import ArgumentParser
internal import Checkpoint

/// The checkpoint that a command is about.
struct CheckpointArgument: ParsableArguments {
  @Argument(
    help: "A folder as it was downloaded, or one file in it (*.safetensors).", completion: .file())
  var checkpoint: String

  func validate() throws {
    if checkpoint.isEmpty { throw ValidationError("the checkpoint's path is empty") }
  }

  /// Reads the headers and says what they make up; no description where there are no weights.
  func read() throws(CheckpointError) -> (Checkpoint, ModelDescription?) {
    let checkpoint = try Checkpoint.open(checkpoint)
    return (
      checkpoint, checkpoint.weightSets.first.map { ModelDescription(checkpoint: checkpoint, weightSet: $0) }
    )
  }

  /// Reads a checkpoint whose weights have to be there.
  func readWeights() throws(CheckpointError) -> (Checkpoint, ModelDescription) {
    try Self.readWeights(checkpoint)
  }

  static func readWeights(_ path: String) throws(CheckpointError) -> (Checkpoint, ModelDescription) {
    let checkpoint = try Checkpoint.open(path)
    return (checkpoint, ModelDescription(checkpoint: checkpoint, weightSet: try checkpoint.primaryWeightSet()))
  }
}
