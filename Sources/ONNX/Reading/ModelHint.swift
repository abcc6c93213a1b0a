internal import COnnx
internal import Checkpoint

/// What a file that is no ONNX model, or no tensor, seems to be.
struct ModelHint {
  var what: String
  var help: String

  /// Nil where nothing better can be said than what is wrong.
  init?(of reader: inout Reader, wanted: Document.Root) throws(CheckpointError) {
    if let known = try reader.source.withPrefix(512, Self.text) {
      self = known
    } else if let known = try ContentHint(of: &reader.source) {
      (what, help) = (known.what, known.help)
    } else {
      let guess = withUnsafeMutablePointer(to: &reader) { reader in
        var source = reader.pointee.view(context: reader)
        return connx_guess_content(&source)
      }
      guard let known = Self.message(guess, wanted: wanted) else { return nil }
      self = known
    }
  }

  private init(what: String, help: String) {
    self.what = what
    self.help = help
  }

  /// Formats that a model is written in besides protobuf's bytes.
  private static func text(_ bytes: UnsafeRawBufferPointer) -> ModelHint? {
    if bytes.count > 8, bytes[8] == UInt8(ascii: "{"), bytes[4..<8].allSatisfy({ $0 == 0 }) {
      return ModelHint(what: "the file is a safetensors file", help: "Give it without asking for an ONNX model.")
    }
    if bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) {
      return ModelHint(what: "the file is a zip archive", help: "Unpack it, and give the model in it.")
    }
    if bytes.count > 8, bytes[4..<8].elementsEqual("ORTM".utf8) {
      return ModelHint(what: "the file is in ONNX Runtime's own format", help: "Give the ONNX model it was made from.")
    }
    let text = bytes.drop { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
    if text.first == UInt8(ascii: "{") {
      return ModelHint(what: "the file is JSON text", help: "Save the model in protobuf's binary form.")
    }
    let words = ["ir_version", "producer_name", "graph", "opset_import", "node", "dims", "data_type", "#"]
    for word in words where text.starts(with: word.utf8) {
      let next = text.dropFirst(word.utf8.count).first { $0 != 0x20 }
      if word == "#" || next == UInt8(ascii: ":") || next == UInt8(ascii: "{") {
        return ModelHint(what: "the file is protobuf's text form", help: "Save the model in protobuf's binary form.")
      }
    }
    return nil
  }

  private static func message(_ guess: connx_guess, wanted: Document.Root) -> ModelHint? {
    switch guess {
    case CONNX_GUESS_MODEL where wanted == .tensor:
      ModelHint(what: "the file holds an ONNX model", help: "Give a file that holds one tensor.")
    case CONNX_GUESS_GRAPH:
      ModelHint(what: "the file holds a graph without the model around it", help: "Save the whole model.")
    case CONNX_GUESS_TENSOR where wanted == .model:
      ModelHint(what: "the file holds a single tensor", help: "Give the model, not one of its inputs or outputs.")
    case CONNX_GUESS_SAVED_MODEL:
      ModelHint(what: "the file is a SavedModel of TensorFlow", help: "Convert it with tf2onnx.")
    case CONNX_GUESS_GRAPH_DEF:
      ModelHint(what: "the file is a frozen graph of TensorFlow", help: "Convert it with tf2onnx.")
    default: nil
    }
  }
}
