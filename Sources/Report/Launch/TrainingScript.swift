internal import struct Graph.ForwardSettings
internal import Strategy
internal import TrainingStep
internal import Units

/// The text of `train.py`: one script for each engine whose run is written as a loop, of the parts that they share.
struct TrainingScript: Sendable {
  /// What wraps the model and drives the step.
  enum Loop: Sendable {
    case accelerate, deepspeed, torch
  }

  let request: LaunchRequest
  let loop: Loop

  var workload: Workload { request.workload }
  var forward: ForwardSettings { workload.forward }
  var layout: Layout { request.layout }
  var isDeepSpeed: Bool { layout.strategy.zeroStage != nil }
  /// Whether a pass is worth a look at each of its shards by DTensor or FSDP's flat parameters.
  var isSharded: Bool { [.fsdp, .fsdp1].contains(layout.strategy) || layout.strategy.zeroStage == 3 }

  var text: String {
    let parts = [heading, imports, constants, arguments, data, model, optimizers, main, start]
    return parts.map { $0.joined(separator: "\n") }.joined(separator: "\n\n\n") + "\n"
  }

  // MARK: - Head

  private var heading: [String] {
    [
      "# Fine-tuning as plimsoll planned it: \(layout.summary), \(forward.batchSize) x \(forward.sequenceLength) tokens a GPU",
      "# and micro-step, \(forward.precision.rawValue), \(workload.optimizer.rawValue). README.md has the command that starts it.",
    ]
  }

  private var imports: [String] {
    var standard: Set = ["import argparse", "import json", "import os"]
    var others: Set = ["import torch", "from torch.utils.data import DataLoader"]
    if !forward.frozen.isEmpty { standard.insert("import fnmatch") }
    others.insert(
      "from transformers import \((["AutoTokenizer", modelClass] + quantizationClass).sorted().joined(separator: ", "))"
    )
    if !techniqueClass.isEmpty || forward.isPreparedForKBitTraining {
      let names = techniqueClass + (forward.isPreparedForKBitTraining ? ["prepare_model_for_kbit_training"] : [])
      others.insert("from peft import \(names.sorted().joined(separator: ", "))")
    }
    if forward.loss == .fused { others.insert("from liger_kernel.transformers import _apply_liger_kernel_to_instance") }
    if kernel != nil { others.insert("from torch.nn.attention import SDPBackend, sdpa_kernel") }
    others.formUnion(optimizerImports + loopImports)
    let byModule = { (line: String) in line.split(separator: " ")[1] }
    let sorted = others.sorted { (byModule($0), $0) < (byModule($1), $1) }
    return standard.sorted() + [""] + sorted
  }

  private var constants: [String] {
    var lines = [
      "MODEL = \(Python.literal(request.checkpoint))",
      "BATCH_SIZE = \(forward.batchSize)  # sequences a GPU and micro-step",
      "SEQUENCE_LENGTH = \(forward.sequenceLength)",
      "ACCUMULATION = \(workload.accumulation)  # micro-steps an optimizer step",
      "LEARNING_RATE = \(learningRate.withPoint)",
    ]
    if let norm = request.gradientNorm { lines.append("MAX_GRADIENT_NORM = \(norm.withPoint)") }
    return lines
  }

  /// A usual one; the plan depends on none.
  var learningRate: Double { forward.adapters == nil && forward.technique == nil ? 1e-5 : 2e-4 }

  private var arguments: [String] {
    var lines = [
      "def read_arguments():",
      "    parser = argparse.ArgumentParser()",
      "    parser.add_argument(\"--model\", default=MODEL, help=\"the checkpoint's folder\")",
      "    parser.add_argument(\"--data\", help=\"\(dataHelp); random tokens without it\")",
      "    parser.add_argument(\"--output\", default=\"output\", help=\"the folder for what was trained\")",
      "    parser.add_argument(\"--steps\", type=int, default=100, help=\"optimizer steps\")",
    ]
    if loop == .deepspeed {
      lines.append("    parser.add_argument(\"--local_rank\", type=int, help=\"given by DeepSpeed's launcher\")")
    }
    return lines + ["    return parser.parse_args()"]
  }

  private var dataHelp: String {
    request.model.task == .sequenceClassification
      ? "a file with an object {\\\"text\\\": …, \\\"label\\\": …} a line"
      : "a file with an object {\\\"text\\\": …} a line"
  }

  private var start: [String] {
    guard let kernel else { return ["if __name__ == \"__main__\":", "    main()"] }
    return ["if __name__ == \"__main__\":", "    with sdpa_kernel(SDPBackend.\(kernel)):", "        main()"]
  }

  /// The one kernel of scaled_dot_product_attention that was planned with; nil where torch picks.
  private var kernel: String? {
    switch forward.attention {
    case .flash: "FLASH_ATTENTION"
    case .efficient: "EFFICIENT_ATTENTION"
    case .math: "MATH"
    case .cudnn: "CUDNN_ATTENTION"
    case .eager, .sdpa: nil
    }
  }
}

/// Words of Python.
enum Python {
  static func literal(_ text: String) -> String { JSONValue.string(text).onOneLine }
  static func literal(_ texts: [String]) -> String { JSONValue.array(texts.map(JSONValue.string)).onOneLine }
  static func literal(_ flag: Bool) -> String { flag ? "True" : "False" }

  static func type(_ type: DataType) -> String {
    switch type {
    case .bfloat16: "torch.bfloat16"
    case .float16: "torch.float16"
    default: "torch.float32"
    }
  }
}

extension StrategyKind {
  /// DeepSpeed's stage; nil for a strategy that is not DeepSpeed's.
  var zeroStage: Int? {
    switch self {
    case .zero1: 1
    case .zero2: 2
    case .zero3, .zeroPlusPlus, .zeroTopology, .deepOptimizerStates, .fuyou: 3
    case .single, .ddp, .zeroRedundancy, .fsdp, .fsdp1, .tp, .pp, .gemini: nil
    }
  }
}
