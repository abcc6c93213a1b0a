extension VerifiedFamily {
  /// The errors of the simulation over every run in Tests/Truth, by family. Written by `VerificationTests`, which also
  /// hold it against those runs.
  public static let all: [VerifiedFamily] = [
    VerifiedFamily(
      "arcee", runs: 8, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,checkpointing=reentrant,\
        fp16-mixed,fp32,lora,padding,prefix,prefix=projected,sgd
        """),
    VerifiedFamily(
      "bart", runs: 15, median: 0.000000, worst: 0.000000,
      settings: """
        adafactor,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,\
        sgd
        """),
    VerifiedFamily(
      "bert", runs: 30, median: 0.000000, worst: 0.000000,
      settings: """
        accumulate,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,\
        sgd,sgd-momentum
        """),
    VerifiedFamily(
      "biogpt", runs: 7, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,fp32,lora,padding,prefix,\
        prefix=projected,sgd
        """),
    VerifiedFamily(
      "bloom", runs: 17, median: 0.000000, worst: 0.000000,
      settings: """
        accumulate,adafactor,adamw,attention=eager,attention=math,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,fp16-mixed,fp32,lamda,lora,padding,prefix,\
        prefix=projected,sgd,sgd-momentum
        """),
    VerifiedFamily(
      "clip", runs: 16, median: 0.000000, worst: 0.000000,
      settings: """
        accumulate,adamw-fused,attention=eager,attention=efficient,attention=math,attention=sdpa,bf16,\
        bf16-mixed,checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,\
        lora,sgd,sgd-momentum
        """),
    VerifiedFamily(
      "codegen", runs: 8, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,\
        checkpointing=reentrant,fp16-mixed,fp32,lora,padding,prefix,sgd
        """),
    VerifiedFamily(
      "cohere", runs: 20, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,prefix,prefix=projected,sgd
        """),
    VerifiedFamily(
      "cohere2", runs: 10, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,prefix,prefix=projected,sgd
        """),
    VerifiedFamily(
      "convnext", runs: 12, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,attention=sdpa,bf16,bf16-mixed,checkpointing=none,fp16-mixed,fp32,lora,sgd,sgd-momentum
        """),
    VerifiedFamily(
      "deberta-v2", runs: 48, median: 0.000000, worst: 0.000041,
      settings: """
        accumulate,adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "deepseek", runs: 23, median: 0.000000, worst: 0.000000,
      settings: """
        adafactor,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,\
        quantize=int8,quantize=nf4-double,sgd
        """),
    VerifiedFamily(
      "deepseek_v2", runs: 40, median: 0.000000, worst: 0.000000,
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
      "distilbert", runs: 24, median: 0.000000, worst: 0.000000,
      settings: """
        accumulate,adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "electra", runs: 39, median: 0.000000, worst: 0.000000,
      settings: """
        accumulate,adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "ernie4_5", runs: 8, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,\
        checkpointing=reentrant,fp16-mixed,fp32,lora,padding,prefix,sgd
        """),
    VerifiedFamily(
      "exaone4", runs: 8, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=none,\
        checkpointing=reentrant,fp16-mixed,fp32,lora,padding,prefix,prefix=projected,sgd
        """),
    VerifiedFamily(
      "falcon", runs: 30, median: 0.000066, worst: 0.000220,
      settings: """
        adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lamda,lora,padding,prefix,\
        prefix=projected,sgd
        """),
    VerifiedFamily(
      "gemma", runs: 16, median: 0.000000, worst: 0.000021,
      settings: """
        accumulate,adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,prefix,sgd
        """),
    VerifiedFamily(
      "gemma2", runs: 20, median: 0.000000, worst: 0.000017,
      settings: """
        accumulate,adamw,attention=eager,attention=math,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lamda,lora,\
        padding,prefix,prefix=projected,sgd,sgd-momentum
        """),
    VerifiedFamily(
      "gemma3", runs: 10, median: 0.000000, worst: 0.000005,
      settings: """
        adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,prefix,sgd
        """),
    VerifiedFamily(
      "glm", runs: 8, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=none,\
        checkpointing=reentrant,fp16-mixed,fp32,lora,padding,prefix,prefix=projected,sgd
        """),
    VerifiedFamily(
      "glm4", runs: 8, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,checkpointing=reentrant,\
        fp16-mixed,fp32,lora,padding,prefix,prefix=projected,sgd
        """),
    VerifiedFamily(
      "gpt2", runs: 94, median: 0.000000, worst: 0.000018,
      settings: """
        accumulate,adamw,adamw-8bit,adamw-fused,adamw-loop,attention=cudnn,attention=eager,\
        attention=efficient,attention=math,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,clipping,dora,fp16-mixed,fp32,freeze,ia3,kbit,lamda,lion,\
        lion-8bit,lora,loss=chunked,loss=fused,muon,padding,paged-adamw-8bit,prefix,prompt,quantize=int8,\
        quantize=nf4,quantize=nf4-double,sgd,sgd-momentum
        """),
    VerifiedFamily(
      "gpt_bigcode", runs: 25, median: 0.000000, worst: 0.000035,
      settings: """
        accumulate,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,\
        prefix,prefix=projected,sgd
        """),
    VerifiedFamily(
      "gpt_neo", runs: 17, median: 0.000000, worst: 0.000000,
      settings: """
        accumulate,adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,prefix,prefix=projected,sgd
        """),
    VerifiedFamily(
      "gpt_neox", runs: 28, median: 0.000000, worst: 0.000027,
      settings: """
        accumulate,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lamda,lora,\
        padding,prefix,prefix=projected,sgd
        """),
    VerifiedFamily(
      "gpt_oss", runs: 21, median: 0.000000, worst: 0.000000,
      settings: """
        adafactor,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,\
        sgd
        """),
    VerifiedFamily(
      "gptj", runs: 17, median: 0.000000, worst: 0.000000,
      settings: """
        accumulate,adamw,adamw-fused,attention=eager,attention=math,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lamda,lora,\
        padding,prefix,sgd
        """),
    VerifiedFamily(
      "granite", runs: 8, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=none,\
        checkpointing=reentrant,fp16-mixed,fp32,lora,padding,prefix,prefix=projected,sgd
        """),
    VerifiedFamily(
      "granitemoe", runs: 42, median: 0.000000, worst: 0.000000,
      settings: """
        adafactor,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,\
        sgd
        """),
    VerifiedFamily(
      "helium", runs: 8, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,checkpointing=reentrant,\
        fp16-mixed,fp32,lora,padding,prefix,prefix=projected,sgd
        """),
    VerifiedFamily(
      "hunyuan_v1_dense", runs: 8, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,\
        checkpointing=reentrant,fp16-mixed,fp32,lora,padding,prefix,sgd
        """),
    VerifiedFamily(
      "llama", runs: 207, median: 0.000000, worst: 0.000024,
      settings: """
        accumulate,adafactor,adamw,adamw-8bit,adamw-fused,attention=eager,attention=efficient,attention=math,\
        attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,checkpointing=none,\
        checkpointing=reentrant,clipping,dora,fp16,fp16-mixed,fp32,freeze,galore-adamw,ia3,kbit,\
        kernels=liger,lamda,lion,lion-8bit,lora,loss=chunked,loss=fused,muon,padding,paged-adamw-8bit,prefix,\
        prefix=projected,prompt,quantize=int8,quantize=nf4,quantize=nf4-double,sgd,sgd-momentum
        """),
    VerifiedFamily(
      "llama4", runs: 34, median: 0.000000, worst: 0.000000,
      settings: """
        adafactor,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,\
        sgd
        """),
    VerifiedFamily(
      "llava", runs: 22, median: 0.000000, worst: 0.000000,
      settings: """
        attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,checkpointing=none,\
        checkpointing=reentrant,fp16-mixed,fp32,lora,sgd
        """),
    VerifiedFamily(
      "mamba", runs: 16, median: 0.000000, worst: 0.000146,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=non-reentrant,checkpointing=none,\
        checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd
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
      "mistral", runs: 28, median: 0.000000, worst: 0.000000,
      settings: """
        accumulate,adamw,adamw-fused,attention=eager,attention=math,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lamda,lora,\
        padding,prefix,prefix=projected,sgd
        """),
    VerifiedFamily(
      "mixtral", runs: 58, median: 0.000000, worst: 0.000000,
      settings: """
        adafactor,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,kbit,lora,\
        padding,prefix,quantize=int8,quantize=nf4,quantize=nf4-double,sgd
        """),
    VerifiedFamily(
      "modernbert", runs: 25, median: 0.000000, worst: 0.000000,
      settings: """
        accumulate,adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "mpt", runs: 17, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lamda,lora,padding,prefix,sgd
        """),
    VerifiedFamily(
      "mt5", runs: 7, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,\
        checkpointing=reentrant,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "nemotron", runs: 8, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=none,\
        checkpointing=reentrant,fp16-mixed,fp32,lora,padding,prefix,prefix=projected,sgd
        """),
    VerifiedFamily(
      "olmo", runs: 16, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,checkpointing=reentrant,\
        fp16-mixed,fp32,lora,padding,prefix,prefix=projected,sgd
        """),
    VerifiedFamily(
      "olmo2", runs: 8, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,\
        checkpointing=reentrant,fp16-mixed,fp32,lora,padding,prefix,sgd
        """),
    VerifiedFamily(
      "olmo3", runs: 8, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=none,\
        checkpointing=reentrant,fp16-mixed,fp32,lora,padding,prefix,prefix=projected,sgd
        """),
    VerifiedFamily(
      "olmoe", runs: 46, median: 0.000000, worst: 0.000000,
      settings: """
        adafactor,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,\
        quantize=int8,quantize=nf4-double,sgd
        """),
    VerifiedFamily(
      "opt", runs: 39, median: 0.000000, worst: 0.000273,
      settings: """
        accumulate,adamw,adamw-8bit,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,galore-adamw,\
        ia3,kbit,lamda,lion,lion-8bit,lora,loss=chunked,loss=fused,muon,padding,paged-adamw-8bit,prefix,\
        prefix=projected,quantize=int8,quantize=nf4-double,sgd,sgd-momentum
        """),
    VerifiedFamily(
      "pegasus", runs: 8, median: 0.000000, worst: 0.000038,
      settings: """
        adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "phi", runs: 29, median: 0.000000, worst: 0.000000,
      settings: """
        accumulate,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lamda,lora,\
        padding,prefix,prefix=projected,sgd
        """),
    VerifiedFamily(
      "phi3", runs: 16, median: 0.000000, worst: 0.000000,
      settings: """
        accumulate,adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,prefix,prefix=projected,sgd
        """),
    VerifiedFamily(
      "phimoe", runs: 21, median: 0.000000, worst: 0.000000,
      settings: """
        adafactor,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,\
        quantize=int8,quantize=nf4-double,sgd
        """),
    VerifiedFamily(
      "qwen", runs: 6, median: 0.000032, worst: 0.000044,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,checkpointing=reentrant,fp32,\
        lora,padding,sgd
        """),
    VerifiedFamily(
      "qwen2", runs: 62, median: 0.000000, worst: 0.000000,
      settings: """
        accumulate,adamw,adamw-8bit,adamw-fused,attention=cudnn,attention=eager,attention=efficient,\
        attention=math,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,checkpointing=none,\
        checkpointing=reentrant,dora,fp16-mixed,fp32,freeze,kbit,kernels=liger,lamda,lion,lion-8bit,lora,\
        loss=fused,muon,padding,paged-adamw-8bit,prefix,prompt,quantize=int8,quantize=nf4-double,sgd,\
        sgd-momentum
        """),
    VerifiedFamily(
      "qwen2_moe", runs: 25, median: 0.000000, worst: 0.000000,
      settings: """
        adafactor,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,\
        quantize=int8,quantize=nf4-double,sgd
        """),
    VerifiedFamily(
      "qwen2_vl", runs: 40, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,sgd
        """),
    VerifiedFamily(
      "qwen3", runs: 16, median: 0.000000, worst: 0.000000,
      settings: """
        accumulate,adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,prefix,prefix=projected,sgd
        """),
    VerifiedFamily(
      "qwen_moe", runs: 51, median: 0.000000, worst: 0.000000,
      settings: """
        adafactor,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,\
        prefix,quantize=int8,quantize=nf4-double,sgd
        """),
    VerifiedFamily(
      "resnet", runs: 26, median: 0.000000, worst: 0.000000,
      settings: """
        accumulate,adamw,attention=sdpa,bf16,bf16-mixed,checkpointing=none,clipping,convbn-tune,fp16-mixed,\
        fp32,sgd,sgd-momentum
        """),
    VerifiedFamily(
      "roberta", runs: 54, median: 0.000000, worst: 0.000000,
      settings: """
        accumulate,adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd
        """),
    VerifiedFamily(
      "seed_oss", runs: 8, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,checkpointing=reentrant,\
        fp16-mixed,fp32,lora,padding,prefix,prefix=projected,sgd
        """),
    VerifiedFamily(
      "siglip", runs: 16, median: 0.000000, worst: 0.000000,
      settings: """
        accumulate,adamw-fused,attention=eager,attention=efficient,attention=math,attention=sdpa,bf16,\
        bf16-mixed,checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,\
        lora,sgd,sgd-momentum
        """),
    VerifiedFamily(
      "smollm3", runs: 10, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,prefix,sgd
        """),
    VerifiedFamily(
      "stablelm", runs: 16, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=none,\
        checkpointing=reentrant,fp16-mixed,fp32,lora,padding,prefix,prefix=projected,sgd
        """),
    VerifiedFamily(
      "starcoder2", runs: 31, median: 0.000000, worst: 0.000041,
      settings: """
        accumulate,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lamda,lora,\
        padding,prefix,prefix=projected,sgd
        """),
    VerifiedFamily(
      "swin", runs: 38, median: 0.000000, worst: 0.000000,
      settings: """
        accumulate,adamw-fused,attention=eager,attention=efficient,attention=math,attention=sdpa,bf16,\
        bf16-mixed,checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,\
        lora,sgd,sgd-momentum
        """),
    VerifiedFamily(
      "t5", runs: 23, median: 0.000000, worst: 0.000000,
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
      "whisper", runs: 15, median: 0.000000, worst: 0.000029,
      settings: """
        adafactor,adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,cache,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,sgd
        """),
  ]
}
