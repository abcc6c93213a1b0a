internal import Checkpoint
internal import Units

extension Facts {
  /// The published base of an adapter, if the adapter's own shapes agree with it.
  func agreeingBase(_ model: ModelDescription) -> PublishedModel? {
    settings.base.flatMap { $0.contradiction(to: model) == nil ? $0 : nil }
  }

  /// Fills what an adapter cannot show from what is published of its base.
  func complete(_ model: inout ModelDescription, from base: PublishedModel) {
    func assumed<Value: Sendable>(_ value: Value) -> Sourced<Value> {
      Sourced(value, .assumed, source: "the published configuration of \(base.name)")
    }
    model.layerCount = model.layerCount?.value == base.layers ? model.layerCount : assumed(base.layers)
    if model.hiddenSize == nil { model.hiddenSize = assumed(base.hidden) }
    if model.vocabularySize == nil { model.vocabularySize = assumed(base.vocabulary) }
    if model.tiedEmbeddings == nil { model.tiedEmbeddings = assumed(base.isTied) }
    if model.maximumPositions == nil { model.maximumPositions = assumed(base.positions) }
    if model.intermediateSize == nil { model.intermediateSize = assumed(base.intermediate) }
    model.headCount = assumed(base.heads)
    model.keyValueHeadCount = assumed(base.keyValueHeads)
    model.headDimension = assumed(base.headDimension)
  }
}
