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
    case .scaling?: assume("(IA)³", "vectors in fp32, on the modules that PEFT chooses for the family", "PEFT 0.21")
    }
    switch forward.loss {
    case .transformers: break
    case .chunked: assume("loss", "eight chunks, not compiled", "torchtune's CEWithChunkedOutputLoss")
    case .fused:
      assume(
        "loss", "fused with the head; norms, rotation and MLP as in transformers",
        "Liger 0.8 on compute capability 8.0 or more")
    }
    return result
  }
}
