/// What a model is trained to answer, and with it which of its family's classes in transformers is trained.
public enum TrainingTask: String, CaseIterable, Sendable {
  /// The next token, of one sequence or of what is written about another (`ForCausalLM`, `ForConditionalGeneration`).
  case causalLM = "causal-lm"
  /// The tokens behind a mask (`ForMaskedLM`).
  case maskedLM = "masked-lm"
  /// One label, several or a number for a sequence (`ForSequenceClassification`).
  case sequenceClassification = "sequence-classification"
  /// A label for each token (`ForTokenClassification`).
  case tokenClassification = "token-classification"
  /// Whether a token was replaced (`ElectraForPreTraining`).
  case replacedTokenDetection = "replaced-token-detection"
  /// One label, several or a number for an image (`ForImageClassification`).
  case imageClassification = "image-classification"
  /// Which text belongs to which image (`CLIPModel`).
  case contrastive
}

extension TrainingTask {
  /// The task of a class by how its name ends; nil where the name tells none of these.
  init?(architecture: String) {
    let endings: [(String, TrainingTask)] = [
      ("ForCausalLM", .causalLM), ("LMHeadModel", .causalLM), ("ForMaskedLM", .maskedLM),
      ("ForSequenceClassification", .sequenceClassification), ("ForTokenClassification", .tokenClassification),
      ("ForImageClassification", .imageClassification),
    ]
    guard let task = endings.first(where: { architecture.hasSuffix($0.0) })?.1 else { return nil }
    self = task
  }

  /// Whether the class gives labels, as many as the configuration names.
  public var isClassification: Bool {
    switch self {
    case .sequenceClassification, .tokenClassification, .imageClassification: true
    case .causalLM, .maskedLM, .replacedTokenDetection, .contrastive: false
    }
  }

  /// Whether PEFT has a task type for it under which it trains a copy of the classifier.
  var copiesClassifier: Bool { self == .sequenceClassification || self == .tokenClassification }
}
