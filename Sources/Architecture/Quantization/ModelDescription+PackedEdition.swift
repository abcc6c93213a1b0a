public import Graph
internal import Units

extension ModelDescription {
  /// The model as its edition packed by GPTQ holds it, whose layers have words of 32 bits in the place of weights: every
  /// matrix of the layers, groups of 128 inputs with scales in fp16, an index that tells the group of each input. Embeddings
  /// and head stay whole, which is what AutoGPTQ and GPTQModel leave unless told otherwise.
  ///
  /// - Throws: ``LoweringError`` where the weights are packed already, or a layer's experts are one tensor.
  public func packedByGPTQ(bits: Int) throws(LoweringError) -> ModelDescription {
    guard storedQuantization == nil else {
      throw LoweringError(message: "the checkpoint is quantised already")
    }
    var edition = self
    for index in layers.indices {
      for (role, module) in layers[index].orderedModules {
        guard role.isLinear else { continue }
        guard let features = module.features else {
          throw LoweringError(message: "\(module.path) is no matrix by itself, which GPTQ takes apart first")
        }
        edition.layers[index].modules[role]?.grouped = GroupedWeight(
          bits: bits, input: features.input, output: features.output, groups: (features.input + 127) / 128,
          scaleType: .float16, hasIndex: true)
      }
    }
    edition.storedQuantization = .grouped
    return edition
  }
}
