internal import struct Graph.ForwardSettings
internal import Strategy
internal import TrainingStep
internal import Units

/// `ds_config.json`, which DeepSpeed reads (deepspeed/runtime/config.py and zero/config.py, 0.19.8). JSON has no
/// comments: ``notes`` are for the page beside it.
struct DeepSpeedFile: Sendable {
  static let name = "ds_config.json"
  /// Where the NVMe drive is taken to be.
  static let drive = "/local_nvme"

  let request: LaunchRequest

  /// DeepSpeed's own defaults, in elements, written out so that they can be changed.
  private enum Elements {
    static let bucket = 500_000_000
    static let prefetch = 50_000_000
    static let persistence = 100_000
    static let live = 1_000_000_000
  }

  var text: String { String(decoding: JSONValue.object(fields.map(\.field)).encoded(), as: UTF8.self) }
  var notes: [(name: String, note: String)] { fields.compactMap { entry in entry.note.map { (entry.field.name, $0) } } }

  private struct Entry {
    var field: JSONValue.Field
    var note: String?

    init(_ name: String, _ value: JSONValue, _ note: String? = nil) {
      field = JSONValue.Field(name, value)
      self.note = note
    }
  }

  private var fields: [Entry] {
    let workload = request.workload
    let type = workload.forward.precision.autocast ?? workload.forward.precision.parameterType
    var fields = [
      Entry(
        "train_batch_size", .integer(request.globalBatchSize),
        "sequences an optimizer step: the next two times the \(request.layout.degrees.data) GPUs"),
      Entry("train_micro_batch_size_per_gpu", .integer(workload.forward.batchSize)),
      Entry("gradient_accumulation_steps", .integer(workload.accumulation)),
      Entry(
        "bf16", ["enabled": .boolean(type == .bfloat16)],
        "weights in bf16, with fp32 copies that the optimizer steps on"),
      Entry("fp16", ["enabled": .boolean(type == .float16)], "the same in fp16, with a loss scale"),
      Entry("zero_optimization", .object(zero), zeroNote),
      Entry("zero_allow_untested_optimizer", true, "lets an optimizer of another library step on the shards"),
    ]
    // One GPU or replicas: 0 is DeepSpeed's own word for no clipping.
    fields.append(
      Entry(
        "gradient_clipping", .number(request.gradientNorm ?? 0), "the norm gradients are clipped to; 0: they are not"))
    return fields
  }

  private var zeroNote: String {
    switch stage {
    case 0: "stage 0: replicas"
    case 1: "stage 1: each GPU holds a share of the optimizer's states; buckets are counted in elements"
    case 2: "stage 2: of the gradients too; buckets are counted in elements"
    default: "stage 3: of the parameters too; buckets, prefetch and persistence are counted in elements"
    }
  }

  private var stage: Int { request.layout.strategy.zeroStage ?? 0 }

  private var zero: [JSONValue.Field] {
    var fields = [JSONValue.Field("stage", .integer(stage))]
    guard stage > 0 else { return fields }
    fields += [
      .init("contiguous_gradients", true), .init("overlap_comm", .boolean(stage == 3)),
      .init("reduce_bucket_size", .integer(Elements.bucket)), .init("sub_group_size", .integer(Elements.live)),
    ]
    if stage < 3 {
      fields += [.init("allgather_bucket_size", .integer(Elements.bucket)), .init("reduce_scatter", true)]
    } else {
      fields += [
        .init("stage3_prefetch_bucket_size", .integer(Elements.prefetch)),
        .init("stage3_param_persistence_threshold", .integer(Elements.persistence)),
        .init("stage3_max_live_parameters", .integer(Elements.live)),
        .init("stage3_max_reuse_distance", .integer(Elements.live)),
        .init("stage3_gather_16bit_weights_on_model_save", true),
      ]
      let levels = request.layout.engine.levels
      if let copy = levels.secondary { fields.append(.init("zero_hpz_partition_size", .integer(copy))) }
      if levels.quantizesParameters { fields.append(.init("zero_quantized_weights", true)) }
      if levels.quantizesGradients { fields.append(.init("zero_quantized_gradients", true)) }
      if let shards = request.shardDegree { fields.append(.init("mics_shard_size", .integer(shards))) }
    }
    let offload = request.layout.engine.offload
    if offload == .nvme {
      let place: JSONValue = ["device": "nvme", "nvme_path": .string(Self.drive), "pin_memory": true]
      fields += [.init("offload_optimizer", place), .init("offload_param", place)]
    }
    let host: JSONValue = ["device": "cpu", "pin_memory": true]
    if offload == .optimizer || offload == .all { fields.append(.init("offload_optimizer", host)) }
    if offload == .parameters || offload == .all { fields.append(.init("offload_param", host)) }
    return fields
  }
}
