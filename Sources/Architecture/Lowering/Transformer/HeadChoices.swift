/// What one of a family's classes runs behind the last hidden states, step by step.
struct HeadChoices: Sendable {
  typealias Setting = ConfiguredValue

  enum Step: Sendable {
    /// The features of the first token: [B, S, F] to [B, F].
    case firstToken
    /// The first token's, or the mean of all, as the configuration says (ModernBERT).
    case pooled(Setting<String>)
    /// The first token's beside the mean of the others: [B, S, F] to [B, 2 · F].
    case firstTokenAndMean
    /// The output at the last token that is no padding: [B, S, L] to [B, L].
    case lastToken
    /// By the first of these keys that the configuration has.
    case dropout([String], Double)
    case linear(Linear)
    case activation(Setting<String>)
    case norm(Role, String, bias: Setting<Bool>)
    /// The matrix over the vocabulary.
    case vocabulary(Linear)
    /// An axis of one output goes (`squeeze(-1)`).
    case squeezed

    static func dropout(_ key: String, _ value: Double) -> Step { .dropout([key], value) }
    static func activation(_ name: String) -> Step { .activation(Setting("", name)) }
    static func norm(_ role: Role, _ name: String) -> Step { .norm(role, name, bias: Setting("", true)) }
  }

  /// A linear layer of the head: the part that it plays, and what its class calls it.
  struct Linear: Sendable {
    enum Outputs: Sendable {
      case hidden, embedding, labels, one, vocabulary
    }

    var role: Role
    var name: String
    var outputs: Outputs
    var bias: Setting<Bool>

    init(_ role: Role, _ name: String, _ outputs: Outputs = .hidden, bias: Setting<Bool> = Setting("", true)) {
      self.role = role
      self.name = name
      self.outputs = outputs
      self.bias = bias
    }
  }

  var steps: [Step]
  /// Whether the loss is taken of logits in fp32, whatever they are computed in.
  var upcastsLogits = false
  /// Whether the last token's logits are cut off, which copies the others, instead of the labels being padded (Qwen).
  var cutsLogits = false

  /// What the head's modules are called, and the parts that they play.
  var names: [String: Role] {
    steps.reduce(into: [:]) { names, step in
      switch step {
      case .linear(let linear), .vocabulary(let linear): names[linear.name] = linear.role
      case .norm(let role, let name, _): names[name] = role
      case .firstToken, .firstTokenAndMean, .pooled, .lastToken, .dropout, .activation, .squeezed: break
      }
    }
  }
}

extension Family {
  /// The heads of the family's classes; nil where its forward pass is not known.
  var heads: [TrainingTask: HeadChoices]? { forward?.heads }

  /// What the modules of those heads are called.
  var headNames: [String: Role] {
    (heads ?? [:]).values.reduce(into: [:]) { $0.merge($1.names) { $1 } }
  }
}

// MARK: - Heads that several families have

extension HeadChoices {
  /// A matrix over the vocabulary, its bias where one is stored.
  static let nextToken = HeadChoices(
    steps: [.vocabulary(Linear(.head, "lm_head", .vocabulary, bias: Setting("", false)))], upcastsLogits: true)

  /// `GenericForSequenceClassification` (transformers/modeling_layers.py) and what earlier decoders wrote out.
  static let lastTokenScore = HeadChoices(
    steps: [.linear(Linear(.classifier, "score", .labels, bias: Setting("", false))), .lastToken])

  /// `GenericForTokenClassification`.
  static let tokenScore = HeadChoices(
    steps: [
      .dropout(["classifier_dropout", "hidden_dropout"], 0.1),
      .linear(Linear(.classifier, "score", .labels, bias: Setting("token_classification_bias", true))),
    ], upcastsLogits: true)

  /// The same as decoders before Llama have it, and a loss in the logits' own type.
  static let tokenClassifier = HeadChoices(
    steps: [
      .dropout(["classifier_dropout", "hidden_dropout"], 0.1), .linear(Linear(.classifier, "classifier", .labels)),
    ])

  /// Dropout and a linear layer over each token, as encoders have it.
  static let encoderTokens = HeadChoices(
    steps: [
      .dropout(["classifier_dropout", "hidden_dropout_prob"], 0.1), .linear(Linear(.classifier, "classifier", .labels)),
    ])

  /// `RobertaClassificationHead`, `ElectraClassificationHead`.
  static func denseClassifier(_ activation: String) -> HeadChoices {
    HeadChoices(steps: [
      .firstToken, .dropout(["classifier_dropout", "hidden_dropout_prob"], 0.1),
      .linear(Linear(.classifierTransform, "classifier.dense")), .activation(activation),
      .dropout(["classifier_dropout", "hidden_dropout_prob"], 0.1),
      .linear(Linear(.classifier, "classifier.out_proj", .labels)),
    ])
  }

  /// A linear layer over the class token of an image.
  static let imageClassifier: [TrainingTask: HeadChoices] = [
    .imageClassification: HeadChoices(steps: [.firstToken, .linear(Linear(.classifier, "classifier", .labels))])
  ]

  /// Decoders laid out as Llama.
  static let decoder: [TrainingTask: HeadChoices] = [
    .causalLM: .nextToken, .sequenceClassification: .lastTokenScore, .tokenClassification: .tokenScore,
  ]

  /// Decoders that have no class for tokens.
  static let withoutTokens: [TrainingTask: HeadChoices] = [
    .causalLM: .nextToken, .sequenceClassification: .lastTokenScore,
  ]

  /// Decoders laid out as GPT-2.
  static let gpt2: [TrainingTask: HeadChoices] = [
    .causalLM: .nextToken, .sequenceClassification: .lastTokenScore, .tokenClassification: .tokenClassifier,
  ]
}
