internal import Checkpoint

/// The head of the class that the configuration names.
extension ModelAudit {
  /// The head of the class that the configuration names against the one that is stored.
  mutating func headClass() {
    guard let architecture = settings.architecture else { return }
    let isClassifier = architecture.hasSuffix("ForSequenceClassification")
    let isLanguageModel = architecture.hasSuffix("ForCausalLM") || architecture.hasSuffix("LMHeadModel")
    let classifier = model.modules[.classifier]
    let head = model.modules[.head]
    if isLanguageModel, head == nil, let classifier {
      findings.add(
        .warning, .headClassMismatch, file: settings.file, tensor: "\(classifier.path).weight",
        "\(architecture) has a head over the vocabulary, and a classifier is stored")
    } else if isClassifier, classifier == nil, let head, head.path.hasSuffix("lm_head") {
      findings.add(
        .warning, .headClassMismatch, file: settings.file, tensor: "\(head.path).weight",
        "\(architecture) has a classifier, and a head over the vocabulary is stored")
    }
    let isBody = architecture.hasSuffix("Model") && !architecture.contains("Reward")
    // Without a row, and without shapes, a head over the vocabulary is not told from other modules.
    guard !isBody, TrainingTask(architecture: architecture) == nil, head == nil, classifier == nil, family != nil,
      !model.layers.isEmpty
    else { return }
    let own = model.others.filter { !$0.path.contains("#") && !$0.path.isPerception }
    guard let first = own.first, own.count <= 8 else { return }
    findings.add(
      .note, .taskHead, file: settings.file, tensor: "\(first.path).weight",
      "\(architecture) has no head over the vocabulary; beside the layers it stores "
        + own.map(\.path).joined(separator: ", "))
  }
}
