internal import Graph

extension ModelDescription {
  /// Why there is no class of the family that is trained for the task; nil where there is.
  func whatTaskLacks(_ forward: ForwardChoices) -> String? {
    let hint = "--task names one of those that are"
    guard let task = task?.value else { return "the class that config.json names is not simulated yet; \(hint)" }
    guard forward.heads[task] != nil else {
      return "\(task.rawValue) is not simulated for the \(family) family yet; \(hint)"
    }
    let labels = labelCount?.value ?? 2
    return (1...1 << 24).contains(labels) ? nil : "\(labels) labels are more than any model has"
  }
}

extension TransformerLowering {
  /// Why the model cannot be trained for its task under these settings, where the family has a class for it; nil where it can.
  var whatTaskCannotRun: String? {
    if settings.loss != .transformers, task != .causalLM {
      return "a \(settings.loss.rawValue) loss is there for models that name the next token, and this one does not"
    }
    if task == .replacedTokenDetection, settings.isPadded {
      return "how many tokens of a padded batch count for \(task.rawValue) is not known beforehand"
    }
    for step in choices.heads[task]?.steps ?? [] {
      switch step {
      case .lastToken where padToken == nil && batch > 1:
        return "transformers takes one sequence at a time here, since config.json has no pad_token_id"
      case .linear(let linear) where linear.role == .classifierTransform && task.copiesClassifier:
        // The check in `AuxiliaryTrainingWrapper` (peft/utils/other.py).
        let isExempt = linear.name.split(separator: ".").contains { $0 == "classifier" || $0 == "score" }
        guard let adapters = settings.adapters, !isExempt, linear.name.isCopiedByPEFT, adapters.reach([linear.name])
        else { continue }
        return "PEFT refuses to adapt \(linear.name), of which it trains a copy; --lora-exclude leaves it out"
      default: continue
      }
    }
    return nil
  }
}
