import Checkpoint
import struct Graph.ForwardSettings
import Strategy
import Testing
import TrainingStep
import Units

/// What one rank holds under Colossal-AI's tensor parallelism, in fp32, counted from the shapes: query, key, value and the widening
/// matrices by rows, the narrowing ones by columns, words by rows; norms, positions and the biases that are added after
/// a sum whole. Each parameter's bytes are rounded up to 512.
@Suite("Tensor parallelism")
struct EstimateTensorParallelTests {
  static func parameters(_ sketch: Sketch, ranks: Int) throws -> Int {
    let workload = Workload(forward: ForwardSettings(sequenceLength: 16, precision: .fp32, loop: .plain))
    let timeline = try sketch.estimator.timeline(workload, layout: .colossalAI(tensor: ranks))
    return timeline.allocations.filter { $0.category == .parameters }.reduce(0) { $0 + $1.bytes.bytes }
  }

  static func refusal(_ sketch: Sketch, ranks: Int) -> String? {
    #expect(throws: EstimationError.self) { try parameters(sketch, ranks: ranks) }?.reason
  }

  /// 512 features, 8 heads of 64, 2 key/value heads, 1,000 words, a head of its own. Elements:
  ///
  ///                       whole      over 2     over 4
  ///     embed, head     512,000     256,000    128,000  each
  ///     q, o            262,144     131,072     65,536  each
  ///     k, v             65,536      32,768     32,768  each: two heads are held by two ranks each
  ///     gate, up, down  524,288     262,144    131,072  each
  ///     two norms         1,024       1,024      1,024
  ///     a layer       2,229,248   1,115,136    590,848
  ///     with a norm   5,483,008   2,742,784  1,438,208  all multiples of 128
  @Test(arguments: [(1, 5_483_008), (2, 2_742_784), (4, 1_438_208)]) func llama(_ ranks: Int, elements: Int) throws {
    #expect(try Self.parameters(Self.llama(), ranks: ranks) == elements * 4)
  }

  /// 128 features, 4 heads, 1,001 words that are padded to 501 a rank, a Conv1D of [128, 3 * 128]:
  ///
  ///     wte 501 * 128 * 4 = 256,512   wpe 64 * 128 * 4 = 32,768   ln_f 2 * 512
  ///     a layer over 2: four of 512 in norms; c_attn 128 * 192 * 4 = 98,304 and 768 -> 1,024;
  ///     c_proj 64 * 128 * 4 = 32,768 and 512; c_fc 128 * 256 * 4 = 131,072 and 1,024;
  ///     c_proj 256 * 128 * 4 = 131,072 and 512                                       = 398,336
  @Test func gpt2() throws {
    #expect(try Self.parameters(Self.gpt2, ranks: 2) == 256_512 + 32_768 + 2 * 398_336 + 1024)
  }

  /// The same sizes with three projections: each 64 * 128 * 4 = 32,768 and 64 * 4 = 256 -> 512, so that a layer has
  /// 3 * 512 where GPT-2's has 1,024: 398,848. Words 500 * 128 * 4 = 256,000, positions 66 * 128 * 4 = 33,792.
  @Test func opt() throws {
    #expect(try Self.parameters(Self.opt, ranks: 2) == 256_000 + 33_792 + 2 * 398_848 + 1024)
  }

  /// BLOOM's layer has GPT-2's sizes; it has no positions but a norm behind the embedding.
  @Test func bloom() throws {
    #expect(try Self.parameters(Self.bloom, ranks: 2) == 256_000 + 1024 + 2 * 398_336 + 1024)
  }

  /// CodeGen, 8 heads: one norm of 1,024, no biases in attention: 1,024 + 98,304 + 32,768 + 131,072 + 1,024 + 131,072 +
  /// 512 = 395,776. The head: 500 * 128 * 4 = 256,000 and 500 * 4 = 2,000 -> 2,048.
  @Test func codegen() throws {
    #expect(try Self.parameters(Self.codegen, ranks: 2) == 256_000 + 2 * 395_776 + 1024 + 256_000 + 2048)
  }

  @Test func whatDoesNotDivide() {
    #expect(Self.refusal(Self.llama(), ranks: 3) == "8 attention heads do not divide by 3")
    // An MLP of 1,028 features over eight ranks.
    let reason = Self.refusal(Self.llama(intermediate: 1028), ranks: 8)
    #expect(reason?.hasPrefix("model.layers.0.mlp.") == true)
    #expect(reason?.hasSuffix("does not divide by 8") == true)
    // Three key/value heads over two ranks.
    #expect(
      Self.refusal(Self.llama(heads: 6, keyValueHeads: 3, intermediate: 1024), ranks: 2)
        == "3 key/value heads do not divide by 2")
  }
}

