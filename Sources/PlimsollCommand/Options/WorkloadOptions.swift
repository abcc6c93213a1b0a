internal import Architecture
internal import ArgumentParser
internal import Graph
internal import TrainingStep

/// What is trained, and how: the workload flags of `estimate`, `plan` and `compare`.
struct WorkloadOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What the model is trained to answer, where its config.json does not say or another head is wanted; "
        + "a head that the checkpoint lacks is newly initialised (default: the checkpoint's own).",
      valueName: "t"))
  var task: TrainingTask?

  @Option(
    help: ArgumentHelp(
      "Labels that a classifier gives (default: those of the stored one or of config.json, else 2).", valueName: "n"))
  var labels: Int?

  @Option(help: ArgumentHelp("Sequences or images per GPU and micro-step.", valueName: "n"))
  var batchSize = 1

  @Option(
    help: ArgumentHelp("Tokens per sequence (default: the smaller of 2048 and the model's maximum).", valueName: "n"))
  var sequenceLength: Int?

  @Option(help: ArgumentHelp("Pixels a side of an image (default: the configuration's).", valueName: "n"))
  var imageSize: Int?

  @Option(help: ArgumentHelp("Images per sample of a vision-language model; 0 trains on text alone.", valueName: "n"))
  var images = 0

  @Option(
    help: ArgumentHelp(
      "Type of weights and computation; the mixed ones are autocast over fp32 weights (default: the checkpoint's own).",
      valueName: "p"))
  var precision: ForwardSettings.Precision?

  @Option(help: ArgumentHelp("The optimizer; adamw is torch.optim.AdamW in its foreach form.", valueName: "o"))
  var optimizer: Optimizer = .adamW

  @Option(
    help: ArgumentHelp("Rows or columns that galore-adamw projects a gradient onto.", valueName: "r"))
  var galoreRank = 128

  @Option(
    help: ArgumentHelp(
      "Comma-separated parts of the names of the linear layers that it projects, or all-linear.", valueName: "names"))
  var galoreTargets = "attn,mlp"

  @Option(help: ArgumentHelp("How attention is computed; sdpa is what torch picks for the case.", valueName: "a"))
  var attention: ForwardSettings.Attention = .sdpa

  @Option(
    help: ArgumentHelp(
      "Whether the batch is padded, so that an attention mask is built and passed (true or false).", valueName: "b"))
  var padding = false

  @Option(help: ArgumentHelp("Activation checkpointing of the layers.", valueName: "c"))
  var checkpointing: Checkpointing = .none

  @Option(help: ArgumentHelp("Train LoRA adapters of this rank instead of the weights.", valueName: "r"))
  var loraRank: Int?

  @Option(
    help: ArgumentHelp(
      "Comma-separated names of the modules that get an adapter, or all-linear "
        + "(default: q_proj,v_proj or the family's equivalent; of --method lamda all-linear).",
      valueName: "names"))
  var loraTargets: String?

  @Option(help: ArgumentHelp("Comma-separated names of modules that get none.", valueName: "names"))
  var loraExclude: String?

  @Option(help: ArgumentHelp("Dropout in front of each adapter.", valueName: "p"))
  var loraDropout = 0.0

  @Flag(help: "Learn magnitude and direction of each weight apart (DoRA).")
  var dora = false

  @Option(
    help: ArgumentHelp(
      "Train otherwise: virtual tokens in front of the sequence (prompt) or of every layer's keys and values (prefix), "
        + "the vectors of (IA)³, all as PEFT does it; square matrices between frozen and trained factors of --lora-rank "
        + "(lamda); or convolutions with their norms folded in (convbn-tune). What s2a keeps is not known, so it is "
        + "refused.",
      valueName: "m"))
  var method: MethodChoice?

  @Option(help: ArgumentHelp("How many virtual tokens --method prompt or prefix trains (default: 20).", valueName: "n"))
  var virtualTokens: Int?

  @Flag(help: "Let a network of two layers make the keys and values of --method prefix (PEFT's prefix_projection).")
  var prefixProjection = false

  @Option(
    help: ArgumentHelp(
      "Quantise the frozen base weights, as bitsandbytes does (int8, nf4, nf4-double), or take the edition that GPTQ "
        + "packed in groups of 128 (gptq-int4, gptq-int8).",
      valueName: "q"))
  var quantize: QuantizationChoice = .none

  @Flag(help: "Bring quantised weights back whole on loading, as transformers does of FP8 and MXFP4 (dequantize=True).")
  var dequantize = false

  @Option(
    help: ArgumentHelp(
      "Whether norms, embeddings and head are held in fp32, as PEFT's prepare_model_for_kbit_training leaves them "
        + "(true or false).",
      valueName: "b"))
  var prepareKbit = false

  @Option(
    help: ArgumentHelp("A glob of parameter names that do not train; may be repeated.", valueName: "pattern"))
  var freeze: [String] = []

  @Option(help: ArgumentHelp("Micro-steps per optimizer step.", valueName: "n"))
  var accumulate = 1

  @Option(
    help: ArgumentHelp(
      "Clip the norm of the gradients before each update, as the HF Trainer does at 1.0 (default: not clipped).",
      valueName: "norm"))
  var maxGradNorm: Double?

  @Option(
    help: ArgumentHelp(
      "How hidden states become a loss: as the model's class does it, in eight chunks as torchtune does, "
        + "or fused as Liger does.",
      valueName: "l"))
  var loss: ForwardSettings.Loss = .transformers

  @Option(
    help: ArgumentHelp(
      "What runs norms, rotation and gated MLPs: the operators of the model's class, or Liger's kernels. "
        + "The Trainer's use_liger_kernel is --kernels liger --loss fused.",
      valueName: "k"))
  var kernels: ForwardSettings.Kernels = .eager

  @Option(
    help: ArgumentHelp(
      "The training loop: plain, as written by hand, or accelerate, as the HF Trainer wraps it.", valueName: "l"))
  var loop: ForwardSettings.Loop = .accelerate

  @Option(
    help: ArgumentHelp("Whether the model builds its key/value cache in the forward (true or false).", valueName: "b"))
  var useCache = false

  /// The names in a comma-separated list.
  static func names(_ list: String?) -> [String] {
    (list ?? "").split(separator: ",").map(String.init)
  }

  func validate() throws {
    try Limits.check(labels, "--labels", 1...Limits.count)
    try Limits.check(batchSize, "--batch-size", 1...Limits.count)
    try Limits.check(sequenceLength, "--sequence-length", 1...Limits.tokens)
    try Limits.check(imageSize, "--image-size", 1...Limits.count)
    try Limits.check(images, "--images", 0...Limits.count)
    try Limits.check(loraRank, "--lora-rank", 1...Limits.count)
    try Limits.check(virtualTokens, "--virtual-tokens", 1...Limits.count)
    guard virtualTokens == nil || method == .prompt || method == .prefix else {
      throw ValidationError("--virtual-tokens has no effect without --method prompt or prefix")
    }
    guard !prefixProjection || method == .prefix else {
      throw ValidationError("--prefix-projection has no effect without --method prefix")
    }
    guard method != .lamda || loraRank != nil else { throw ValidationError("--method lamda needs --lora-rank") }
    guard method == nil || method == .lamda || loraRank == nil else {
      throw ValidationError("--method and --lora-rank are two ways to train beside the model; choose one")
    }
    try Limits.check(galoreRank, "--galore-rank", 1...Limits.count)
    try Limits.check(accumulate, "--accumulate", 1...Limits.count)
    if let maxGradNorm, !(maxGradNorm > 0) {
      throw ValidationError("--max-grad-norm must be more than 0, and is \(maxGradNorm)")
    }
    guard loraDropout >= 0, loraDropout < 1 else {
      throw ValidationError("--lora-dropout must be at least 0 and less than 1, and is \(loraDropout)")
    }
    if quantize != .none, loraRank == nil {
      throw ValidationError("--quantize needs --lora-rank: quantised weights do not train")
    }
    if dequantize, quantize.packedBits != nil {
      throw ValidationError("--dequantize has no effect on the edition that --quantize \(quantize.rawValue) takes")
    }
    guard !dora || loraRank != nil && method == nil else {
      throw ValidationError("--dora has no effect without --lora-rank, or with --method")
    }
    for (flag, list) in [("--lora-targets", loraTargets), ("--lora-exclude", loraExclude)] {
      guard let list else { continue }
      guard loraRank != nil else { throw ValidationError("\(flag) has no effect without --lora-rank") }
      guard !Self.names(list).isEmpty else { throw ValidationError("\(flag) names no module") }
    }
  }
}
