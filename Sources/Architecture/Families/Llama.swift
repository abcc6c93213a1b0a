extension Family {
  /// transformers 5.17, `models/llama/modeling_llama.py` and `configuration_llama.py`.
  static let llama = Family(
    name: "llama",
    modelTypes: ["llama", "yi", "Yi", "aquila", "internlm3", "seed_oss", "arcee"],
    layerPath: "layers", layer: names(splitAttention, gatedMLP, preNorms), outside: decoderOutside)

  /// transformers 5.17, `models/mistral/modeling_mistral.py`: Llama's names with a sliding window.
  static let mistral = Family(
    name: "mistral", modelTypes: ["mistral", "ministral"], layerPath: "layers",
    layer: names(splitAttention, gatedMLP, preNorms), outside: decoderOutside)

  /// transformers 5.17, `models/smollm3/modeling_smollm3.py`: Llama's names, tied; some layers leave out the rotation.
  static let smolLM3 = Family(
    name: "smollm3", modelTypes: ["smollm3"], layerPath: "layers",
    layer: names(splitAttention, gatedMLP, preNorms), outside: decoderOutside, tiesByDefault: true)

  /// transformers 5.17, `models/granite/modeling_granite.py`: Llama's names with four multipliers.
  static let granite = Family(
    name: "granite", modelTypes: ["granite"], layerPath: "layers",
    layer: names(splitAttention, gatedMLP, preNorms), outside: decoderOutside)
}
