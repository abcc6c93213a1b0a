internal import Graph
internal import TrainingStep

extension Workload {
  /// Which implementation stands behind a setting that has several.
  var assumptions: [Assumption] {
    var result: [Assumption] = []
    func assume(_ what: String, _ value: String, _ source: String) {
      result.append(Assumption(what: what, value: value, source: source))
    }
    switch optimizer {
    case .adamW8bit, .pagedAdamW8bit, .lion8bit:
      let embeddings = forward.loop == .accelerate ? "32 bits for embeddings, as the HF Trainer asks" : "8 bits"
      assume("optimizer states", embeddings, "bitsandbytes 0.50, blocks of 256")
    case .lion: assume("optimizer states", "fp32", "bitsandbytes 0.50")
    case .muon: assume("what is no matrix of a layer", "trained by AdamW (foreach)", "what torch.optim.Muon advises")
    case .galoreAdamW:
      assume(
        "projections", "kept from step to step", "every 200th step of galore-torch also decomposes the gradients anew")
    default: break
    }
    if optimizer == .pagedAdamW8bit {
      assume(
        "paged states", "not counted from 100,000 elements on",
        "managed memory, which torch does not allocate and the driver moves to the host when the GPU is full")
    }
    switch forward.technique?.kind {
    case nil: break
    case .prompt(let count)?: assume("prompt tuning", "\(count) virtual tokens in fp32", "PEFT 0.21")
    case .prefix(let count, let isProjected)?:
      let form = isProjected ? "by a network of two layers in fp32" : "in fp32"
      assume("prefix tuning", "keys and values of \(count) virtual tokens, \(form)", "PEFT 0.21")
    case .scaling?: assume("(IA)³", "vectors in fp32, on the modules that PEFT chooses for the family", "PEFT 0.21")
    case .tunedConvolutions?:
      assume(
        "ConvBN blocks", "Tune mode: norms in eval mode, folded into each convolution's weight as it runs",
        "arXiv 2305.11624, as torch's efficient_conv_bn_eval, run eagerly")
    }
    if forward.adapters?.form == .lamda {
      assume(
        "LaMDA", "A frozen, S and B trained, one rank everywhere, in the type of the weights; B not yet frozen",
        "arXiv 2406.12832, as its authors' code changes PEFT's LoRA layers")
    }
    switch forward.loss {
    case .transformers: break
    case .chunked: assume("loss", "eight chunks, not compiled", "torchtune's CEWithChunkedOutputLoss")
    case .fused:
      assume(
        "loss", "fused with the head", "Liger 0.8 on compute capability 8.0 or more")
    }
    if forward.kernels == .liger {
      assume(
        "kernels", "Liger's norms, rotation and SwiGLU, where it has the family's form",
        "liger-kernel 0.8; the Trainer's use_liger_kernel turns them on together with the fused loss")
    }
    return result
  }
}
