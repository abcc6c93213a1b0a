internal import Architecture
internal import Graph

extension Estimator {
  /// What is taken for granted about quantised base weights.
  func quantizationAssumptions(_ settings: ForwardSettings) -> [Assumption] {
    guard ownForward == nil else { return [] }
    if let method = description.dequantization {
      return [
        Assumption(
          what: "quantisation", value: "\(method.rawValue) in the files, brought back whole on loading",
          source: "\(method.setting) of transformers 5.17 (--dequantize)")
      ]
    }
    if case .grouped? = description.storedQuantization {
      return [
        Assumption(
          what: "quantisation", value: "GPTQ, whole weights brought back for each product",
          source: "the Triton kernels of AutoGPTQ and GPTQModel, which are those that train")
      ]
    }
    guard let quantization = description.quantization(settings) else { return [] }
    let (_, compute) = settings.quantizedTypes
    var result = [
      Assumption(
        what: "quantisation", value: "\(quantization.rawValue) by bitsandbytes 0.50, every linear layer but the head",
        source: "what transformers 5.17 replaces where nothing is said"),
      Assumption(
        what: "rest of the model", value: settings.parameterType.rawValue,
        source: settings.isPreparedForKBitTraining
          ? "prepare_model_for_kbit_training of PEFT (--prepare-kbit false leaves it as loaded)"
          : "as loaded (--prepare-kbit true holds it in fp32, as prepare_model_for_kbit_training of PEFT does)"),
    ]
    if quantization.isFourBit {
      result.append(
        Assumption(
          what: "compute type of four-bit layers", value: compute.rawValue,
          source: "bnb_4bit_compute_dtype set to the type of computation; transformers' own default is F32"))
      result.append(
        Assumption(
          what: "four-bit products", value: "over the whole weight, brought back",
          source: "what bitsandbytes does beyond a few hundred tokens; below, a kernel of its own may spare it"))
    } else {
      result.append(
        Assumption(
          what: "outlier columns", value: "none",
          source: "which inputs pass the threshold of LLM.int8() is up to the data"))
    }
    return result
  }
}

extension ModelDescription {
  /// How base weights are held: as asked for, or as the files bring them.
  func quantization(_ settings: ForwardSettings) -> Quantization? {
    if case .bitsandbytes(let stored)? = storedQuantization { return stored }
    return settings.quantization
  }

  /// What the quantisation of base weights is called; nil where they are whole.
  func quantizationName(_ settings: ForwardSettings) -> String? {
    if case .grouped? = storedQuantization { return "GPTQ's" }
    return quantization(settings)?.rawValue
  }
}
