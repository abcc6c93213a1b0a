internal import Checkpoint
internal import Graph
internal import Units

extension ModuleLowering {
  /// `ForCausalLMLoss` (transformers/loss/loss_utils.py) of logits [B, S, V]: in fp32, with labels shifted by one.
  func causalLoss(_ g: inout GraphBuilder, _ logits: Tensor, _ labels: Tensor) -> Tensor {
    let wide = g.hold(g.cast(logits, to: .float32))
    let shifted = self.shifted(&g, labels)
    let count = labels.shape[0] * labels.shape[1]
    let rows = g.reshape(wide, [count, wide.shape[2]])
    return g.crossEntropy(rows, g.reshape(shifted, [count]))
  }

  /// Labels [B, S], each in the place of the token before it.
  func shifted(_ g: inout GraphBuilder, _ labels: Tensor) -> Tensor {
    let padded = g.hold(g.create("constant_pad_nd", [labels], [labels.shape[0], labels.shape[1] + 1], .int64))
    return g.create("clone", [padded], labels.shape, .int64)
  }

  // MARK: - Classification

  /// How many labels a classifier gives, L.
  var labelCount: Int { description.labelCount?.value ?? 2 }

  /// What the labels of a sequence or an image are: what `problem_type` says, else a number where there is one output,
  /// else one label.
  private var problem: ClassProblem {
    switch configuration?.string("problem_type") {
    case "regression": .regression
    case "multi_label_classification": .multiLabel
    case "single_label_classification": .singleLabel
    default: labelCount == 1 ? .regression : .singleLabel
    }
  }

  /// The labels of a batch.
  func classLabels(_ g: inout GraphBuilder) -> Tensor {
    switch problem {
    case .singleLabel: return g.input("labels", [batch], .int64)
    case .regression where labelCount == 1: return g.input("labels", [batch], .float32)
    case .regression, .multiLabel: return g.input("labels", [batch, labelCount], .float32)
    }
  }

  /// `ForSequenceClassificationLoss` of logits [B, L].
  func classLoss(_ g: inout GraphBuilder, _ logits: Tensor, _ labels: Tensor) -> Tensor {
    switch problem {
    case .singleLabel: g.crossEntropy(logits, labels)
    case .multiLabel: g.pointwiseLoss("binary_cross_entropy_with_logits", logits, labels)
    case .regression: g.pointwiseLoss("mse_loss", g.reshape(logits, labels.shape), labels)
    }
  }
}

private enum ClassProblem {
  case singleLabel, multiLabel, regression
}
