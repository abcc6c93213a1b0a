internal import Architecture
internal import Checkpoint
internal import Graph
internal import Strategy
internal import TrainingStep

/// One traced run of a truth table: a model, its settings, and what was allocated.
struct TruthRow {
  var id: String
  var model: String
  /// The checkpoint's folder.
  var folder: String
  /// The settings in the table's words, for grouping.
  var settings: [String: String]
  var workload: Workload
  var layout: Strategy.Layout
  /// Peak of the second step, in bytes.
  var peak: Int
  /// Peak of each of its phases.
  var phases: [Phase: Int]

  /// What was alive at the peak, by category; empty where the table does not say.
  var atPeak: [Category: Int]

  /// The table's words for what an allocation is for.
  private static let categories: KeyValuePairs<String, Category> = [
    "params": .parameters, "grads": .gradients, "opt_state": .optimizerStates, "act": .activations,
    "weight_casts": .weightCasts, "temp_forward": .temporaries, "temp_backward": .temporaries,
    "temp_optimizer": .temporaries, "inputs": .inputs, "buffers": .buffers, "unsharded_params": .communication,
    "ddp_buckets": .communication,
  ]

  /// A reason why a row is not simulated, instead of the row.
  struct Unsupported: Error {
    var id: String
    var reason: String
  }

  init(_ row: Configuration) throws {
    let id = row.string("id") ?? "?"
    guard let settings = row.section("settings"), let results = row.section("results"),
      let folder = row.string("folder"), let peak = results.integer("peak"),
      let batch = settings.integer("batch"), let length = settings.integer("seq")
    else { throw Unsupported(id: id, reason: "not a row of a truth table") }
    layout = try Self.layout(settings.section("parallel"), id)
    self.id = id
    self.folder = folder
    self.peak = peak
    model = row.string("model") ?? folder
    let peaks = results.section("phase_peaks")
    phases = [Phase.forward, .backward, .optimizer].reduce(into: [:]) { phases, phase in
      phases[phase] = peaks?.integer("2/\(phase.rawValue)")
    }
    let alive = results.section("at_peak")
    atPeak = Self.categories.reduce(into: [:]) { sums, name in
      if let bytes = alive?.integer(name.key) { sums[name.value, default: 0] += bytes }
    }
    self.settings = ["precision", "optimizer", "gc", "attn", "peft", "loop"].reduce(into: [:]) {
      $0[$1] = settings.string($1)
    }

    func word<Value>(_ key: String, _ values: [String: Value]) throws -> Value {
      let text = settings.string(key) ?? ""
      guard let value = values[text] else { throw Unsupported(id: id, reason: "\(key) \(text)") }
      return value
    }
    let attention = settings.string("attn") ?? ""
    let checkpointing = try word(
      "gc", ["off": Checkpointing.none, "nonreentrant": .nonReentrant, "reentrant": .reentrant])
    var forward = ForwardSettings(
      batchSize: batch, sequenceLength: length,
      precision: try word(
        "precision", ["fp32": .fp32, "bf16": .bf16, "fp16": .fp16, "bf16_amp": .bf16Mixed, "fp16_amp": .fp16Mixed]),
      attention: try word(
        "attn",
        [
          "eager": .eager, "sdpa": .sdpa, "sdpa_pad": .sdpa, "sdpa_eff": .efficient, "sdpa_math": .math,
          "sdpa_cudnn": .cudnn,
        ]),
      isPadded: attention.hasSuffix("_pad"),
      // transformers switches the cache off where it checkpoints.
      usesCache: settings.boolean("use_cache") == true && checkpointing == .none,
      loop: try word("loop", ["plain": .plain, "accelerate": .accelerate]),
      loss: ForwardSettings.Loss(rawValue: settings.string("loss") ?? "") ?? .transformers)
    forward.imageSize = settings.integer("image")
    forward.imagesPerSample = settings.integer("image_inputs") ?? 0
    if let scheme = settings.string("quantize") { forward.quantization = Quantization(rawValue: scheme) }
    forward.kernels = ForwardSettings.Kernels(rawValue: settings.string("kernels") ?? "") ?? .eager
    forward.isPreparedForKBitTraining = settings.boolean("kbit") ?? false
    if settings.string("experts") == "worst" { forward.expertBalance = .worst }
    forward.frozen = settings.strings("freeze") ?? []
    let peft = settings.string("peft") ?? "none"
    let virtualTokens = settings.integer("virtual") ?? 20
    let techniques: [String: Technique.Kind] = [
      "ia3": .scaling, "prompt": .prompt(virtualTokens: virtualTokens),
      "prefix": .prefix(virtualTokens: virtualTokens, isProjected: settings.boolean("projection") ?? false),
      "convbn": .tunedConvolutions,
    ]
    if let kind = techniques[peft] {
      forward.technique = Technique(kind)
    } else if peft != "none" {
      let type = row.string("model_type") ?? ""
      // PEFT refuses dropout on experts, and cannot adapt Llama 4's router.
      let isSparse =
        type.contains("moe") || ["mixtral", "deepseek_v2", "deepseek_v3", "gpt_oss", "llama4_text"].contains(type)
      forward.adapters = LowRankAdapters(
        peft == "lamda" ? .lamda : settings.boolean("dora") == true ? .dora : .pair,
        rank: settings.integer("rank") ?? 16,
        targets: settings.strings("targets").map { .names($0) }
          ?? (["lora_all", "lamda"].contains(peft) ? .allLinear : .usual(of: type)),
        excluded: type == "llama4_text" ? ["router"] : [],
        dropout: settings.number("dropout") ?? settings.section("lora")?.number("dropout") ?? (isSparse ? 0 : 0.05))
    }
    let optimizerName = settings.string("optimizer") == "zero1_adamw" ? "adamw" : settings.string("optimizer") ?? ""
    guard let optimizer = Optimizer(rawValue: String(optimizerName.map { $0 == "_" ? "-" : $0 })) else {
      throw Unsupported(id: id, reason: "optimizer \(settings.string("optimizer") ?? "")")
    }
    workload = Workload(
      forward: forward, optimizer: optimizer, checkpointing: checkpointing,
      accumulation: settings.section("parallel")?.integer("micro") ?? settings.integer("accum") ?? 1, clipsGradients: settings.number("clip") != nil,
      projection: GradientProjection(rank: settings.integer("galore_rank") ?? 128))
  }
  /// How a run is spread over GPUs, in the table's words.
  private static func layout(_ parallel: Configuration?, _ id: String) throws -> Strategy.Layout {
    guard let parallel else { return Strategy.Layout(.single, ParallelDegrees()) }
    let kind = parallel.string("kind") ?? ""
    let kinds: [String: StrategyKind] = [
      "fsdp2": .fsdp, "ddp": .ddp, "zero1": .zeroRedundancy, "tp": .tp, "fsdp1": .fsdp1,
    ]
    guard let strategy = kinds[kind], let world = parallel.integer("world") else {
      throw Unsupported(id: id, reason: "parallelism \(kind)")
    }
    var layout = Strategy.Layout(
      strategy, strategy == .tp ? ParallelDegrees(tensor: world) : ParallelDegrees(data: world))
    layout.engine.usesBucketView = parallel.boolean("bucket_view") ?? false
    layout.engine.reshardsAfterForward = parallel.boolean("reshard") ?? true
    if let policy = parallel.string("mp") {
      layout.engine.parameterType = .bfloat16
      if policy == "bf16_reduce32" { layout.engine.reductionType = .float32 }
    }
    return layout
  }
}