extension EstimateTensorParallelTests {
  static func llama(heads: Int = 8, keyValueHeads: Int = 2, intermediate: Int = 1024) -> Sketch {
    Sketch(
      "llama", layers: 2,
      [
        "model_type": .string("llama"), "architectures": .array([.string("LlamaForCausalLM")]),
        "hidden_size": .integer(64 * heads), "num_hidden_layers": .integer(2), "num_attention_heads": .integer(heads),
        "num_key_value_heads": .integer(keyValueHeads), "intermediate_size": .integer(intermediate),
        "vocab_size": .integer(1000), "tie_word_embeddings": .boolean(false),
      ],
      """
      model.embed_tokens 1000x\(64 * heads)
      model.layers.#.input_layernorm \(64 * heads)
      model.layers.#.self_attn.q_proj \(64 * heads)x\(64 * heads)
      model.layers.#.self_attn.k_proj \(64 * keyValueHeads)x\(64 * heads)
      model.layers.#.self_attn.v_proj \(64 * keyValueHeads)x\(64 * heads)
      model.layers.#.self_attn.o_proj \(64 * heads)x\(64 * heads)
      model.layers.#.post_attention_layernorm \(64 * heads)
      model.layers.#.mlp.gate_proj \(intermediate)x\(64 * heads)
      model.layers.#.mlp.up_proj \(intermediate)x\(64 * heads)
      model.layers.#.mlp.down_proj \(64 * heads)x\(intermediate)
      model.norm \(64 * heads)
      lm_head 1000x\(64 * heads)
      """)
  }

  static let gpt2 = Sketch(
    "gpt2", layers: 2,
    [
      "model_type": .string("gpt2"), "architectures": .array([.string("GPT2LMHeadModel")]), "n_embd": .integer(128),
      "n_layer": .integer(2), "n_head": .integer(4), "n_positions": .integer(64), "vocab_size": .integer(1001),
    ],
    """
    transformer.wte 1001x128
    transformer.wpe 64x128
    transformer.h.#.ln_1 128 +
    transformer.h.#.attn.c_attn 128x384 + T
    transformer.h.#.attn.c_proj 128x128 + T
    transformer.h.#.ln_2 128 +
    transformer.h.#.mlp.c_fc 128x512 + T
    transformer.h.#.mlp.c_proj 512x128 + T
    transformer.ln_f 128 +
    """)

  static let opt = Sketch(
    "opt", layers: 2,
    [
      "model_type": .string("opt"), "architectures": .array([.string("OPTForCausalLM")]), "hidden_size": .integer(128),
      "num_hidden_layers": .integer(2), "num_attention_heads": .integer(4), "ffn_dim": .integer(512),
      "vocab_size": .integer(1000), "word_embed_proj_dim": .integer(128), "max_position_embeddings": .integer(64),
      "do_layer_norm_before": .boolean(true), "activation_function": .string("relu"),
    ],
    """
    model.decoder.embed_tokens 1000x128
    model.decoder.embed_positions 66x128
    model.decoder.layers.#.self_attn.k_proj 128x128 +
    model.decoder.layers.#.self_attn.v_proj 128x128 +
    model.decoder.layers.#.self_attn.q_proj 128x128 +
    model.decoder.layers.#.self_attn.out_proj 128x128 +
    model.decoder.layers.#.self_attn_layer_norm 128 +
    model.decoder.layers.#.fc1 512x128 +
    model.decoder.layers.#.fc2 128x512 +
    model.decoder.layers.#.final_layer_norm 128 +
    model.decoder.final_layer_norm 128 +
    """)

  static let bloom = Sketch(
    "bloom", layers: 2,
    [
      "model_type": .string("bloom"), "architectures": .array([.string("BloomForCausalLM")]),
      "hidden_size": .integer(128), "n_layer": .integer(2), "n_head": .integer(4), "vocab_size": .integer(1000),
    ],
    """
    transformer.word_embeddings 1000x128
    transformer.word_embeddings_layernorm 128 +
    transformer.h.#.input_layernorm 128 +
    transformer.h.#.self_attention.query_key_value 384x128 +
    transformer.h.#.self_attention.dense 128x128 +
    transformer.h.#.post_attention_layernorm 128 +
    transformer.h.#.mlp.dense_h_to_4h 512x128 +
    transformer.h.#.mlp.dense_4h_to_h 128x512 +
    transformer.ln_f 128 +
    """)

  static let codegen = Sketch(
    "codegen", layers: 2,
    [
      "model_type": .string("codegen"), "architectures": .array([.string("CodeGenForCausalLM")]),
      "n_embd": .integer(128), "n_layer": .integer(2), "n_head": .integer(8), "rotary_dim": .integer(16),
      "n_positions": .integer(64), "vocab_size": .integer(1000), "tie_word_embeddings": .boolean(false),
    ],
    """
    transformer.wte 1000x128
    transformer.h.#.ln_1 128 +
    transformer.h.#.attn.qkv_proj 384x128
    transformer.h.#.attn.out_proj 128x128
    transformer.h.#.mlp.fc_in 512x128 +
    transformer.h.#.mlp.fc_out 128x512 +
    transformer.ln_f 128 +
    lm_head 1000x128 +
    """)
}
