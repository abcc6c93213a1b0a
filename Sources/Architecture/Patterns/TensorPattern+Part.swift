internal import Checkpoint
internal import Units

extension TensorPattern {
  /// Decides what part of its module the pattern is, from its name, its first tensor and its neighbours.
  ///
  /// The names are those that the writers use: AutoGPTQ and AutoAWQ (`qweight`), bitsandbytes' `QuantState`
  /// (`weight.absmax`), compressed-tensors (`weight_packed`), transformers' integrations (`weight_scale_inv`,
  /// `_blocks`), mlx (`scales`, `biases`), and the buffers of transformers' models of all versions.
  mutating func settle(example tensor: StoredTensor, beside texts: Set<String>) {
    settlePart(example: tensor, beside: texts)
    // PEFT: `q_proj.lora_A.weight`, or `q_proj.lora_A.default.weight` of a live model.
    for (marker, kind) in Self.adapterMarkers {
      guard let start = module.firstOffset(of: marker) else { continue }
      adapter = kind
      let adapted = module.utf8.prefix(start)
      suffixLength += module.utf8.count - start
      module = String(decoding: adapted, as: UTF8.self)
      return
    }
    // What PEFT has wrapped: `q_proj.base_layer.weight`.
    guard module.hasSuffix(Self.wrapped) else { return }
    suffixLength += Self.wrapped.utf8.count
    module = String(module.dropLast(Self.wrapped.utf8.count))
  }

  private mutating func settlePart(example tensor: StoredTensor, beside texts: Set<String>) {
    let leaf = String(leaf)
    let parent = text.utf8.count > leaf.utf8.count ? text.dropLast(leaf.count) : ""
    func has(_ sibling: String) -> Bool { texts.contains(parent + sibling) }

    func become(_ part: Part, suffix: Int, _ packing: Packing? = nil) {
      self.part = part
      self.packing = packing
      suffixLength = suffix
      module = String(module.dropLast(min(suffix, module.utf8.count)))
    }
    /// The whole last component with its separator.
    let whole = parent.isEmpty ? 0 : leaf.utf8.count + 1

    // What ggml and Meta turn by is no parameter, though it may be called a weight.
    let isTable = ["rope_freqs.weight", "rope.freqs"].contains(where: text.hasSuffix) || text.contains("rope_factors_")
    if tensor.isMask || isTable || Self.buffers.contains(leaf) { return become(.buffer, suffix: whole) }
    // bitsandbytes' state belongs to a module whose weight it is named after: `q_proj.weight.absmax`.
    if let start = text.firstOffset(of: ".weight.quant_state.") {
      return become(.quantization, suffix: text.utf8.count - start)
    }
    /// The same with the name of the weight that the tensor is a part of.
    let withWeight = whole + (parent.hasSuffix(".weight.") ? ".weight".utf8.count : 0)
    if Self.scales.contains(leaf) { return become(.quantization, suffix: withWeight) }
    if has("W_q"), !["W_q", "weight", "bias"].contains(leaf) { return become(.quantization, suffix: whole) }
    switch leaf {
    case "weight":
      become(.weight, suffix: whole)
      packing = Self.packing(of: tensor, has)
      if packing != nil { part = .packedWeight }
    case "bias":
      become(tensor.dataType.isFloatingPoint ? .bias : .buffer, suffix: whole)
    case "qweight": become(.packedWeight, suffix: whole, has("g_idx") ? .gptq : .gptqOrAWQ)
    case "weight_packed":
      let words: Packing = has("meta") ? .marlin24 : .compressedTensors
      become(.packedWeight, suffix: whole, tensor.dataType == .uint8 ? .nvfp4 : words)
    case "compressed" where has("bitmask"):
      become(.packedWeight, suffix: whole, has("row_offsets") ? .sparse : .sparse24)
    case "bitmask" where has("compressed"), "row_offsets" where has("compressed"), "shape" where has("compressed"):
      become(.quantization, suffix: whole)
    case "meta" where has("weight_packed"): become(.quantization, suffix: whole)
    case "W_q": become(.packedWeight, suffix: whole, .hqq)
    case "codes" where has("codebooks"): become(.packedWeight, suffix: whole, .aqlm)
    case "_data" where has("_scale"): become(.packedWeight, suffix: withWeight, .quanto)
    case "scales" where has("qweight") || has("weight") || has("codes"): become(.quantization, suffix: whole)
    case "biases" where has("scales"): become(.quantization, suffix: whole)
    case "codebooks" where has("codes"), "_scale" where has("_data"), "_shift" where has("_data"):
      become(.quantization, suffix: withWeight)
    default: settle(suffixOf: leaf, example: tensor, has)
    }
  }

