import Foundation
import Testing

/// `tiny-encoder` for two sequences of four tokens, by hand.
///
/// A hidden state is 2 x 4 x 8 floats: 256 bytes. Most is alive when attention runs: what goes into the layer (the
/// residual sum reads it later), queries, keys, values and the result, five hidden states. The inputs `keep` (8
/// bytes) and `use_mean` (1 byte) are read by the last operators and wait; `input_ids` was read for the last time
/// before. Both layers are alike, and the first of equals is named. The feed-forward network holds less: one hidden
/// state of 256 bytes and two of 2 x 4 x 12 floats, 384 bytes each.
///
/// Weights: embeddings 16 x 8 and 32 x 8; a norm of two vectors of 8; in each layer four matrices of 8 x 8, two of
/// 8 x 12, a bias of 12, two norms. As 32-bit numbers 4 x (384 + 16 + 2 x (256 + 192 + 12 + 32)) = 5,536 bytes. Then
/// four integers of 8 bytes of the graph itself, and one of each branch of the If.
private enum Encoder {
  static let hidden = 256
  static let activations = 5 * hidden + 8 + 1
  static let parameters = 5_536
  static let weights = parameters + 4 * 8 + 2 * 8
}

@Suite struct GraphTests {
  private static let sized = ["--batch-size", "2", "--sequence-length", "4"]

  // MARK: - ONNX

  @Test(arguments: [
    ["--batch-size", "2", "--sequence-length", "4"], ["--dim", "batch=2", "--dim", "sequence=4"],
    ["--shape", "input_ids=2,4"], ["--dim", "batch=2", "--shape", "input_ids=2,4"],
    ["--batch-size", "2", "--dim", "sequence=4"],
  ])
  func thePeakByHand(sizes: [String]) throws {
    let document = try document(["tiny-encoder"] + sizes)
    #expect(document["schema"] as? String == "plimsoll.graph/1")
    #expect(document["missingDimensions"] as? [String] == [])
    #expect(document["weightBytes"] as? Int == Encoder.weights)
    let peak = try #require(document["peak"] as? [String: Any])
    #expect(peak["bytes"] as? Int == Encoder.weights + Encoder.activations)
    #expect(peak["activations"] as? Int == Encoder.activations)
    #expect(peak["weights"] as? Int == Encoder.weights)
    #expect(peak["at"] as? String == "/encoder/layer.0/attention/self/MultiHeadAttention")
    let alive = try #require(peak["alive"] as? [[String: Any]])
    #expect(alive.compactMap { $0["bytes"] as? Int } == [256, 256, 256, 256, 256, 8, 1])
    #expect(alive.first?["name"] as? String == "embedded")
    // Two layers of ten operators, seven before and two behind.
    #expect(document["operatorCount"] as? Int == 29)
    #expect((document["live"] as? [Int])?.count == 29)
    #expect((document["live"] as? [Int])?.max() == Encoder.activations)
  }

  /// A hidden state of `batch` sequences is 32 bytes a token.
  @Test func thePeakAsAnExpression() throws {
    let document = try document(["tiny-encoder"])
    #expect(document["missingDimensions"] as? [String] == ["batch", "sequence"])
    #expect(document["symbolicPeak"] as? [String] == ["160*batch*sequence + 9"])
    let peak = try #require(document["peak"] as? [String: Any])
    #expect(peak["bytes"] is NSNull)
    #expect(try tensor("embedded", document)["shape"] as? [AnyHashable] == ["batch", "sequence", 8])
    #expect(try tensor("embedded", document)["bytes"] as? String == "32*batch*sequence")
  }

  /// onnxruntime gives the same two shapes when it runs the model.
  @Test func aShapeThatIsAnInputsValue() throws {
    let without = try document(["tiny-encoder"] + Self.sized)
    let unresolved = try #require(without["unresolved"] as? [[String: String]])
    #expect(unresolved.map { $0["name"] } == ["kept"])
    #expect(unresolved.first?["reason"]?.hasPrefix("/Slice: ") == true)
    #expect(try tensor("kept", without)["bytes"] is NSNull)
    #expect(try tensor("pooled", without)["shape"] as? [Int] == [2, 8])

    // A serialised TensorProto: one extent of 1, INT64, and 3 as its one value.
    let folder = try TemporaryFolder()
    try folder.write("keep.pb", [0x08, 1, 0x10, 7, 0x3A, 1, 3])
    for value in ["keep=3", "keep=\(folder.url.path)/keep.pb"] {
      let document = try document(["tiny-encoder", "--value", value, "--value", "use_mean=true"] + Self.sized)
      #expect((document["unresolved"] as? [Any])?.isEmpty == true)
      let kept = try tensor("kept", document)
      #expect(kept["shape"] as? [Int] == [2, 3, 8])
      #expect(kept["bytes"] as? Int == 192)
      #expect(kept["isOutput"] as? Bool == true)
    }
  }

