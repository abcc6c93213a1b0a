internal import ArgumentParser
internal import ONNX

/// The model whose graph a command is about.
struct ModelArgument: ParsableArguments {
  @Argument(
    help: "An ONNX file, or a checkpoint: a folder as it was downloaded, or one file in it.", completion: .file())
  var model: String

  func validate() throws {
    if model.isEmpty { throw ValidationError("the model's path is empty") }
  }

  /// The ONNX file that is meant; nil for a checkpoint.
  var onnxFile: String? { Model.file(at: model) }
}
