public import Checkpoint
internal import COnnx

extension Model {
  /// The newest version of the format whose parts are all known here.
  static let newestVersion = 14

  /// Reads the ONNX model at `path`. Weights are not read, neither within the file nor beside it.
  ///
  /// - Throws: `CheckpointError` where the file is missing, no protobuf, or holds no graph. Everything else that is
  ///   wrong with it is among ``findings``.
  public static func open(_ path: String) throws(CheckpointError) -> Model {
    let document = try Document(path: path, root: .model)
    guard let message = document.model, let graph = message.pointee.graph else {
      var reader = Reader(source: try ByteSource(path: path))
      throw .noGraph(path, hint: try ModelHint(of: &reader, wanted: .model))
    }
    var reading = ModelReading(path: path)
    reading.report(document.notes)
    var model = withExtendedLifetime(document) { reading.model(message.pointee, graph: graph.pointee) }
    model.bytesRead = document.bytesRead
    model.findings = reading.findings.all + model.structuralFindings()
    return model
  }
}

extension TensorDefinition {
  /// The longest content that is read of a file that holds one tensor, in bytes.
  static let contentLimit = 1 << 20

  /// Reads the tensor that the file at `path` holds, as the inputs of ONNX's tests do, with its content where that
  /// takes at most 1 MiB.
  ///
  /// - Throws: `CheckpointError` where the file is missing, no protobuf, or no tensor.
  public static func open(_ path: String) throws(CheckpointError) -> (tensor: TensorDefinition, findings: [Finding]) {
    let document = try Document(path: path, root: .tensor, kept: contentLimit)
    guard let message = document.tensor, message.pointee.has_data_type != 0 else {
      var reader = Reader(source: try ByteSource(path: path))
      let hint = try ModelHint(of: &reader, wanted: .tensor)
      throw CheckpointError(
        .notATensor, file: path, message: "the file holds no tensor" + (hint.map { " (\($0.what))" } ?? ""),
        help: hint?.help)
    }
    var reading = ModelReading(path: path)
    reading.report(document.notes)
    let tensor = withExtendedLifetime(document) { reading.tensor(message.pointee) }
    return (tensor, reading.findings.all)
  }
}
