internal import Checkpoint
internal import Units

extension Facts {
  /// What the checkpoint's class is trained to answer; nil where its class is known and has no such task.
  ///
  /// A bare body has no task: then it is taken to be trained further as it was first, on tokens.
  func task(_ model: ModelDescription) -> Sourced<TrainingTask>? {
    let heads = choice.family?.heads ?? TransformerChoices().heads
    if let name = settings.architecture {
      let source = "\(settings.file ?? "config.json") architectures"
      if let task = TrainingTask(architecture: name) { return Sourced(task, .exact, source: source) }
      if let task = choice.family?.forward?.task(ofClass: name) { return Sourced(task, .exact, source: source) }
      if name.hasSuffix("ForPreTraining"), heads[.replacedTokenDetection] != nil {
        return Sourced(.replacedTokenDetection, .exact, source: source)
      }
      guard name.hasSuffix("Model") || name.hasSuffix("ForPreTraining") else { return nil }
    }
    let what = settings.architecture.map { "\($0) has no loss of its own" } ?? "no class is named"
    if settings.architecture == nil, model.modules[.classifier] != nil, heads[.sequenceClassification] != nil {
      return Sourced(.sequenceClassification, .assumed, source: "\(what), and a classifier is stored")
    }
    let usual = [TrainingTask.causalLM, .maskedLM, .imageClassification, .contrastive].first { heads[$0] != nil }
    return usual.map { Sourced($0, .assumed, source: "\(what); --task says another") }
  }

  /// How many labels a classifier gives: rows of the stored one, else what the configuration names, else two, as
  /// `PreTrainedConfig` has it.
  func labelCount(_ model: ModelDescription) -> Sourced<Int> {
    let stored = model.modules[.classifier] ?? model.others.first { choice.family?.headNames[$0.path] == .classifier }
    if let classifier = stored, let features = classifier.features, features.output > 0 {
      return Sourced(features.output, .exact, source: "rows of \(classifier.path).weight")
    }
    if let named = settings.labelCount { return Sourced(named, .exact, source: settings.file ?? "config.json") }
    return Sourced(2, .assumed, source: "the default of transformers; --labels says another")
  }
}

extension ModelDescription {
  /// The model as it is loaded for another task: what the task's class lacks is left out, what the checkpoint lacks
  /// is newly initialised.
  public func loaded(for task: TrainingTask?, labels: Int?) -> ModelDescription {
    var copy = self
    if let task { copy.task = Sourced(task, .exact, source: "--task") }
    if let labels { copy.labelCount = Sourced(labels, .exact, source: "--labels") }
    return copy
  }
}
