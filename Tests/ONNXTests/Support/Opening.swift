import Checkpoint
import Testing

@testable import ONNX

/// The model in these bytes.
func opened(_ bytes: [UInt8]) throws(CheckpointError) -> Model {
  let folder = TemporaryFolder()
  guard let path = try? folder.write("model.onnx", bytes) else {
    throw CheckpointError(.fileUnreadable, file: "model.onnx", message: "cannot be written")
  }
  return try Model.open(path)
}

/// The first initializer of a model that has one more.
func openedTensor(_ bytes: [UInt8]) throws -> (tensor: TensorDefinition, rules: Set<String>) {
  let model = try opened(Bytes.model(Bytes.graph(initializers: [bytes])))
  return (try #require(model.graph.initializers.first), Set(model.findings.map(\.rule)))
}

/// The error of opening these bytes; nil where there is none.
func failure(_ bytes: [UInt8]) -> CheckpointError? {
  do throws(CheckpointError) {
    _ = try opened(bytes)
    return nil
  } catch {
    return error
  }
}
