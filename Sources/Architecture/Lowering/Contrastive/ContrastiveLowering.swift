internal import Checkpoint
internal import Graph
internal import Units

/// Writes down the training forward pass of a text and a vision tower that learn which text belongs to which image
/// (`CLIPModel`, `SiglipModel`).
///
/// Shapes: B pairs, E features in which texts and images are compared.
struct ContrastiveLowering: ModuleLowering {
  let description: ModelDescription
  let configuration: Configuration?
  let settings: ForwardSettings
  let choices: ContrastiveChoices
  let text: TextTower
  let vision: VisionTower

  init(
    _ description: ModelDescription, _ configuration: Configuration?, _ settings: ForwardSettings,
    _ choices: ContrastiveChoices
  ) throws(LoweringError) {
    guard let tower = description.otherStacks.first, description.otherStacks.count == 1,
      tower.modules[.patchEmbedding] != nil
    else { throw LoweringError(message: "one tower of a contrastive model cannot be trained without the other") }
    if description.parameterCount == nil {
      throw LoweringError(message: "quantised base weights are not simulated yet")
    }
    self.description = description
    self.configuration = configuration
    self.settings = settings
    self.choices = choices
    text = try TextTower(
      description.mainStack, of: description, configuration?.section("text_config"), settings, choices.text)
    vision = try VisionTower(
      tower, of: description, configuration?.section("vision_config"), settings, choices.vision,
      images: settings.batchSize)
    if let misfit { throw LoweringError(message: "\(misfit), so the model cannot be run") }
  }

  /// The first part beside the blocks whose shape does not fit; nil where all do.
  private var misfit: String? {
    let (words, patches) = (text.blocks.sizes.hidden, vision.hidden)
    let modules = vision.stack.modules
    let textual = description.modules[.outputProjection]
    if let misfit = textual?.misfit(input: words, output: nil) { return misfit }
    if let misfit = description.modules[.visionProjection]?.misfit(input: patches, output: nil) { return misfit }
    let width = description.modules[.visionProjection]?.features?.output ?? patches
    guard (textual?.features?.output ?? words) == width else {
      return "texts and images are not compared in the same number of features"
    }
    if modules[.poolingProbe] != nil || choices.likeness == .pairs {
      guard modules[.poolingProbe]?.weight == [1, 1, patches] else { return "the pooling head has no probe" }
      if let misfit = modules[.poolingNorm]?.misfit(norm: patches) { return misfit }
      let inner = modules[.poolingUp]?.features?.output
      let expected: [(Role, Int, Int?)] = [
        (.poolingQKV, patches, 3 * patches), (.poolingOutput, patches, patches), (.poolingUp, patches, nil),
        (.poolingDown, inner ?? 0, patches),
      ]
      for (role, input, output) in expected {
        guard let module = modules[role] else { return "the pooling head is not whole" }
        if let misfit = module.misfit(input: input, output: output) { return misfit }
      }
    }
    return nil
  }

  func graph() -> Graph {
    var g = GraphBuilder(autocast: settings.precision.autocast)
    let tokens = g.input("input_ids", [batch, settings.sequenceLength], .int64)
    let padding = settings.isPadded ? g.input("attention_mask", [batch, settings.sequenceLength], .int64) : nil
    let pixels = vision.pixels(&g)
    text.declare(&g)
    vision.declare(&g)
    declare(
      &g, vision.stack.modules,
      [.poolingProbe, .poolingQKV, .poolingOutput, .poolingNorm, .poolingUp, .poolingDown])
    declare(&g, description.modules, [.outputProjection, .visionProjection, .logitScale, .logitBias])
    let typed = g.hold(g.cast(pixels, to: type))
    let (outputs, loss) = g.frame("") { g in
      let seen = images(&g, typed)
      let read = texts(&g, tokens, padding)
      return compared(&g, seen, read)
    }
    return finished(&g, outputs, loss: loss)
  }

  // MARK: - The towers

