internal import Graph

extension TransformerLowering {
  /// Why the model cannot be trained for its task under these settings; nil where it can.
  var whatTaskCannotRun: String? {
    let hint = "--task names one of those that are"
    guard let task = description.task?.value else {
      return "the class that config.json names is not simulated yet; \(hint)"
    }
    guard let head = choices.heads[task] else {
      return "\(task.rawValue) is not simulated for the \(description.family) family yet; \(hint)"
    }
    guard (1...1 << 24).contains(labelCount) else { return "\(labelCount) labels are more than any model has" }
    if settings.loss != .transformers, task != .causalLM {
      return "a \(settings.loss.rawValue) loss is there for models that name the next token, and this one does not"
    }
    if task == .replacedTokenDetection, settings.isPadded {
      return "how many tokens of a padded batch count for \(task.rawValue) is not known beforehand"
    }
    for step in head.steps {
      switch step {
      case .lastToken where padToken == nil && batch > 1:
        return "transformers takes one sequence at a time here, since config.json has no pad_token_id"
      case .linear(let linear) where linear.role == .classifierTransform && task.isClassification:
        // The check in `AuxiliaryTrainingWrapper` (peft/utils/other.py).
        let isExempt = linear.name.split(separator: ".").contains { $0 == "classifier" || $0 == "score" }
        guard let adapters = settings.adapters, !isExempt, linear.name.isCopiedByPEFT, adapters.reach(linear.name)
        else { continue }
        return "PEFT refuses to adapt \(linear.name), of which it trains a copy; --lora-exclude leaves it out"
      default: continue
      }
    }
    return nil
  }
}