  @Test func livesOfValues() throws {
    let document = try document(["tiny-encoder"] + Self.sized)
    let sum = try tensor("sum", document)
    #expect(sum["producer"] as? String == "/embeddings/Add")
    #expect(sum["firstUse"] as? String == "/embeddings/LayerNorm/LayerNormalization")
    let embedded = try tensor("embedded", document)
    #expect(embedded["firstUse"] as? String == "/encoder/layer.0/attention/self/query/MatMul")
    #expect(embedded["lastUse"] as? String == "/encoder/layer.0/attention/output/LayerNorm")
    #expect(embedded["origin"] as? String == "intermediate")
    #expect(try tensor("onnx::MatMul_100", document)["origin"] as? String == "weight")
    // What runs within the If.
    #expect(try tensor("/pooler/If.then_branch/mean_output", document)["shape"] as? [Int] == [2, 8])
  }

  @Test(arguments: [
    ("symbols", [], "graph-symbols.txt"), ("table", sized, "graph.txt"),
    ("top", sized + ["--top", "2", "--value", "keep=3"], "graph-top.txt"),
    ("json", sized + ["--format", "json"], "graph.json"),
    ("csv", sized + ["--value", "keep=3", "--format", "csv"], "graph.csv"),
    ("html", sized + ["--value", "keep=3", "--format", "html"], "graph.html"),
  ])
  func snapshots(_: String, flags: [String], file: String) throws {
    let answer = try Program.run(["graph", "tiny-encoder/model.onnx"] + flags)
    #expect(answer.status == 0)
    #expect(answer.errors.isEmpty)
    try expectSnapshot(answer.output, file)
  }

  // MARK: - Checkpoints

  /// GPT-2 with 16 features, 128 names and eight tokens.
  ///
  /// Its GELU is written out: 0.5 · x · (1 + tanh(√(2/π) · (x + 0.044715 · x³))). When the cube is scaled, x, half of it, the
  /// cube and its product are alive, each of 8 x 64 floats or 2,048 bytes; so is the residual sum of 8 x 16 floats. The
  /// labels of 8 integers wait for the loss. There, logits and their logarithms take 2 x 4,096 bytes and little else.
  @Test func aRebuiltGraph() throws {
    let document = try document(["tiny-gpt2", "--sequence-length", "8"])
    #expect(document["missingDimensions"] as? [String] == [])
    // 9,664 parameters of 32 bits.
    #expect(document["weightBytes"] as? Int == 38_656)
    let tensors = try #require(document["tensors"] as? [[String: Any]])
    #expect(tensors.contains { $0["shape"] as? [Int] == [1, 8, 128] && $0["bytes"] as? Int == 4096 })
    let peak = try #require(document["peak"] as? [String: Any])
    #expect(peak["activations"] as? Int == 4 * 2048 + 512 + 64)
    #expect(peak["bytes"] as? Int == 38_656 + 8_768)
    let names = tensors.compactMap { $0["name"] as? String }
    #expect(names.contains("transformer.h.1.mlp.c_fc.weight"))
    let answer = try Program.run("graph", "tiny-gpt2", "--sequence-length", "8")
    #expect(answer.status == 0)
    try expectSnapshot(answer.output, "graph-rebuilt.txt")
  }

  // MARK: - The other commands

  @Test func whatTheModelIs() throws {
    let answer = try Program.run("inspect", "tiny-encoder", "--format", "json")
    #expect(answer.status == 0)
    let document = try parse(answer.output)
    #expect(document["parameterCount"] as? Int == Encoder.parameters / 4)
    #expect(document["bytes"] as? Int == Encoder.parameters)
    #expect(document["layerCount"] as? Int == 2)
    #expect(document["hiddenSize"] as? Int == 8)
    #expect(document["files"] as? [String] == ["model.onnx", "model.onnx.data"])
    try expectSnapshot(Program.run("inspect", "tiny-encoder", "--by", "layer").output, "inspect-onnx.txt")
  }

  @Test func aSoundModelPasses() throws {
    let answer = try Program.run("audit", "tiny-encoder", "--strict")
    #expect(answer.status == 0)
    #expect(answer.output.contains("passed: 0 errors, 0 warnings"))
    // Six matrices in each layer have numbers for names; of the integers four are the graph's own.
    #expect(answer.output.contains("note[weights-renamed]: model.onnx: 12 weights "))
    #expect(answer.output.contains("note[tensors-no-weights]: model.onnx: 4 tensors (32 B) "))
  }

