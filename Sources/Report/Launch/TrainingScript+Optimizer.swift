internal import struct Graph.ForwardSettings
internal import Strategy
internal import TrainingStep

extension TrainingScript {
  /// DeepSpeed steps on the host with an Adam of its own.
  private var stepsOnHost: Bool {
    isDeepSpeed && [.optimizer, .all, .nvme].contains(layout.engine.offload)
  }

  var optimizerImports: [String] {
    if stepsOnHost { return ["from deepspeed.ops.adam import DeepSpeedCPUAdam"] }
    switch workload.optimizer {
    case .adamW8bit, .pagedAdamW8bit, .lion, .lion8bit: return ["import bitsandbytes"]
    case .adafactor: return ["from transformers.optimization import Adafactor"]
    case .galoreAdamW: return ["from galore_torch import GaLoreAdamW"]
    case .adamW, .adamWFused, .adamWLoop, .sgd, .sgdMomentum, .muon: return []
    }
  }

  /// The class of the optimizer and what it takes beside the parameters and the learning rate.
  var optimizerCall: (name: String, arguments: String) {
    if stepsOnHost { return ("DeepSpeedCPUAdam", ", adamw_mode=True") }
    switch workload.optimizer {
    case .adamW, .muon: return ("torch.optim.AdamW", ", foreach=True")
    case .adamWFused: return ("torch.optim.AdamW", ", fused=True")
    case .adamWLoop: return ("torch.optim.AdamW", ", foreach=False")
    case .adamW8bit: return ("bitsandbytes.optim.AdamW8bit", "")
    case .pagedAdamW8bit: return ("bitsandbytes.optim.PagedAdamW8bit", "")
    case .sgd: return ("torch.optim.SGD", "")
    case .sgdMomentum: return ("torch.optim.SGD", ", momentum=0.9")
    case .adafactor: return ("Adafactor", ", scale_parameter=False, relative_step=False")
    case .lion: return ("bitsandbytes.optim.Lion", "")
    case .lion8bit: return ("bitsandbytes.optim.Lion8bit", "")
    case .galoreAdamW: return ("GaLoreAdamW", "")
    }
  }

  /// `make_optimizers`: mostly one.
  var optimizers: [String] {
    let (name, arguments) = optimizerCall
    let all = "    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]"
    var lines = ["def make_optimizers(model):"]
    switch workload.optimizer {
    case .muon:
      lines += [
        "    \"\"\"Muon for the matrices of the layers, AdamW for embeddings, head and vectors.\"\"\"",
        "    outer = {id(model.get_input_embeddings().weight)}",
        "    if model.get_output_embeddings() is not None:",
        "        outer.add(id(model.get_output_embeddings().weight))",
        all,
        "    matrices = [p for p in parameters if p.ndim == 2 and id(p) not in outer]",
        "    rest = [p for p in parameters if p.ndim != 2 or id(p) in outer]",
        "    return [torch.optim.Muon(matrices, lr=LEARNING_RATE), \(name)(rest, lr=LEARNING_RATE\(arguments))]",
      ]
    case .galoreAdamW:
      let targets = Python.literal(workload.projection.targets)
      let test = workload.projection.targets == ["all-linear"] ? "" : " and any(part in name for part in \(targets))"
      lines += [
        "    \"\"\"Gradients of the linear layers that are named are projected onto a few rows or columns.\"\"\"",
        "    weights = [",
        "        module.weight for name, module in model.named_modules()",
        "        if isinstance(module, torch.nn.Linear) and module.weight.requires_grad\(test)",
        "    ]",
        "    projected = {id(weight) for weight in weights}",
        all,
        "    rest = [parameter for parameter in parameters if id(parameter) not in projected]",
        "    projection = {\"rank\": \(workload.projection.rank), \"update_proj_gap\": 200, \"scale\": 0.25, \"proj_type\": \"std\"}",
        "    return [GaLoreAdamW([{\"params\": rest}, {\"params\": weights, **projection}], lr=LEARNING_RATE)]",
      ]
    default:
      if keepsEmbeddingsWide {
        lines += [
          "    # An embedding keeps its states in 32 bits, as the Trainer of transformers has it.",
          "    for module in model.modules():",
          "        if isinstance(module, torch.nn.Embedding):",
          "            manager = bitsandbytes.optim.GlobalOptimManager.get_instance()",
          "            manager.register_module_override(module, \"weight\", {\"optim_bits\": 32})",
        ]
      }
      lines += [all, "    return [\(name)(parameters, lr=LEARNING_RATE\(arguments))]"]
    }
    return lines
  }

  private var keepsEmbeddingsWide: Bool {
    forward.loop == .accelerate && !stepsOnHost
      && [.adamW8bit, .pagedAdamW8bit, .lion8bit].contains(workload.optimizer)
  }
}
