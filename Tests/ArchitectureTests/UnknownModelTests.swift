import Architecture
import Checkpoint
import Testing
import Units

/// What the recogniser says of models that no row describes.
@Suite struct UnknownModelTests {
  /// Every word of every name replaced, the same word always by the same one; numbers and, if wished, the last word
  /// stay.
  private func renamed(_ set: WeightSet, keepingLast: Bool) -> WeightSet {
    var words: [Substring: String] = [:]
    var result = set
    for index in result.tensors.indices {
      let parts = set.tensors[index].name.split(separator: ".")
      result.tensors[index].name = parts.enumerated().map { position, part in
        if part.allSatisfy(\.isNumber) || (keepingLast && position == parts.count - 1) { return String(part) }
        let letter = String(UnicodeScalar(UInt8(97 + words.count % 26)))
        let word = words[part] ?? "z\(letter)\(words.count > 25 ? "z" : "")y"
        words[part] = word
        return word
      }.joined(separator: ".")
    }
    return result
  }

  @Test(arguments: [true, false])
  func renamingChangesNoNumber(keepingLast: Bool) throws {
    let known: [(WeightSet, Configuration)] = [
      (Blueprint.gpt2().weightSet(), Blueprint.gpt2Configuration),
      (Blueprint.llama().weightSet(), Blueprint.llamaConfiguration()),
      (
        Blueprint.opt(layers: 12, hidden: 768, embedding: 768, normsBefore: true).weightSet(),
        configuration(["model_type": "opt", "num_hidden_layers": 12])
      ),
    ]
    for (set, configuration) in known {
      let before = ModelDescription(weightSet: set, configuration: configuration)
      let after = ModelDescription(
        weightSet: renamed(set, keepingLast: keepingLast), configuration: configuration)
      #expect(!after.isRecognised && (after.isRenamed ? after.family == before.family : !keepingLast))
      #expect(after.findings.map(\.rule).contains("family-not-recognised"))
      #expect(after.layerCount?.value == before.layerCount?.value)
      #expect(after.parameterCount == before.parameterCount)
      #expect(after.hiddenSize?.value == before.hiddenSize?.value)
      #expect(after.vocabularySize?.value == before.vocabularySize?.value)
      #expect(after.intermediateSize?.value == before.intermediateSize?.value)
    }
  }

  @Test func shapesGiveTheParts() throws {
    let set = renamed(Blueprint.llama().weightSet(), keepingLast: true)
    let model = ModelDescription(weightSet: set, configuration: nil)
    let modules = try #require(model.layers.first).modules
    #expect(
      Set(modules.keys) == [
        .inputNorm, .query, .key, .value, .attentionOutput, .preMLPNorm, .gate, .up, .down,
      ])
    #expect(modules[.key]?.weight == [1024, 4096])
    #expect(model.hiddenSize?.provenance == .derived)
  }

  /// A table with more rows than the configuration has tokens is padded: its rows are what is in memory.
  @Test func paddedVocabulary() throws {
    let set = renamed(Blueprint.llama().weightSet(), keepingLast: true)
    let rows = try #require(ModelDescription(weightSet: set, configuration: nil).vocabularySize?.value)
    let padded = configuration(["model_type": "unknown", "vocab_size": .integer(rows - 2)])
    #expect(ModelDescription(weightSet: set, configuration: padded).vocabularySize?.value == rows)
  }

  @Test func transposedStorageShowsInItsBiases() throws {
    let set = renamed(Blueprint.gpt2().weightSet(), keepingLast: true)
    let model = ModelDescription(weightSet: set, configuration: nil)
    let modules = try #require(model.layers.first).modules
    #expect(modules[.fusedQKV]?.isTransposed == true)
    #expect(modules[.up]?.features?.output == 3072)
    #expect(modules[.down]?.features?.input == 3072)
  }

  @Test func namesWithoutDotsBeforeTheirNumbers() {
    var set = Blueprint.llama(layers: 4).weightSet()
    for index in set.tensors.indices {
      let name = set.tensors[index].name
      guard name.hasPrefix("model.layers.") else { continue }
      set.tensors[index].name = "blocks_" + name.dropFirst("model.layers.".count)
    }
    let model = ModelDescription(weightSet: set, configuration: nil)
    #expect(model.layerCount?.value == 4)
    #expect(model.hiddenSize?.value == 4096)
  }

  @Test func aNumberSignInANameIsNoIndex() {
    var blueprint = Blueprint.gpt2()
    blueprint.add("transformer.h.#.extra", 4)
    let set = blueprint.weightSet()
    let model = ModelDescription(weightSet: set, configuration: Blueprint.gpt2Configuration)
    #expect(model.layers.count == 12)
    let odd = set.tensors.firstIndex { $0.name.contains("#") }
    #expect(odd.map { model.placements[$0].layer } == .some(nil))
  }

  @Test func knownNamesWithoutConfiguration() {
    let model = ModelDescription(weightSet: Blueprint.gpt2().weightSet(), configuration: nil)
    #expect(model.family == "gpt2" && !model.isRecognised)
    #expect(model.headCount?.provenance == .assumed)
  }
}
