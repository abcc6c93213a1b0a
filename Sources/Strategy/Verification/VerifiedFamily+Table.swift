extension VerifiedFamily {
  /// The errors of the simulation over every run in Tests/Truth, by family. Written by `VerificationTests`, which also
  /// hold it against those runs.
  public static let all: [VerifiedFamily] = [
    VerifiedFamily(
      "bert", runs: 6, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,lora,padding,sgd-momentum
        """),
    VerifiedFamily(
      "bloom", runs: 8, median: 0.000000, worst: 0.000000,
      settings: """
        adafactor,adamw,attention=sdpa,bf16,checkpointing=none,fp32,sgd,sgd-momentum
        """),
    VerifiedFamily(
      "falcon", runs: 2, median: 0.000001, worst: 0.000001,
      settings: """
        adamw,adamw-fused,attention=sdpa,bf16,bf16-mixed,checkpointing=non-reentrant,checkpointing=none
        """),
    VerifiedFamily(
      "gemma2", runs: 2, median: 0.000001, worst: 0.000001,
      settings: """
        adamw,attention=sdpa,bf16,checkpointing=none,fp16-mixed,padding,sgd-momentum
        """),
    VerifiedFamily(
      "gpt2", runs: 59, median: 0.000000, worst: 0.000018,
      settings: """
        accumulate,adamw,adamw-8bit,adamw-fused,adamw-loop,attention=cudnn,attention=eager,\
        attention=efficient,attention=math,attention=sdpa,bf16,bf16-mixed,cache,checkpointing=non-reentrant,\
        checkpointing=none,checkpointing=reentrant,clipping,fp16-mixed,fp32,ia3,lion,lion-8bit,lora,\
        loss=chunked,loss=fused,muon,padding,paged-adamw-8bit,prompt,sgd,sgd-momentum
        """),
    VerifiedFamily(
      "gpt_neox", runs: 2, median: 0.000002, worst: 0.000002,
      settings: """
        adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=non-reentrant,\
        checkpointing=none,sgd
        """),
    VerifiedFamily(
      "gptj", runs: 2, median: 0.000000, worst: 0.000000,
      settings: """
        adamw,attention=sdpa,bf16,checkpointing=none,checkpointing=reentrant,fp32,sgd
        """),
    VerifiedFamily(
      "llama", runs: 71, median: 0.000000, worst: 0.000024,
      settings: """
        accumulate,adafactor,adamw,adamw-8bit,adamw-fused,attention=eager,attention=efficient,attention=sdpa,\
        bf16,bf16-mixed,checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,clipping,\
        fp16-mixed,fp32,galore-adamw,ia3,lion,lion-8bit,lora,loss=chunked,loss=fused,muon,padding,\
        paged-adamw-8bit,prompt,sgd,sgd-momentum
        """),
    VerifiedFamily(
      "mistral", runs: 2, median: 0.000005, worst: 0.000005,
      settings: """
        adamw,attention=sdpa,bf16,checkpointing=none,checkpointing=reentrant,sgd
        """),
    VerifiedFamily(
      "opt", runs: 23, median: 0.000000, worst: 0.000005,
      settings: """
        adamw,adamw-8bit,adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,\
        checkpointing=non-reentrant,checkpointing=none,checkpointing=reentrant,fp16-mixed,fp32,galore-adamw,\
        ia3,lion,lion-8bit,lora,loss=chunked,loss=fused,muon,padding,paged-adamw-8bit,sgd,sgd-momentum
        """),
    VerifiedFamily(
      "phi", runs: 2, median: 0.000002, worst: 0.000002,
      settings: """
        adamw-fused,attention=eager,attention=sdpa,bf16,bf16-mixed,checkpointing=none,\
        checkpointing=reentrant,sgd
        """),
    VerifiedFamily(
      "qwen2", runs: 25, median: 0.000000, worst: 0.000001,
      settings: """
        adamw,adamw-8bit,adamw-fused,attention=cudnn,attention=eager,attention=efficient,attention=math,\
        attention=sdpa,bf16,bf16-mixed,checkpointing=non-reentrant,checkpointing=none,\
        checkpointing=reentrant,fp16-mixed,fp32,lion,lion-8bit,lora,muon,padding,paged-adamw-8bit,prompt,\
        sgd-momentum
        """),
  ]
}
