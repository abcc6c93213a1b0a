internal import Checkpoint
internal import Units

extension Facts {
  /// Whether transformers 5.17 makes head and input embedding one tensor (`modeling_utils.py`, `tie_weights`): as the
  /// configuration or the class's default says; where both are stored, only if their values are equal, which no
  /// header tells.
  mutating func tiedEmbeddings(_ model: ModelDescription) -> Sourced<Bool>? {
    if weightSet.headIsEmbedding { return Sourced(true, .exact, source: "the graph multiplies by the embedding") }
    if weightSet.kind == .adapter, settings.modelType == nil { return nil }
    if let family = choice.family, !family.hasEmbeddingPair { return nil }
    let stacks = [model.modules] + model.otherStacks.map(\.modules)
    let embedding = stacks.lazy.compactMap { $0[.inputEmbedding] }.first
    let head = stacks.lazy.compactMap { $0[.head] }.first { $0.weight != nil || isPacked(.head) }
    guard embedding != nil || head != nil || !model.layers.isEmpty else { return nil }
    if let architecture = settings.architecture, !Self.hasHead(architecture) {
      return Sourced(false, .derived, source: "\(architecture) has no head over the vocabulary")
    }
    let said = settings.anyBoolean("tie_word_embeddings")
    let alias = head == nil ? embedding.flatMap(storedAlias) : nil
    let ties: Sourced<Bool>
    if choice.family?.tiesAlways == true {
      ties = Sourced(true, .derived, source: "transformers ties this family whatever its configuration says")
    } else if let said {
      ties = Sourced(said, .exact, source: "\(settings.file ?? "config.json") tie_word_embeddings")
    } else if let alias {
      ties = Sourced(true, .exact, source: "the files hold \(alias) as the same tensor")
    } else if let family = choice.family {
      ties = Sourced(family.tiesByDefault, .assumed, source: "the default of transformers for \(family.name)")
    } else {
      ties = Sourced(head == nil, .assumed, source: head == nil ? "no head is stored" : "a head is stored")
    }
    // A head that shares the embedding's bytes is there, whatever the configuration makes of it.
    if alias != nil { return ties }
    return checked(ties, embedding, head)
  }

  /// The head's name where the files have the embedding's weight under both.
  private func storedAlias(_ embedding: ModuleParameters) -> String? {
    let outside = choice.family?.outside ?? Family.decoderOutside
    let heads = outside.filter { $0.value == .head }.map { "\($0.key).weight" }
    return weightSet.metadata.lazy.compactMap { names in
      names.keys.sorted().first { name in
        names[name] == "\(embedding.path).weight" && heads.contains(where: name.endsAsPath)
      }
    }.first
  }

  private mutating func checked(
    _ ties: Sourced<Bool>, _ embedding: ModuleParameters?, _ head: ModuleParameters?
  ) -> Sourced<Bool> {
    switch (ties.value, head) {
    case (true, let head?):
      if let stored = head.weight, let embedded = embedding?.weight, stored != embedded {
        return Sourced(
          false, .exact, source: "\(head.path).weight and \(embedding?.path ?? "the embedding").weight differ in shape")
      }
      guard embedding != nil else { return ties }
      report(
        Finding(
          .note, .tiedHeadStored, file: settings.file, tensor: "\(head.path).weight",
          "the head is stored although it is tied to the input embedding"))
      return Sourced(true, .assumed, source: ties.source)
    case (false, nil) where embedding != nil && weightSet.kind == .model:
      report(
        Finding(
          .warning, .headNotStored, file: settings.file,
          "embeddings are not tied (\(ties.source)), but no head is stored: it would start from random values"))
    default: break
    }
    return ties
  }

  private func isPacked(_ role: Role) -> Bool {
    table.patterns.indices.contains {
      table.patterns[$0].part == .packedWeight && choice.assignment.roles[$0] == role
    }
  }

  /// Whether a class of transformers computes logits over the vocabulary; a bare body or a classifier does not.
  private static func hasHead(_ architecture: String) -> Bool {
    if architecture.contains("RewardModel") || architecture.contains("EncoderModel") { return false }
    if ["Classification", "QuestionAnswering", "RegressionHead", "MultipleChoice"].contains(
      where: architecture.contains)
    {
      return false
    }
    return !architecture.hasSuffix("Model") || architecture.hasSuffix("HeadModel") || architecture.hasSuffix("MTModel")
      || architecture.hasSuffix("HeadsModel")
  }
}