  /// Of 26 weights the checkpoint beside the model has one, in another shape.
  @Test func aCheckpointBesideThatDiffers() throws {
    let folder = try TemporaryFolder()
    for file in ["model.onnx", "model.onnx.data"] {
      let bytes = try Data(contentsOf: Samples.folder.appendingPathComponent("tiny-encoder/\(file)"))
      try folder.write(file, Array(bytes))
    }
    let entry = #"{"dtype":"F32","shape":[16,9],"data_offsets":[0,576]}"#
    try folder.write(
      "model.safetensors", Headers.file(#"{"embeddings.word_embeddings.weight":\#(entry)}"#, 576))
    let answer = try Program.run("audit", folder.url.path)
    #expect(answer.status == 1)
    #expect(answer.output.contains("error[graph-shape-differs]: model.onnx: embeddings.word_embeddings.weight: "))
    #expect(answer.output.contains("warning[graph-weights-differ]: model.onnx: 0 tensors of model.safetensors "))
    #expect(answer.output.contains("25 of the graph"))
  }

  // MARK: - What is refused

  @Test(arguments: [
    (["--shape", "ids=2,4"], "no input 'ids'"), (["--value", "limit=1"], "no input 'limit'"),
    (["--shape", "input_ids=2"], "rank 2"), (["--shape", "keep=2"], "is 1 in the model"),
    (["--value", "keep=1,2"], "is 1 in the model"), (["--shape", "input_ids=2,x"], "wants sizes"),
    (["--shape", "input_ids=2,-4"], "wants sizes"), (["--dim", "batch=2,3"], "wants a size"),
    (["--dim", "batch=two"], "wants a size"),
    (["--dim", "batch=99999999999999999999"], "wants a size"), (["--value", "keep=a"], "wants numbers"),
    (["--dim", "batch"], "invalid"), (["--dim", "colour=3"], "no shape depends on a dimension 'colour'"),
    (["--dim", "batch=2", "--batch-size", "3"], "'batch' is 2"),
    (["--dim", "batch=2", "--shape", "input_ids=3,4"], "'batch' is 2"), (["--batch-size", "0"], "--batch-size"),
    (["--format", "sarif"], "sarif"), (["--top", "0"], "--top"),
  ])
  func wrongUsage(flags: [String], message: String) throws {
    let answer = try Program.run(["graph", "tiny-encoder"] + flags)
    #expect(answer.status == 64)
    #expect(answer.output.isEmpty)
    #expect(answer.errors.hasPrefix("plimsoll: error: "))
    #expect(answer.errors.contains(message))
    #expect(answer.errors.filter(\.isNewline).count <= 2)
  }

  @Test func aCheckpointHasNoNamedInputs() throws {
    for flags in [["--dim", "batch=2"], ["--shape", "input_ids=2,4"], ["--value", "keep=3"]] {
      #expect(try Program.run(["graph", "tiny-gpt2"] + flags).status == 64)
    }
  }

  @Test func filesThatAreNoModel() throws {
    let folder = try TemporaryFolder()
    let pointer =
      "version https://git-lfs.github.com/spec/v1\noid sha256:\(String(repeating: "0", count: 64))\nsize 8007\n"
    try folder.write("model.onnx", Array(pointer.utf8))
    for command in ["graph", "inspect", "audit"] {
      let answer = try Program.run(command, "\(folder.url.path)/model.onnx")
      #expect(answer.status == 65)
      #expect(answer.errors.contains("hint: "))
      #expect(answer.errors.contains("git lfs pull"))
    }
    #expect(try Program.run("graph", "no-such-model.onnx").status == 66)
    #expect(try Program.run("graph", "tiny-encoder", "--value", "keep=no-such-file.pb").status == 66)
    let refused = try Program.run("graph", "no-such-model.onnx", "--format", "json")
    #expect(try parse(refused.output)["schema"] as? String == "plimsoll.graph/1")
    #expect(try parse(refused.output)["error"] is [String: Any])
  }

  /// A file that ends early is refused with the place.
  @Test func aModelCutShort() throws {
    let folder = try TemporaryFolder()
    let whole = try Data(contentsOf: Samples.folder.appendingPathComponent("tiny-encoder/model.onnx"))
    try folder.write("model.onnx", Array(whole.dropLast(100)))
    let answer = try Program.run("graph", "\(folder.url.path)/model.onnx", "--format", "json")
    #expect(answer.status == 65)
    let error = try #require(try parse(answer.output)["error"] as? [String: Any])
    #expect(error["offset"] is Int)
  }

  // MARK: - Support

  private func document(_ arguments: [String]) throws -> [String: Any] {
    let answer = try Program.run(["graph"] + arguments + ["--format", "json"])
    #expect(answer.status == 0, "\(answer.errors)")
    return try parse(answer.output)
  }

  private func parse(_ text: String) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  private func tensor(_ name: String, _ document: [String: Any]) throws -> [String: Any] {
    let tensors = try #require(document["tensors"] as? [[String: Any]])
    return try #require(tensors.first { $0["name"] as? String == name })
  }
}
