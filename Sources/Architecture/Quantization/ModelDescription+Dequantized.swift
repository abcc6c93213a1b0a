public import Graph
internal import Units

extension ModelDescription {
  /// The model as transformers 5.17 loads it where it is told to bring quantised weights back (`dequantize=True` of
  /// `FineGrainedFP8Config` and `Mxfp4Config`): whole, and no different from one that was never quantised.
  ///
  /// - Throws: ``LoweringError`` where transformers has no such way for these weights.
  public func dequantized() throws(LoweringError) -> ModelDescription {
    guard case .other(let name)? = storedQuantization else {
      throw LoweringError(
        message: storedQuantization == nil
          ? "no weight of the checkpoint is quantised, so none is to be brought back"
          : "quantised weights of this kind are trained over as they are (--lora-rank)")
    }
    guard let method = Dequantization(rawValue: quantizationMethod ?? "") else {
      throw whyNotTrained(name)
    }
    if let unevenScales { throw LoweringError(message: unevenScales) }
    var whole = self
    whole.storedQuantization = nil
    whole.dequantization = method
    guard method == .mxfp4 else { return whole }
    // `convert_moe_packed_tensors` gives [experts, in, out]; the blocks lie along the inputs.
    for (index, layer) in layers.enumerated() {
      for (role, module) in layer.modules where role.isRouted {
        guard let weight = module.weight, weight.rank == 3 else { continue }
        whole.layers[index].modules[role]?.weight = [weight[0], weight[2], weight[1]]
      }
    }
    return whole
  }

  /// A `quant_method` whose weights transformers brings back whole on loading.
  public enum Dequantization: String, Sendable {
    case fp8, mxfp8, mxfp4

    /// The settings that say so.
    public var setting: String {
      self == .mxfp4 ? "Mxfp4Config(dequantize=True)" : "FineGrainedFP8Config(dequantize=True)"
    }
  }

  /// Refuses weights that are stored in a way that nothing trains over.
  func checkStorage() throws(LoweringError) {
    if case .other(let name)? = storedQuantization { throw whyNotTrained(name) }
  }

  /// Why there is no training over weights that are stored so, by the quantisers of transformers 5.17 and the layers of
  /// PEFT 0.21, and what else can be done.
  private func whyNotTrained(_ name: String) -> LoweringError {
    let what = "training over a checkpoint quantised as \(name)"
    switch quantizationMethod {
    case let method? where Dequantization(rawValue: method) != nil:
      return LoweringError(
        message: "\(what) is not what transformers does: it brings such weights back whole, or does not train them",
        help: "--dequantize brings them back, as \(Dequantization(rawValue: method)?.setting ?? method) does")
    case "compressed-tensors"?:
      return LoweringError(
        message:
          "\(what) is not simulated: compressed-tensors brings the weights back and then rounds a copy of each in "
          + "every forward pass",
        help: "give the checkpoint that it was made from, with --quantize for weights in fewer bits")
    case "awq"?:
      return LoweringError(
        message: "\(what) is not simulated: PEFT trains over the layers of gptqmodel, whose kernels decide what is "
          + "brought back to full width",
        help:
          "give the checkpoint that it was made from: --quantize gptq-int4 simulates the same bits as GPTQ packs them")
    case "modelopt"?, "nvfp4"?:
      return LoweringError(
        message: "\(what) is not possible: transformers does not load NVFP4 weights that are quantised already",
        help: "give the checkpoint that it was made from")
    case nil where name == "MLX":
      return LoweringError(
        message: "\(what) is not possible: transformers does not load MLX's layout",
        help: "mlx_lm.convert --dequantize makes a checkpoint that it loads")
    default:
      return LoweringError(
        message: "\(what) is not simulated: what its layers bring back to full width depends on the kernels that its "
          + "library picks",
        help: "give the checkpoint that it was made from, with --quantize for weights in fewer bits")
    }
  }
}
