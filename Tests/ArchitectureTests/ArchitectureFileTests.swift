import Architecture
import Checkpoint
import Testing

/// Files that say which module plays which part.
@Suite struct ArchitectureFileTests {
  /// What was told of a model, as the file that says it.
  private func file(of model: ModelDescription) throws -> ArchitectureFile {
    var root: [String: Configuration.Node] = ["family": .string(model.family)]
    if let layers = model.layersPath { root["layers"] = .string(layers) }
    root["roles"] = .object(
      Dictionary(
        model.parts.map { part in
          (
            part.pattern,
            .object([
              "role": part.role.map { .string($0.rawValue) } ?? .null,
              "because": part.reason.map { .string($0) } ?? .null,
            ])
          )
        }, uniquingKeysWith: { first, _ in first }))
    return try ArchitectureFile(Configuration(file: "parts.json", root: root))
  }

  private func expectTheSame(_ set: WeightSet, _ configuration: Configuration?) throws {
    let told = ModelDescription(weightSet: set, configuration: configuration)
    let said = try ModelDescription(weightSet: set, configuration: configuration, architecture: file(of: told))
    #expect(said.architectureFile == "parts.json")
    #expect(said.family == told.family && said.isRecognised == told.isRecognised)
    #expect(said.isRenamed == told.isRenamed && said.layersPath == told.layersPath)
    #expect(said.parts == told.parts)
    #expect(said.placements == told.placements && said.modules == told.modules && said.others == told.others)
    #expect(said.layers.map(\.modules) == told.layers.map(\.modules))
    #expect(said.otherStacks.map(\.path) == told.otherStacks.map(\.path))
    #expect(said.otherStacks.map(\.modules) == told.otherStacks.map(\.modules))
    #expect(said.otherStacks.map { $0.layers.map(\.modules) } == told.otherStacks.map { $0.layers.map(\.modules) })
    #expect(said.layerCount == told.layerCount && said.hiddenSize == told.hiddenSize)
    #expect(said.vocabularySize == told.vocabularySize && said.expertCount == told.expertCount)
    #expect(said.headCount == told.headCount && said.tiedEmbeddings == told.tiedEmbeddings)
    #expect(said.parameterCount == told.parameterCount)
  }

  @Test(arguments: CustomModel.all)
  func givenBackItSaysTheSame(of custom: CustomModel) throws {
    try expectTheSame(custom.blueprint.weightSet(), custom.settings)
  }

  @Test func givenBackItSaysTheSameOfKnownModels() throws {
    try expectTheSame(Blueprint.llama().weightSet(), Blueprint.llamaConfiguration())
    try expectTheSame(Blueprint.gpt2().weightSet(), Blueprint.gpt2Configuration)
    var renamed = Blueprint.llama()
    renamed.rename(["layers": "stage", "self_attn": "mix", "mlp": "wide", "embed_tokens": "words"])
    try expectTheSame(renamed.weightSet(), Blueprint.llamaConfiguration())
  }

  @Test func givenBackItSaysTheSameOfTwoColumns() throws {
    let set = CustomModel.encoderDecoder.blueprint.weightSet()
    let t5 = configuration([
      "model_type": "t5", "d_model": 512, "d_kv": 64, "num_heads": 6, "num_layers": 6, "d_ff": 1024,
      "vocab_size": 32128,
    ])
    let told = ModelDescription(weightSet: set, configuration: t5)
    #expect(told.family == "t5" && told.isRenamed && told.layersPath == "left.unit")
    #expect(told.otherStacks.first?.modules[.finalNorm]?.path == "right.scale")
    try expectTheSame(set, t5)
  }

  private func read(_ root: [String: Configuration.Node]) throws(CheckpointError) -> ModelDescription {
    try ModelDescription(
      weightSet: Blueprint.llama(layers: 4).weightSet(), configuration: Blueprint.llamaConfiguration(),
      architecture: ArchitectureFile(Configuration(file: "parts.json", root: root)))
  }

  @Test func whatItLeavesOutIsToldAsWithoutIt() throws {
    let roles: Configuration.Node = .object([
      "model.layers.#.self_attn.k_proj": "value", "model.layers.#.self_attn.v_proj": "key", "lm_head": .null,
    ])
    let model = try read(["family": "generic", "roles": roles])
    #expect(model.family == "generic" && !model.isRecognised)
    #expect(model.layers[0].modules[.key]?.path == "model.layers.0.self_attn.v_proj")
    #expect(model.layers[0].modules[.query]?.path == "model.layers.0.self_attn.q_proj")
    #expect(model.modules[.head] == nil && model.others.map(\.path) == ["lm_head"])
    let known = try read(["roles": roles])
    #expect(known.family == "llama" && known.isRecognised)
    #expect(known.layers[0].modules[.value]?.path == "model.layers.0.self_attn.k_proj")
  }

  @Test func aFamilyMayBeNamed() throws {
    var set = Blueprint.llama(layers: 4)
    set.rename(["layers": "stage", "self_attn": "mix", "mlp": "wide", "embed_tokens": "words"])
    let file = try ArchitectureFile(Configuration(file: "parts.json", root: ["family": "llama"]))
    let model = try ModelDescription(
      weightSet: set.weightSet(), configuration: configuration(["model_type": "own", "num_attention_heads": 32]),
      architecture: file)
    #expect(model.family == "llama" && model.isRenamed && model.hasLowering && !model.isRecognised)
  }

  @Test func whatIsWrongIsNamed() {
    func code(_ root: [String: Configuration.Node]) -> String? {
      do throws(CheckpointError) {
        _ = try read(root)
        return nil
      } catch {
        #expect(error.file == "parts.json" && error.help != nil && !error.isMissingInput)
        return error.code.rawValue
      }
    }
    #expect(code(["roles": .object(["model.norm": "norm"])]) == "architecture-role")
    #expect(code(["roles": .object(["model.nrm": "finalNorm"])]) == "architecture-pattern")
    #expect(code(["family": "lama"]) == "architecture-family")
    #expect(code(["layers": "model.stages"]) == "architecture-layers")
    #expect(code(["roles": "query"]) == "architecture-structure")
    #expect(code(["rolls": .object([:])]) == "architecture-structure")
    #expect(code(["roles": .object(["model.norm": .object(["shape": .array([])])])]) == "architecture-structure")
    #expect(code(["roles": .object(["model.norm": .object(["role": 3])])]) == "architecture-structure")
    #expect(code([:]) == nil)
  }
}
