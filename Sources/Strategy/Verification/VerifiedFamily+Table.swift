extension VerifiedFamily {
  /// The errors of the simulation over every run in Tests/Truth, by family. Written by `VerificationTests`, which also
  /// hold it against those runs.
  public static let all: [VerifiedFamily] = [
    VerifiedFamily(
      "arcee", runs: 6, median: 0.000000, worst: 0.000061,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,checkpointing=reentrant,\
        fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "bart", runs: 14, median: 0.000000, worst: 0.000000,
      settings: """
        adafactor,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,\
        sgd
        """),
    VerifiedFamily(
      "bert", runs: 23, median: 0.000000, worst: 0.000000,
      settings: """
        accumulate,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,\
        sgd,sgd-momentum
        """),
    VerifiedFamily(
      "biogpt", runs: 5, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "bloom", runs: 13, median: 0.000000, worst: 0.000000,
      settings: """
        accumulate,adafactor,adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,fp16-mixed,fp32,lora,sgd,sgd-momentum
        """),
    VerifiedFamily(
      "clip", runs: 16, median: 0.000000, worst: 0.000000,
      settings: """
        accumulate,adamw-fused,attention=eager,attention=efficient,attention=math,attention=sdpa,bf16,\
        bf16-mixed,checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,\
        lora,sgd,sgd-momentum
        """),
    VerifiedFamily(
      "codegen", runs: 6, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,checkpointing=reentrant,\
        fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "cohere", runs: 16, median: 0.000000, worst: 0.000060,
      settings: """
        adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "cohere2", runs: 8, median: 0.000000, worst: 0.000060,
      settings: """
        adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "convnext", runs: 12, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,attention=sdpa,bf16,bf16-mixed,checkpointing=none,fp16-mixed,fp32,lora,sgd,sgd-momentum
        """),
    VerifiedFamily(
      "deberta-v2", runs: 33, median: 0.000000, worst: 0.000000,
      settings: """
        accumulate,adamw,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,checkpointing=none,\
        fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "deepseek", runs: 19, median: 0.000000, worst: 0.000195,
      settings: """
        adafactor,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,\
        sgd
        """),
    VerifiedFamily(
      "deepseek_v2", runs: 40, median: 0.000000, worst: 0.000187,
      settings: """
        adafactor,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,\
        sgd
        """),
    VerifiedFamily(
      "deit", runs: 16, median: 0.000000, worst: 0.000109,
      settings: """
        accumulate,adamw-fused,attention=eager,attention=efficient,attention=math,attention=sdpa,bf16,\
        bf16-mixed,checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,\
        lora,sgd,sgd-momentum
        """),
    VerifiedFamily(
      "dinov2", runs: 23, median: 0.000000, worst: 0.000063,
      settings: """
        accumulate,adamw,adamw-fused,attention=eager,attention=efficient,attention=math,attention=sdpa,bf16,\
        bf16-mixed,checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,\
        lora,sgd,sgd-momentum
        """),
    VerifiedFamily(
      "distilbert", runs: 18, median: 0.000000, worst: 0.000000,
      settings: """
        accumulate,adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "electra", runs: 36, median: 0.000000, worst: 0.000000,
      settings: """
        accumulate,adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "ernie4_5", runs: 6, median: 0.000000, worst: 0.000061,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,checkpointing=reentrant,\
        fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "exaone4", runs: 5, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "falcon", runs: 16, median: 0.000066, worst: 0.000118,
      settings: """
        adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=non-reentrant,\
        checkpointing=none,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "gemma", runs: 13, median: 0.000009, worst: 0.000060,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=non-reentrant,checkpointing=none,\
        checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "gemma2", runs: 15, median: 0.000001, worst: 0.000054,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=non-reentrant,checkpointing=none,\
        checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd,sgd-momentum
        """),
    VerifiedFamily(
      "gemma3", runs: 8, median: 0.000005, worst: 0.000044,
      settings: """
        adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "glm", runs: 6, median: 0.000000, worst: 0.000056,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,checkpointing=reentrant,\
        fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "glm4", runs: 6, median: 0.000000, worst: 0.000056,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,checkpointing=reentrant,\
        fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "gpt2", runs: 82, median: 0.000000, worst: 0.000018,
      settings: """
        accumulate,adamw,adamw-8bit,adamw-fused,adamw-loop,attention=cudnn,attention=eager,\
        attention=efficient,attention=math,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,clipping,dora,fp16-mixed,fp32,freeze,ia3,kbit,lion,\
        lion-8bit,lora,loss=chunked,loss=fused,muon,padding,paged-adamw-8bit,prompt,quantize=int8,\
        quantize=nf4,quantize=nf4-double,sgd,sgd-momentum
        """),
    VerifiedFamily(
      "gpt_bigcode", runs: 20, median: 0.000000, worst: 0.000035,
      settings: """
        accumulate,adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "gpt_neo", runs: 15, median: 0.000000, worst: 0.000000,
      settings: """
        accumulate,adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "gpt_neox", runs: 21, median: 0.000000, worst: 0.000070,
      settings: """
        adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "gpt_oss", runs: 21, median: 0.000000, worst: 0.000224,
      settings: """
        adafactor,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,\
        sgd
        """),
    VerifiedFamily(
      "gptj", runs: 13, median: 0.000000, worst: 0.000000,
      settings: """
        accumulate,adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "granite", runs: 6, median: 0.000000, worst: 0.000058,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,checkpointing=reentrant,\
        fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "granitemoe", runs: 42, median: 0.000000, worst: 0.000250,
      settings: """
        adafactor,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,\
        sgd
        """),
    VerifiedFamily(
      "helium", runs: 6, median: 0.000000, worst: 0.000056,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,checkpointing=reentrant,\
        fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "hunyuan_v1_dense", runs: 6, median: 0.000000, worst: 0.000056,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,checkpointing=reentrant,\
        fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "llama", runs: 178, median: 0.000000, worst: 0.000063,
      settings: """
        accumulate,adafactor,adamw,adamw-8bit,adamw-fused,attention=eager,attention=efficient,attention=sdpa,\
        bf16,bf16-mixed,checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,clipping,dora,\
        fp16,fp16-mixed,fp32,freeze,galore-adamw,ia3,kbit,lion,lion-8bit,lora,loss=chunked,loss=fused,muon,\
        padding,paged-adamw-8bit,prompt,quantize=int8,quantize=nf4,quantize=nf4-double,sgd,sgd-momentum
        """),
    VerifiedFamily(
      "llama4", runs: 34, median: 0.000000, worst: 0.000133,
      settings: """
        adafactor,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,\
        sgd
        """),
    VerifiedFamily(
      "llava", runs: 22, median: 0.000000, worst: 0.000271,
      settings: """
        attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,checkpointing=none,\
        checkpointing=reentrant,fp16-mixed,fp32,lora,sgd
        """),
    VerifiedFamily(
      "mamba", runs: 15, median: 0.000000, worst: 0.000146,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=non-reentrant,checkpointing=none,\
        checkpointing=reentrant,fp16-mixed,fp32,lora,sgd
        """),
    VerifiedFamily(
      "mamba2", runs: 16, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=non-reentrant,checkpointing=none,\
        checkpointing=reentrant,fp16-mixed,fp32,lora,sgd
        """),
    VerifiedFamily(
      "marian", runs: 15, median: 0.000000, worst: 0.000000,
      settings: """
        adafactor,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,\
        sgd
        """),
    VerifiedFamily(
      "mbart", runs: 8, median: 0.000000, worst: 0.000037,
      settings: """
        adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "mistral", runs: 21, median: 0.000000, worst: 0.000060,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=non-reentrant,checkpointing=none,\
        checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "mixtral", runs: 43, median: 0.000000, worst: 0.000216,
      settings: """
        adafactor,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,\
        sgd
        """),
    VerifiedFamily(
      "modernbert", runs: 18, median: 0.000000, worst: 0.000000,
      settings: """
        attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=non-reentrant,checkpointing=none,\
        checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "mpt", runs: 11, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "mt5", runs: 7, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,\
        checkpointing=reentrant,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "nemotron", runs: 6, median: 0.000000, worst: 0.000061,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,checkpointing=reentrant,\
        fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "olmo", runs: 12, median: 0.000000, worst: 0.000056,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,checkpointing=reentrant,\
        fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "olmo2", runs: 5, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "olmo3", runs: 5, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "olmoe", runs: 42, median: 0.000000, worst: 0.000225,
      settings: """
        adafactor,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,\
        sgd
        """),
    VerifiedFamily(
      "opt", runs: 32, median: 0.000000, worst: 0.000005,
      settings: """
        accumulate,adamw,adamw-8bit,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,galore-adamw,\
        ia3,kbit,lion,lion-8bit,lora,loss=chunked,loss=fused,muon,padding,paged-adamw-8bit,quantize=int8,\
        quantize=nf4-double,sgd,sgd-momentum
        """),
    VerifiedFamily(
      "pegasus", runs: 8, median: 0.000000, worst: 0.000038,
      settings: """
        adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "phi", runs: 21, median: 0.000000, worst: 0.000054,
      settings: """
        adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "phi3", runs: 13, median: 0.000000, worst: 0.000061,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=non-reentrant,checkpointing=none,\
        checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "phimoe", runs: 17, median: 0.000000, worst: 0.000228,
      settings: """
        adafactor,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,\
        sgd
        """),
    VerifiedFamily(
      "qwen2", runs: 51, median: 0.000000, worst: 0.000060,
      settings: """
        adamw,adamw-8bit,adamw-fused,attention=cudnn,attention=eager,attention=efficient,attention=math,\
        attention=sdpa,bf16,bf16-mixed,checkpointing=non-reentrant,checkpointing=none,\
        checkpointing=reentrant,dora,fp16-mixed,fp32,freeze,kbit,lion,lion-8bit,lora,muon,padding,\
        paged-adamw-8bit,prompt,quantize=int8,quantize=nf4-double,sgd,sgd-momentum
        """),
    VerifiedFamily(
      "qwen2_moe", runs: 21, median: 0.000000, worst: 0.000259,
      settings: """
        adafactor,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,\
        sgd
        """),
    VerifiedFamily(
      "qwen2_vl", runs: 24, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,sgd
        """),
    VerifiedFamily(
      "qwen3", runs: 13, median: 0.000000, worst: 0.000058,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=non-reentrant,checkpointing=none,\
        checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "qwen_moe", runs: 42, median: 0.000000, worst: 0.000224,
      settings: """
        adafactor,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,\
        sgd
        """),
    VerifiedFamily(
      "resnet", runs: 10, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,attention=sdpa,bf16,bf16-mixed,checkpointing=none,fp16-mixed,fp32,sgd,sgd-momentum
        """),
    VerifiedFamily(
      "roberta", runs: 48, median: 0.000000, worst: 0.000000,
      settings: """
        accumulate,adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "seed_oss", runs: 6, median: 0.000000, worst: 0.000053,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,checkpointing=reentrant,\
        fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "siglip", runs: 16, median: 0.000000, worst: 0.000000,
      settings: """
        accumulate,adamw-fused,attention=eager,attention=efficient,attention=math,attention=sdpa,bf16,\
        bf16-mixed,checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,\
        lora,sgd,sgd-momentum
        """),
    VerifiedFamily(
      "smollm3", runs: 8, median: 0.000000, worst: 0.000063,
      settings: """
        adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "stablelm", runs: 12, median: 0.000000, worst: 0.000056,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,checkpointing=reentrant,\
        fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "starcoder2", runs: 23, median: 0.000000, worst: 0.000068,
      settings: """
        adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "t5", runs: 19, median: 0.000000, worst: 0.000000,
      settings: """
        adafactor,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,\
        sgd
        """),
    VerifiedFamily(
      "vit", runs: 16, median: 0.000000, worst: 0.000098,
      settings: """
        accumulate,adamw-fused,attention=eager,attention=efficient,attention=math,attention=sdpa,bf16,\
        bf16-mixed,checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,\
        lora,sgd,sgd-momentum
        """),
    VerifiedFamily(
      "whisper", runs: 14, median: 0.000000, worst: 0.000029,
      settings: """
        adafactor,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,sgd
        """),
  ]
}
