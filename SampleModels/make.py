#!/usr/bin/env python3
"""Writes the sample models, the same bytes on each run: python3 SampleModels/make.py

A small model gets real weights. Of a large one only the header is written, as `<file>.header` with the whole
file's length in `lengths.txt`; `expand.sh` makes a file with a hole out of it. Names, shapes, types and order are those
that `save_pretrained` (transformers 5.17, safetensors 0.8) writes for the published model.
"""
import json
import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent
WIDTH = {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "F16": 2, "BF16": 2, "I8": 1, "U8": 1}
# The writer puts wide types first, and among types of one width those that it knows later.
ORDER = ["U8", "I8", "F16", "BF16", "I32", "F32", "F64", "I64"]
SHARD_LIMIT = 5_000_000_000
lengths = {}


def size(dtype, shape):
    count = WIDTH[dtype]
    for extent in shape:
        count *= extent
    return count


def header(tensors):
    """The 8 bytes of length, the header, and the bytes behind it. `tensors`: {name: (dtype, shape)}."""
    entries = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, (dtype, shape) in sorted(tensors.items(), key=lambda t: (-ORDER.index(t[1][0]), t[0])):
        end = offset + size(dtype, shape)
        entries[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text, offset, entries


def weights(length, dtype):
    """Small numbers from a linear congruential generator, in the bytes of the type."""
    state = 20160825
    result = bytearray()
    while len(result) < length:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        value = struct.pack("<f", (state / 2**64 - 0.5) * 0.1)
        result += value if dtype == "F32" else value[2:]
    return bytes(result[:length])


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n")


def write_shards(folder, tensors, limit):
    """Fills shards in the order of the state dict, and writes the index of more than one."""
    shards, current, filled = [], {}, 0
    for name, (dtype, shape) in tensors.items():
        if current and filled + size(dtype, shape) > limit:
            shards.append(current)
            current, filled = {}, 0
        current[name] = (dtype, shape)
        filled += size(dtype, shape)
    shards.append(current)
    if len(shards) == 1:
        return {"model.safetensors": shards[0]}
    files = {f"model-{i + 1:05}-of-{len(shards):05}.safetensors": shard for i, shard in enumerate(shards)}
    elements = sum(size(d, s) // WIDTH[d] for d, s in tensors.values())
    write_json(folder / "model.safetensors.index.json", {
        "metadata": {"total_parameters": elements, "total_size": sum(size(d, s) for d, s in tensors.values())},
        "weight_map": {name: file for file, shard in files.items() for name in shard},
    })
    return files


def model(name, config, tensors, real=False, limit=SHARD_LIMIT, config_name="config.json", file=None):
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    write_json(folder / config_name, config)
    files = {file: tensors} if file else write_shards(folder, tensors, limit)
    for file, shard in files.items():
        head, length, _ = header(shard)
        if real:
            dtype = next(iter(shard.values()))[0]
            (folder / file).write_bytes(head + weights(length, dtype))
        else:
            (folder / (file + ".header")).write_bytes(head)
            lengths[f"{name}/{file}"] = len(head) + length


def linear(tensors, dtype, name, out, inner, bias=False):
    tensors[f"{name}.weight"] = (dtype, (out, inner))
    if bias:
        tensors[f"{name}.bias"] = (dtype, (out,))


def norm(tensors, dtype, name, width, bias=False):
    tensors[f"{name}.weight"] = (dtype, (width,))
    if bias:
        tensors[f"{name}.bias"] = (dtype, (width,))


def llama(c, dtype, qkv_bias=False, project=linear):
    """Llama and its relatives, in the order of their state dict. `project` writes a linear layer."""
    hidden, heads, kv = c["hidden_size"], c["num_attention_heads"], c["num_key_value_heads"]
    head = c.get("head_dim") or hidden // heads
    t = {"model.embed_tokens.weight": (dtype, (c["vocab_size"], hidden))}
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}"
        project(t, dtype, f"{p}.self_attn.q_proj", heads * head, hidden, qkv_bias)
        project(t, dtype, f"{p}.self_attn.k_proj", kv * head, hidden, qkv_bias)
        project(t, dtype, f"{p}.self_attn.v_proj", kv * head, hidden, qkv_bias)
        project(t, dtype, f"{p}.self_attn.o_proj", hidden, heads * head)
        project(t, dtype, f"{p}.mlp.gate_proj", c["intermediate_size"], hidden)
        project(t, dtype, f"{p}.mlp.up_proj", c["intermediate_size"], hidden)
        project(t, dtype, f"{p}.mlp.down_proj", hidden, c["intermediate_size"])
        norm(t, dtype, f"{p}.input_layernorm", hidden)
        norm(t, dtype, f"{p}.post_attention_layernorm", hidden)
    norm(t, dtype, "model.norm", hidden)
    if not c["tie_word_embeddings"]:
        t["lm_head.weight"] = (dtype, (c["vocab_size"], hidden))
    return t


def gpt2(c, dtype):
    """GPT-2: Conv1D keeps its weights as [in, out]; the head is tied and not stored."""
    d = c["n_embd"]
    t = {"transformer.wte.weight": (dtype, (c["vocab_size"], d)),
         "transformer.wpe.weight": (dtype, (c["n_positions"], d))}
    for i in range(c["n_layer"]):
        p = f"transformer.h.{i}"
        norm(t, dtype, f"{p}.ln_1", d, True)
        for name, inner, out in [("attn.c_attn", d, 3 * d), ("attn.c_proj", d, d),
                                 ("mlp.c_fc", d, 4 * d), ("mlp.c_proj", 4 * d, d)]:
            t[f"{p}.{name}.weight"] = (dtype, (inner, out))
            t[f"{p}.{name}.bias"] = (dtype, (out,))
        norm(t, dtype, f"{p}.ln_2", d, True)
    norm(t, dtype, "transformer.ln_f", d, True)
    return t


def opt(c, dtype):
    """OPT: positions are offset by two, the head is tied and not stored."""
    d, p = c["hidden_size"], "model.decoder"
    t = {f"{p}.embed_tokens.weight": (dtype, (c["vocab_size"], c["word_embed_proj_dim"])),
         f"{p}.embed_positions.weight": (dtype, (c["max_position_embeddings"] + 2, d))}
    norm(t, dtype, f"{p}.final_layer_norm", d, True)
    for i in range(c["num_hidden_layers"]):
        q = f"{p}.layers.{i}"
        for name in ["k_proj", "v_proj", "q_proj", "out_proj"]:
            linear(t, dtype, f"{q}.self_attn.{name}", d, d, True)
        norm(t, dtype, f"{q}.self_attn_layer_norm", d, True)
        linear(t, dtype, f"{q}.fc1", c["ffn_dim"], d, True)
        linear(t, dtype, f"{q}.fc2", d, c["ffn_dim"], True)
        norm(t, dtype, f"{q}.final_layer_norm", d, True)
    return t


def custom(layers, hidden, heads, vocabulary):
    """A decoder under names of its own: attention in every block, experts in all but the first."""
    t = {"net.words.weight": ("BF16", (vocabulary, hidden))}
    for i in range(layers):
        p = f"net.stage.{i}"
        norm(t, "BF16", f"{p}.calm", hidden)
        for name, out, inner in [("a", heads, hidden), ("b", heads // 4, hidden), ("c", heads // 4, hidden),
                                 ("d", hidden, heads)]:
            linear(t, "BF16", f"{p}.mix.{name}", out, inner)
        norm(t, "BF16", f"{p}.still", hidden)
        if i > 0:
            linear(t, "BF16", f"{p}.crowd.usher", 8, hidden)
        for place in [f"{p}.crowd.seat.{n}" for n in range(8)] if i > 0 else [f"{p}.lone"]:
            for name, out, inner in [("x", 3 * hidden, hidden), ("y", 3 * hidden, hidden), ("z", hidden, 3 * hidden)]:
                linear(t, "BF16", f"{place}.{name}", out, inner)
    norm(t, "BF16", "net.rest", hidden)
    return t


def gptq(tensors, dtype, name, out, inner, bias=False, bits=4, group=128):
    """A GPTQ linear layer: 4-bit weights packed along the input into 32-bit words."""
    tensors[f"{name}.g_idx"] = ("I32", (inner,))
    tensors[f"{name}.qweight"] = ("I32", (inner * bits // 32, out))
    tensors[f"{name}.qzeros"] = ("I32", (inner // group, out * bits // 32))
    tensors[f"{name}.scales"] = (dtype, (inner // group, out))


def lora(c, rank, targets):
    """A PEFT adapter over the linear layers of a Llama, in F32 as PEFT trains it."""
    t = {}
    for name, (_, shape) in llama(c, "F32").items():
        module = name.removesuffix(".weight")
        if module.rsplit(".", 1)[-1] in targets:
            t[f"base_model.model.{module}.lora_A.weight"] = ("F32", (rank, shape[1]))
            t[f"base_model.model.{module}.lora_B.weight"] = ("F32", (shape[0], rank))
    return t


TOKENS = {"transformers_version": "5.17.0", "use_cache": True, "initializer_range": 0.02, "attention_dropout": 0.0}


def llama_config(**fields):
    return {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "attention_bias": False, "mlp_bias": False,
            "hidden_act": "silu", "rms_norm_eps": 1e-05, "pretraining_tp": 1, "pad_token_id": None,
            "bos_token_id": 128000, "eos_token_id": 128001, "tie_word_embeddings": False, **TOKENS, **fields}


def gpt2_config(**fields):
    return {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "activation_function": "gelu_new",
            "attn_pdrop": 0.1, "embd_pdrop": 0.1, "resid_pdrop": 0.1, "bos_token_id": 50256, "eos_token_id": 50256,
            "initializer_range": 0.02, "layer_norm_epsilon": 1e-05, "n_inner": None, "scale_attn_weights": True,
            "reorder_and_upcast_attn": False, "scale_attn_by_inverse_layer_idx": False, "tie_word_embeddings": True,
            "dtype": "float32", "transformers_version": "5.17.0", "use_cache": True, **fields}


LLAMA_3_2_1B = llama_config(
    dtype="bfloat16", head_dim=64, hidden_size=2048, intermediate_size=8192, max_position_embeddings=131072,
    num_attention_heads=32, num_hidden_layers=16, num_key_value_heads=8, vocab_size=128256, tie_word_embeddings=True,
    rope_parameters={"factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
                     "original_max_position_embeddings": 8192, "rope_theta": 500000.0, "rope_type": "llama3"})
LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def main():
    config = gpt2_config(n_ctx=64, n_embd=16, n_head=2, n_layer=2, n_positions=64, vocab_size=128,
                         bos_token_id=0, eos_token_id=0)
    model("tiny-gpt2", config, gpt2(config, "F32"), real=True)

    config = llama_config(
        dtype="bfloat16", head_dim=8, hidden_size=32, intermediate_size=96, max_position_embeddings=256,
        num_attention_heads=4, num_hidden_layers=2, num_key_value_heads=2, vocab_size=128, bos_token_id=0,
        eos_token_id=1, rope_parameters={"rope_theta": 10000.0, "rope_type": "default"})
    model("tiny-llama", config, llama(config, "BF16"), real=True, limit=40_000)

    model("tiny-custom", {"model_type": "my-net", "architectures": ["MyNet"]}, custom(4, 64, 128, 1024))

    config = gpt2_config(n_ctx=1024, n_embd=768, n_head=12, n_layer=12, n_positions=1024, vocab_size=50257)
    model("gpt2", config, gpt2(config, "F32"))

    config = {"architectures": ["OPTForCausalLM"], "model_type": "opt", "activation_function": "relu",
              "bos_token_id": 2, "eos_token_id": 2, "pad_token_id": 1, "do_layer_norm_before": True, "dropout": 0.1,
              "attention_dropout": 0.0, "layerdrop": 0.0, "init_std": 0.02, "enable_bias": True,
              "layer_norm_elementwise_affine": True, "_remove_final_layer_norm": False, "dtype": "float16",
              "ffn_dim": 8192, "hidden_size": 2048, "max_position_embeddings": 2048, "num_attention_heads": 32,
              "num_hidden_layers": 24, "tie_word_embeddings": True, "vocab_size": 50272, "word_embed_proj_dim": 2048,
              "transformers_version": "5.17.0", "use_cache": True}
    model("opt-1.3b", config, opt(config, "F16"))

    config = {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_act": "silu",
              "bos_token_id": 151643, "eos_token_id": 151643, "pad_token_id": None, "dtype": "bfloat16",
              "hidden_size": 896, "intermediate_size": 4864, "max_position_embeddings": 32768,
              "max_window_layers": 24, "num_attention_heads": 14, "num_hidden_layers": 24, "num_key_value_heads": 2,
              "layer_types": ["full_attention"] * 24, "rms_norm_eps": 1e-06, "sliding_window": None,
              "rope_parameters": {"rope_theta": 1000000.0, "rope_type": "default"}, "use_sliding_window": False,
              "tie_word_embeddings": True, "vocab_size": 151936, **TOKENS}
    model("Qwen2.5-0.5B", config, llama(config, "BF16", qkv_bias=True))

    config = llama_config(
        dtype="bfloat16", head_dim=128, hidden_size=4096, intermediate_size=14336, max_position_embeddings=8192,
        num_attention_heads=32, num_hidden_layers=32, num_key_value_heads=8, vocab_size=128256,
        rope_parameters={"rope_theta": 500000.0, "rope_type": "default"})
    model("Llama-3-8B", config, llama(config, "BF16"))

    config = {**LLAMA_3_2_1B, "dtype": "float16",
              "quantization_config": {"quant_method": "gptq", "checkpoint_format": "gptq", "bits": 4,
                                      "group_size": 128, "desc_act": False, "sym": True, "damp_percent": 0.01}}
    model("Llama-3.2-1B-GPTQ", config, llama(config, "F16", project=gptq))

    config = {"peft_type": "LORA", "peft_version": "0.18.0", "task_type": "CAUSAL_LM", "r": 16, "lora_alpha": 32,
              "lora_dropout": 0.05, "target_modules": LINEAR, "bias": "none", "fan_in_fan_out": False,
              "base_model_name_or_path": "meta-llama/Llama-3.2-1B", "inference_mode": True, "init_lora_weights": True,
              "modules_to_save": None, "exclude_modules": None, "rank_pattern": {}, "alpha_pattern": {},
              "layers_to_transform": None, "layers_pattern": None, "use_dora": False, "use_rslora": False,
              "auto_mapping": None, "revision": None}
    model("Llama-3.2-1B-lora-r16", config, lora(LLAMA_3_2_1B, 16, LINEAR), config_name="adapter_config.json",
          file="adapter_model.safetensors")

    (HERE / "lengths.txt").write_text("".join(f"{length} {file}\n" for file, length in sorted(lengths.items())))


main()
