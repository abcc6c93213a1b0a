/// What a model is trained to answer, and with it which of its family's classes in transformers is trained.
public enum TrainingTask: String, CaseIterable, Sendable {
  /// The next token (`ForCausalLM`).
  case causalLM = "causal-lm"
  /// The tokens behind a mask (`ForMaskedLM`).
  case maskedLM = "masked-lm"
  /// One label, several or a number for a sequence (`ForSequenceClassification`).
  case sequenceClassification = "sequence-classification"
  /// A label for each token (`ForTokenClassification`).
  case tokenClassification = "token-classification"
  /// Whether a token was replaced (`ElectraForPreTraining`).
  case replacedTokenDetection = "replaced-token-detection"
}

extension TrainingTask {
  /// The task of a class by how its name ends; nil where the name tells none of these.
  init?(architecture: String) {
    let endings: [(String, TrainingTask)] = [
      ("ForCausalLM", .causalLM), ("LMHeadModel", .causalLM), ("ForMaskedLM", .maskedLM),
      ("ForSequenceClassification", .sequenceClassification), ("ForTokenClassification", .tokenClassification),
    ]
    guard let task = endings.first(where: { architecture.hasSuffix($0.0) })?.1 else { return nil }
    self = task
  }

  /// Whether the class gives labels, as many as the configuration names.
  public var isClassification: Bool { self == .sequenceClassification || self == .tokenClassification }
}
