extension Family {
  /// Every family that has a row. A new row is a file in `Families/` and a name here.
  static let all: [Family] = [
    .llama, .mistral, .smolLM3, .qwen2, .qwen3, .gemma, .gemma2, .gemma3, .granite, .starcoder2, .phi, .phi3, .qwen,
    .gpt2, .gptBigCode, .gptNeo, .gptJ, .codegen, .gptNeoX, .bloom, .falcon, .opt, .bioGPT,
    .cohere, .cohere2, .stableLM, .glm, .glm4, .mpt, .seedOSS, .arcee, .nemotron, .helium,
    .ernie, .hunyuan, .exaone4, .olmo, .olmo2, .olmo3, .olmoe,
    .mixtral, .phiMoE, .qwen2MoE, .qwenMoE, .graniteMoE, .gptOSS, .llama4, .deepseek, .deepseekV2, .deepseekV32,
    .bert, .roberta, .electra, .distilBERT, .debertaV2, .modernBERT, .t5, .mt5, .bart, .mbart, .marian,
    .pegasus, .whisper, .mamba, .mamba2, .falconMamba,
    .vit, .deit, .dinov2, .convNeXt, .resNet, .swin, .clip, .siglip, .llava, .qwen2VL,
  ]

  private static let byModelType: [String: Family] = all.reduce(into: [:]) { table, family in
    for type in family.modelTypes { table[type] = family }
  }

  private static let byName: [String: Family] = all.reduce(into: [:]) { $0[$1.name] = $1 }

  /// The row with a name of ours.
  static func row(_ name: String) -> Family? { byName[name] }

  static func named(_ modelType: String) -> Family? { byModelType[modelType] }
}
