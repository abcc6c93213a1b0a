/// A family of models as a row of choices: how its modules are called, and under which keys its configuration
/// keeps its sizes. What a checkpoint shows by itself (a bias, a norm on the queries, a padded vocabulary, a free
/// head) is not in the row.
///
/// Names leave out what stands before the blocks, so one row reads `model.layers.0`, `layers.0` and
/// `model.language_model.layers.0` alike, and they leave out `.weight` and `.bias`.
struct Family: Sendable {
  var name: String
  /// The values of `model_type` that it reads.
  var modelTypes: [String]
  /// What stands between the body's prefix and a block's index: `layers`, `encoder.layer`. More than one where a
  /// version of transformers renamed its modules.
  var layerPaths: [String]
  /// The modules of a block. A `#` stands for an expert's index.
  var layer: [String: Role]
  /// What differs in blocks that attend over an encoder.
  var crossLayer: [String: Role] = [:]
  /// The modules beside the blocks, seen from the body or from any module around it.
  var outside: [String: Role]
  /// Where several columns of blocks fit, the one that gives the model its layer count: `encoder` of a T5.
  var principal: String?
  var keys = ConfigurationKeys()
  /// Whether transformers ties the head to the input embedding where the configuration does not say.
  var tiesByDefault = false
  /// Whether transformers ties whatever the configuration says.
  var tiesAlways = false
  /// Whether the class has an input embedding and an output to tie; a contrastive model has not.
  var hasEmbeddingPair = true
  /// Whether linear layers are stored as `[in, out]`.
  var isTransposed = false
  /// Rows of the position table that no position uses.
  var positionOffset = 0
  /// The flag of the configuration that, when false, moves the norms behind attention and MLP.
  var preNormKey: String?
  /// The modules that LoRA targets where nothing is said: queries and values, or the projection that holds them.
  var adapterTargets = ["q_proj", "v_proj"]
  /// Modules that transformers renames when it loads them, with the names by which they run and adapters find them.
  var runningNames: [String: String] = [:]
  /// How its forward pass runs; nil where that is not known.
  var forward: ForwardChoices?
}

/// The keys under which a family's configuration keeps its sizes, in order of preference.
struct ConfigurationKeys: Sendable {
  var layers = ["num_hidden_layers"]
  var hidden = ["hidden_size"]
  var heads = ["num_attention_heads"]
  var keyValueHeads = ["num_key_value_heads"]
  var headDimension = ["head_dim"]
  var intermediate = ["intermediate_size"]
  var vocabulary = ["vocab_size"]
  var positions = ["max_position_embeddings"]
  var experts = ["num_local_experts", "num_experts", "n_routed_experts"]

  /// No sizes that a transformer has.
  static let none = ConfigurationKeys(
    layers: [], hidden: [], heads: [], keyValueHeads: [], headDimension: [], intermediate: [], vocabulary: [],
    positions: [], experts: [])

  /// GPT-2's words, with the ones that transformers accepts beside them.
  static let gpt2 = ConfigurationKeys(
    layers: ["n_layer", "num_hidden_layers"], hidden: ["n_embd", "hidden_size"],
    heads: ["n_head", "num_attention_heads"], intermediate: ["n_inner", "intermediate_size"],
    positions: ["n_positions", "n_ctx", "max_position_embeddings"])
}

extension Family {
  /// `self_attn` with split projections, as most decoders since Llama spell it.
  static let splitAttention: [String: Role] = [
    "self_attn.q_proj": .query, "self_attn.k_proj": .key, "self_attn.v_proj": .value,
    "self_attn.o_proj": .attentionOutput, "self_attn.q_norm": .queryNorm, "self_attn.k_norm": .keyNorm,
  ]

  /// `self_attn` as fairseq's descendants spell it (OPT, BioGPT, Whisper, CLIP).
  static let fairseqAttention: [String: Role] = [
    "self_attn.q_proj": .query, "self_attn.k_proj": .key, "self_attn.v_proj": .value,
    "self_attn.out_proj": .attentionOutput,
  ]

  /// A gated MLP in three matrices.
  static let gatedMLP: [String: Role] = ["mlp.gate_proj": .gate, "mlp.up_proj": .up, "mlp.down_proj": .down]

  /// A norm before attention and one before the MLP, by the names that Llama gave them.
  static let preNorms: [String: Role] = ["input_layernorm": .inputNorm, "post_attention_layernorm": .preMLPNorm]

  /// What stands beside the blocks of a decoder that is laid out as Llama.
  static let decoderOutside: [String: Role] = [
    "embed_tokens": .inputEmbedding, "norm": .finalNorm, "lm_head": .head, "score": .head,
  ]

  /// A gated MLP per expert under `mlp.experts`, or all of them in one weight, as transformers 5 keeps them.
  static let experts: [String: Role] = [
    "mlp.gate": .router, "mlp.experts.#.gate_proj": .expertGate, "mlp.experts.#.up_proj": .expertUp,
    "mlp.experts.#.down_proj": .expertDown, "mlp.experts.gate_up_proj": .expertFusedGateUp,
    "mlp.experts.down_proj": .expertDown,
  ]

  /// Experts that every token passes.
  static let sharedExperts: [String: Role] = [
    "mlp.shared_experts.gate_proj": .sharedExpertGate, "mlp.shared_experts.up_proj": .sharedExpertUp,
    "mlp.shared_experts.down_proj": .sharedExpertDown, "mlp.shared_expert.gate_proj": .sharedExpertGate,
    "mlp.shared_expert.up_proj": .sharedExpertUp, "mlp.shared_expert.down_proj": .sharedExpertDown,
    "mlp.shared_expert_gate": .sharedExpertWeight,
  ]

  /// One set of names out of several; a later one wins.
  static func names(_ parts: [String: Role]...) -> [String: Role] {
    parts.reduce(into: [:]) { $0.merge($1) { $1 } }
  }
}
