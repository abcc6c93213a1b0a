internal import Checkpoint
internal import Graph
internal import Units

/// What brings images to a language model.
protocol ImageReading {
  /// Makes the parameters, and the adapters where no image is read.
  func declare(_ g: inout GraphBuilder)
  /// The images of a batch as the processor hands them out; what else it hands out beside them is made, too.
  func pixels(_ g: inout GraphBuilder) -> GraphBuilder.Tensor
  /// Pixels to a row of H features for each token that stands for a part of an image.
  func features(_ g: inout GraphBuilder, _ pixels: GraphBuilder.Tensor) -> GraphBuilder.Tensor
  /// How many tokens the images of a sample take.
  var tokensPerSample: Int { get }
}

/// Writes down the training forward pass of a language model that reads images among its tokens
/// (`LlavaForConditionalGeneration`, `Qwen2VLForConditionalGeneration`).
///
/// Shapes: B sequences of S tokens, some of which stand for parts of images.
struct VisionLanguageLowering: ModuleLowering {
  let description: ModelDescription
  let configuration: Configuration?
  let settings: ForwardSettings
  let text: TransformerLowering
  let images: any ImageReading
  /// Whether the features are among the outputs (LLaVA).
  let returnsFeatures: Bool

  init(
    _ description: ModelDescription, _ configuration: Configuration?, _ settings: ForwardSettings,
    _ choices: VisionLanguageChoices
  ) throws(LoweringError) {
    guard let tower = description.otherStacks.first, description.otherStacks.count == 1 else {
      throw LoweringError(message: "a vision-language model without its one vision tower is not simulated")
    }
    self.description = description
    self.configuration = configuration
    self.settings = settings
    let section = configuration?.section("text_config") ?? configuration
    let count = settings.batchSize.multipliedReportingOverflow(by: max(1, settings.imagesPerSample))
    guard !count.overflow, count.partialValue < 1 << 30 else {
      throw LoweringError(message: "a tensor of this many images would pass 2^46 elements")
    }
    var part = description
    part.otherStacks = []
    var textChoices = choices.text
    switch choices.vision {
    case .tower(let vision):
      images = try ProjectedTower(
        VisionTower(
          tower, of: description, configuration?.section("vision_config"), settings, vision, images: count.partialValue),
        configuration, width: description.hiddenSize?.value ?? 0)
      returnsFeatures = true
      if case .transformer(let known)? = section?.string("model_type").flatMap(Family.named)?.forward {
        textChoices = known
      }
    case .packed(let blocks):
      let packed = try PackedTower(
        tower, of: description, configuration?.section("vision_config"), settings, blocks, images: count.partialValue)
      part.others.removeAll { [packed.projection.up.path, packed.projection.down.path].contains($0.path) }
      images = packed
      returnsFeatures = false
    }
    text = try TransformerLowering(part, section, settings, textChoices)
    let wanted = images.tokensPerSample
    guard settings.imagesPerSample == 0 || wanted <= settings.sequenceLength else {
      throw LoweringError(
        message: "the images of a sample take \(wanted) tokens, more than the sequence of \(settings.sequenceLength)")
    }
  }

  func graph() -> Graph {
    var g = GraphBuilder(autocast: settings.precision.autocast)
    let shape: Shape = [batch, settings.sequenceLength]
    let tokens = g.input("input_ids", shape, .int64)
    let labels = g.input("labels", shape, .int64)
    let padding = settings.isPadded ? g.input("attention_mask", shape, .int64) : nil
    text.declareParameters(&g)
    images.declare(&g)
    let pixels = settings.imagesPerSample > 0 ? images.pixels(&g) : nil
    let typed = pixels.map { g.hold(g.cast($0, to: type)) }
    let (outputs, loss) = g.frame("") { g in
      var outputs: [Tensor] = []
      let (logits, loss) = text.objective(&g, labels) { g in
        g.frame("model") { g in
          let embedded = text.embedded(&g, tokens)
          guard let typed else { return text.decoded(&g, embedded, padding) }
          let features = g.hold(read(&g, typed, as: embedded.dataType))
          if returnsFeatures {
            g.holdToTheEnd(features)
            outputs = [features]
          }
          let places = g.hold(g.create("eq", [tokens], shape, .bool))
          return text.decoded(&g, g.scattered(embedded, g.unsqueeze(places, 2), features), padding)
        }
      }
      return ((logits.map { [$0] } ?? []) + outputs, loss)
    }
    return finished(&g, outputs, loss: loss)
  }

  /// The features of all images behind one another, in the embeddings' type.
  private func read(_ g: inout GraphBuilder, _ pixels: Tensor, as type: DataType) -> Tensor {
    g.cast(images.features(&g, pixels), to: type)
  }
}
