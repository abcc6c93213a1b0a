extension Family {
  /// transformers 5.17, `models/cohere/modeling_cohere.py`: one norm feeds attention and MLP side by side.
  static let cohere = Family(
    name: "cohere", modelTypes: ["cohere"], layerPaths: ["layers"],
    layer: names(splitAttention, gatedMLP, ["input_layernorm": .inputNorm]), outside: decoderOutside,
    tiesByDefault: true, forward: .transformer(.cohere))

  /// transformers 5.17, `models/cohere2/modeling_cohere2.py`: the same, and layers that see everything turn nothing.
  static let cohere2 = Family(
    name: "cohere2", modelTypes: ["cohere2"], layerPaths: ["layers"],
    layer: names(splitAttention, gatedMLP, ["input_layernorm": .inputNorm]), outside: decoderOutside,
    tiesByDefault: true, forward: .transformer(.cohere2))
}

extension TransformerChoices {
  static let cohere = TransformerChoices(
    norm: .centered, parallel: .inputFirst, headNorms: .headsOfAll, holdsBranches: true, turning: .neighbours,
    turningType: .wide, logitScale: .multiplied)

  static let cohere2 = TransformerChoices(
    norm: .centered, parallel: .inputFirst, holdsBranches: true, turning: .neighbours, turningType: .wide,
    turned: .windowed, logitScale: .multiplied, window: .allButEvery(4), usualWindow: 4096)
}