  /// The same for a leaf that carries its module's name: `gate_up_proj_blocks`, `in_proj_bias`.
  private mutating func settle(suffixOf leaf: String, example tensor: StoredTensor, _ has: (String) -> Bool) {
    for (suffix, part) in Self.suffixes where leaf.hasSuffix(suffix) {
      let stem = String(leaf.dropLast(suffix.count))
      let isPaired =
        switch part {
        case .packedWeight: has(stem + "_scales")
        case .weight: true
        default: has(stem) || has(stem + "_blocks") || has(stem + "_weight")
        }
      guard isPaired, !stem.isEmpty else { continue }
      self.part = part
      packing = part == .packedWeight ? .mxfp4 : nil
      suffixLength = suffix.utf8.count
      module = String(module.dropLast(suffix.count))
      return
    }
    // A parameter that its block owns itself, such as `mixer.A_log`. A matrix of integers under an unknown name may
    // be a packed weight, and then its elements must not be counted; a list of them is what the model counts by.
    if tensor.dataType.isFloatingPoint {
      part = .weight
    } else if tensor.shape.rank >= 2, tensor.dataType.bitWidth < 64, tensor.dataType != .bool {
      part = .packedWeight
      packing = .unknown
    } else {
      part = .buffer
    }
  }

  /// How a weight that is stored as integers is packed; nil where its shape is the logical one.
  private static func packing(of tensor: StoredTensor, _ has: (String) -> Bool) -> Packing? {
    guard !tensor.dataType.isFloatingPoint else { return nil }
    if has("SCB") { return .bitsandbytes8 }
    if has("weight.absmax") { return .bitsandbytes4 }
    switch tensor.dataType {
    case .int8 where has("weight_scale"): return nil
    case .uint8 where has("weight_scale"): return .nvfp4
    case .uint32 where has("scales"): return .mlx
    default: return .unknown
    }
  }

  /// By how a leaf ends. A weight comes last: `gate_up_proj_blocks` is not one.
  private static let suffixes: [(String, Part)] = [
    ("_blocks", .packedWeight), ("_scales", .quantization), ("_scale_inv", .quantization),
    ("_scale", .quantization), ("_bias", .bias), ("_weight", .weight),
  ]

  private static let adapterMarkers: KeyValuePairs<String, Adapter> = [
    ".lora_A": .down, ".lora_B": .up, ".lora_embedding_A": .down, ".lora_embedding_B": .up,
    ".lora_magnitude_vector": .other, ".ia3_l": .other,
  ]

  private static let wrapped = ".base_layer"

  private static let scales: Set<String> = [
    "weight_scale", "weight_scale_inv", "weight_scale_2", "weight_scales", "weight_global_scale", "weight_zero_point",
    "weight_shape", "weight_g_idx", "weight_format", "input_scale", "input_scale_inv", "input_global_scale",
    "input_zero_point", "output_scale", "output_zero_point", "activation_scale", "q_scale", "k_scale", "v_scale",
    "kv_scale", "scale_packed", "qzeros", "g_idx", "SCB", "absmax", "quant_map", "nested_absmax", "nested_quant_map",
  ]

  private static let buffers: Set<String> = [
    "inv_freq", "original_inv_freq", "cos_cached", "sin_cached", "masked_bias", "causal_mask", "scale_attn",
    "position_ids", "token_type_ids", "attn_mask", "relative_position_index", "relative_coords_table",
    "final_logits_bias", "num_batches_tracked", "slope_rate", "query_decay", "key_decay", "diagonal_decay",
    "running_mean", "running_var", "version", "_float_tensor",
  ]
}

extension StoredTensor {
  /// Whether it is the triangle that GPT-2 and its kin stored as `attn.bias`: `[1, 1, n, n]`.
  fileprivate var isMask: Bool {
    shape.rank == 4 && shape[0] == 1 && shape[1] == 1 && shape[2] == shape[3] && shape[2] >= 16
  }
}

extension String {
  /// Where `marker` begins, in bytes.
  fileprivate func firstOffset(of marker: String) -> Int? {
    let (text, marker) = (Array(utf8), Array(marker.utf8))
    guard text.count >= marker.count else { return nil }
    return (0...(text.count - marker.count)).first { text[$0..<($0 + marker.count)].elementsEqual(marker) }
  }
}
