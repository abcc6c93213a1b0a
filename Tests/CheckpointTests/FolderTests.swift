import Checkpoint
import Testing
import Units

/// Which weight sets a folder holds, and which comes first.
@Suite struct FolderTests {
  private func labels(_ files: [String]) throws -> [String] {
    let folder = TemporaryFolder()
    for file in files where file.hasSuffix(".safetensors") { try folder.write(file, vectors(file)) }
    for file in files where file.hasSuffix(".json") {
      let stem = file.contains("fp16") ? "model.fp16" : "model"
      let shards = (1...2).map { "\(stem)-0000\($0)-of-00002.safetensors" }
      try folder.write(file, text: index(shards.map { ($0, $0) }))
    }
    return try Checkpoint.open(folder.path).weightSets.map(\.label)
  }

  @Test func variantsComeAfterThePlainModel() throws {
    #expect(
      try labels(["model.fp16.safetensors", "model.safetensors"]) == ["model.safetensors", "model.fp16.safetensors"])
  }

  @Test func shardedVariants() throws {
    let shards = [1, 2].flatMap { number in
      ["model-0000\(number)-of-00002.safetensors", "model.fp16-0000\(number)-of-00002.safetensors"]
    }
    let indexes = ["model.safetensors.index.json", "model.safetensors.index.fp16.json"]
    #expect(try labels(shards + indexes) == ["model (2 shards)", "model.fp16 (2 shards)"])
  }

  @Test func oneFileWinsOverAnIndex() throws {
    let folder = TemporaryFolder()
    try folder.write("model.safetensors", vectors("a", "b"))
    try folder.write(ShardTests.one, vectors("a"))
    try folder.write(ShardTests.two, vectors("b"))
    try folder.write(ShardTests.name, text: index(ShardTests.map))
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.weightSets.map(\.label) == ["model.safetensors", "model (2 shards)"])
    #expect(checkpoint.weightSets.map(\.tensors.count) == [2, 2])
    #expect(checkpoint.findings.map(\.rule) == ["single-file-and-index", "several-weight-sets"])
  }

  @Test func mistralKeepsACopy() throws {
    #expect(
      try labels(["consolidated.safetensors", "model.safetensors"]) == [
        "model.safetensors", "consolidated.safetensors",
      ])
    #expect(try labels(["consolidated.safetensors"]) == ["consolidated.safetensors"])
  }

  @Test func diffusersNames() throws {
    #expect(
      try labels(["diffusion_pytorch_model.fp16.safetensors", "diffusion_pytorch_model.safetensors"])
        == ["diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.fp16.safetensors"])
  }

  @Test func otherNamesComeLastInNaturalOrder() throws {
    #expect(
      try labels(["w10.safetensors", "w2.safetensors", "model.safetensors"])
        == ["model.safetensors", "w2.safetensors", "w10.safetensors"])
  }

  @Test(arguments: ["model-000001-of-000002", "model_00001-of-00002", "model-1-of-2"]) func shardNames(_ first: String)
    throws
  {
    let second = String(first.replacing("1-of", with: "2-of"))
    #expect(try labels([first, second].map { $0 + ".safetensors" }) == ["model (2 shards)"])
  }

  @Test func anIndexOfOneFileIsNoSecondSet() throws {
    let folder = TemporaryFolder()
    try folder.write("model.safetensors", vectors("a"))
    try folder.write("model.safetensors.index.json", text: index([("a", "model.safetensors")], totalSize: "16"))
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.weightSets.map(\.label) == ["model.safetensors"])
    #expect(checkpoint.findings == [])
  }

  @Test func anAdapter() throws {
    let folder = TemporaryFolder()
    try folder.write("adapter_model.safetensors", vectors("base_model.model.q_proj.lora_A.weight"))
    try folder.write("adapter_config.json", text: #"{"peft_type":"LORA","r":16,"target_modules":["q_proj"]}"#)
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.weightSets.map(\.kind) == [.adapter])
    #expect(checkpoint.adapterConfiguration?.integer("r") == 16)
    #expect(checkpoint.adapterConfiguration?.strings("target_modules") == ["q_proj"])
    #expect(checkpoint.configuration == nil)
    #expect(checkpoint.findings == [])
  }

  @Test func aBrokenSecondSetIsAFinding() throws {
    let folder = TemporaryFolder()
    try folder.write("model.safetensors", vectors("a"))
    try folder.write("consolidated.safetensors", [1, 2, 3])
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.weightSets.count == 1)
    #expect(checkpoint.findings.map(\.rule) == ["weight-set-unreadable"])
    #expect(checkpoint.findings.map(\.file) == ["consolidated.safetensors"])
  }

  @Test func aBrokenFirstSetIsAnError() throws {
    let folder = TemporaryFolder()
    try folder.write("model.safetensors", [1, 2, 3])
    try folder.write("consolidated.safetensors", vectors("a"))
    #expect(throws: CheckpointError(.headerTooSmall, file: "", message: "")) { try Checkpoint.open(folder.path) }
  }

  @Test func theHuggingFaceCacheIsAllLinks() throws {
    let folder = TemporaryFolder()
    try folder.write("blobs/aaaa", vectors("a"))
    try folder.write("blobs/bbbb", vectors("b"))
    try folder.write("blobs/cccc", text: index(ShardTests.map))
    try folder.folder("snapshots/0123")
    try folder.link("snapshots/0123/\(ShardTests.one)", to: "../../blobs/aaaa")
    try folder.link("snapshots/0123/\(ShardTests.two)", to: "../../blobs/bbbb")
    try folder.link("snapshots/0123/\(ShardTests.name)", to: "../../blobs/cccc")
    let checkpoint = try Checkpoint.open(folder.file("snapshots/0123"))
    #expect(checkpoint.findings == [])
    #expect(try checkpoint.primaryWeightSet().tensors.map(\.name) == ["a", "b"])
  }

  @Test func aLinkOutOfTheFolder() throws {
    let outside = TemporaryFolder()
    try outside.write("x.safetensors", vectors("a"))
    let folder = TemporaryFolder()
    try folder.link("model.safetensors", to: outside.file("x.safetensors"))
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.findings.map(\.rule) == ["link-out-of-folder"])
    #expect(try checkpoint.primaryWeightSet().tensors.count == 1)
  }

  @Test func aLinkWithinTheFolderIsFine() throws {
    let folder = TemporaryFolder()
    try folder.write("store/x.bin", vectors("a"))
    try folder.link("model.safetensors", to: "store/x.bin")
    #expect(try Checkpoint.open(folder.path).findings == [])
  }

  @Test(arguments: [
    ("optimizer.pt", "model.safetensors"), ("training_args.bin", "model.safetensors"),
    ("__0_0.distcp", "consolidate"), ("mp_rank_00/model_optim_rng.pt", "Megatron"),
    ("model.safetensors.incomplete", "resume"),
    ("unet/model.safetensors", "subfolder unet"), ("readme.txt", "model.safetensors"),
  ]) func foldersWithoutWeights(_ file: String, _ word: String) throws {
    let folder = TemporaryFolder()
    try folder.write(file, vectors("a"))
    let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(folder.path) }
    #expect(error?.code == .noWeights)
    #expect(error?.help?.contains(word) == true)
  }

  @Test func aPipelineOfDiffusers() throws {
    let folder = TemporaryFolder()
    try folder.write("model_index.json", text: "{}")
    try folder.write("vae/diffusion_pytorch_model.safetensors", vectors("a"))
    try folder.write("unet/diffusion_pytorch_model.safetensors", vectors("a"))
    let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(folder.path) }
    #expect(error?.code == .pipelineFolder)
    #expect(error?.help?.contains("unet, vae") == true)
  }

  @Test func theDocumentsBesideAFileAreRead() throws {
    let folder = TemporaryFolder()
    let path = try folder.write("model.safetensors", vectors("a"))
    try folder.write("config.json", text: #"{"model_type":"bert"}"#)
    try folder.write("generation_config.json", text: #"{"max_length":20}"#)
    let checkpoint = try Checkpoint.open(path)
    #expect(checkpoint.configuration?.string("model_type") == "bert")
    #expect(checkpoint.generationConfiguration?.integer("max_length") == 20)
  }
}