  /// Features of patches [B, S, H] and of images [B, E].
  private func images(_ g: inout GraphBuilder, _ pixels: Tensor) -> [Tensor] {
    let outputs = g.frame("vision_model") { g in
      let encoded = g.hold(vision.encoded(&g, pixels))
      let norm = vision.stack.modules[.finalNorm]
      if choices.likeness == .pairs {
        let sequence = g.hold(norm.map { vision.blocks.norm(&g, encoded, $0, "post_layernorm") } ?? encoded)
        return [sequence, g.frame("head") { g in attentionPooled(&g, sequence) }]
      }
      let first = g.select(encoded, axis: 1)
      return [encoded, norm.map { vision.blocks.norm(&g, first, $0, "post_layernorm") } ?? first]
    }
    return [g.hold(outputs[0]), projected(&g, outputs[1], description.modules[.visionProjection])]
  }

  /// Features of tokens [B, S, H] and of texts [B, E].
  private func texts(_ g: inout GraphBuilder, _ tokens: Tensor, _ padding: Tensor?) -> [Tensor] {
    let outputs = g.frame("text_model") { g in
      let encoded = g.hold(text.encoded(&g, tokens, padding))
      switch choices.textPooling {
      case .lastToken:
        let last = g.select(encoded, axis: 1)
        return [encoded, description.modules[.outputProjection].map { linear(&g, last, $0) } ?? last]
      case .endToken:
        let shape: Shape = [batch, settings.sequenceLength]
        let rows = g.create("arange", [], [batch], .int64)
        let ends = g.create("argmax", [g.create("_to_copy", [tokens], shape, .int32)], [batch], .int64)
        let picked = g.apply(
          .pick(axis: 1), [encoded, ends, rows], Layout(contiguous: [batch, text.blocks.sizes.hidden]),
          encoded.dataType)
        return [encoded, picked]
      }
    }
    let projection = choices.textPooling == .endToken ? description.modules[.outputProjection] : nil
    return [g.hold(outputs[0]), projected(&g, outputs[1], projection)]
  }

  /// Pooled features where texts and images are compared; they take the pooled ones' place among the outputs.
  private func projected(_ g: inout GraphBuilder, _ pooled: Tensor, _ projection: ModuleParameters?) -> Tensor {
    guard let projection else { return g.hold(pooled) }
    return g.hold(g.frame("") { g in linear(&g, pooled, projection) })
  }

  // MARK: - The comparison

  /// The likenesses of texts and images [B, B], and how far they are from telling the pairs.
  private func compared(
    _ g: inout GraphBuilder, _ seen: [Tensor], _ read: [Tensor]
  ) -> (outputs: [Tensor], loss: Tensor) {
    let image = g.hold(g.divide(seen[1], length(&g, seen[1])))
    let words = g.hold(g.divide(read[1], length(&g, read[1])))
    var likeness = g.linear(words, image, nil)
    if let scale = description.modules[.logitScale].flatMap({ weight(&g, $0) }),
      let exponential = ElementwiseFunction.named("exp")
    {
      let factor = g.unary(.function(exponential), g.castForPrecision(scale))
      if choices.likeness == .pairs { g.hold(factor) }
      likeness = g.multiply(likeness, factor)
    }
    if let bias = description.modules[.logitBias].flatMap({ weight(&g, $0) }) { likeness = g.add(likeness, bias) }
    g.hold(likeness)
    let turned = g.transpose(likeness, 0, 1)
    let loss = g.frame("") { g in
      switch choices.likeness {
      case .softmax:
        let captions = g.hold(matched(&g, likeness))
        return g.unary(.divideScalar, g.add(captions, g.hold(matched(&g, turned))))
      case .pairs: return paired(&g, likeness)
      }
    }
    return ([turned, likeness, words, image] + read + seen, loss)
  }

  /// The Euclidean length of each row, [B, 1], operator by operator (`_get_vector_norm`); SigLIP's as one.
  private func length(_ g: inout GraphBuilder, _ rows: Tensor) -> Tensor {
    g.frame("") { g in
      let shape = Layout(contiguous: [batch, 1])
      if choices.likeness == .pairs {
        // Autocast names the result's type, and leaves the rows as they are.
        return g.apply(.vectorNorm, [rows], shape, g.autocast == nil ? rows.dataType : .float32)
      }
      let squares = g.hold(g.power(rows, 2))
      return g.power(g.hold(g.apply(.sum, [squares], shape, squares.dataType)), 0.5)
    }
  }

  /// Cross-entropy where each row's own column is right.
  private func matched(_ g: inout GraphBuilder, _ rows: Tensor) -> Tensor {
    g.frame("") { g in g.crossEntropy(rows, g.create("arange", [], [batch], .int64)) }
  }
}
