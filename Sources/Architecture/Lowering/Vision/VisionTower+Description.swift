internal import Checkpoint
internal import Graph
internal import Units

extension VisionTower {
  /// The tower of a stack, for images of the asked size or the configured one.
  ///
  /// - Throws: ``LoweringError`` where sizes are missing, or shapes do not fit.
  init(
    _ stack: ModelDescription.Stack, of description: ModelDescription, _ configuration: Configuration?,
    _ settings: ForwardSettings, _ choices: VisionChoices, images count: Int
  ) throws(LoweringError) {
    func refused(_ message: String) -> LoweringError {
      LoweringError(message: "\(message), so the model cannot be run")
    }
    guard let patches = stack.modules[.patchEmbedding], let weight = patches.weight, weight.rank == 4,
      weight.dimensions.allSatisfy({ (1...1 << 24).contains($0) }), weight[2] == weight[3],
      patches.bias == nil || patches.bias == [weight[0]]
    else { throw refused("there is no embedding of square patches of an image") }
    let hidden = weight[0]
    let learned = [Role.classToken, .distillationToken, .registerTokens].compactMap { stack.modules[$0]?.weight }
    guard learned.allSatisfy({ $0 == [hidden] || ($0.rank == 3 && $0[0] == 1 && $0[2] == hidden && $0[1] < 1 << 16) })
    else { throw refused("the learned tokens are not \(hidden) features wide") }
    let rows = stack.modules[.positionEmbedding]?.weight?.dimensions ?? []
    guard rows.last == hidden, rows.count == 2 || (rows.count == 3 && rows[0] == 1),
      choices.positions.rank == rows.count
    else { throw refused("the position embedding has the shape \(Shape(rows)), and the tower is \(hidden) wide") }
    let registers = stack.modules[.registerTokens]?.weight?[1] ?? 0
    let extra = learned.reduce(0) { $0 + ($1.rank == 3 ? $1[1] : 1) } - registers
    let places = rows[rows.count - 2] - extra
    let own = configuration?.integer("image_size") ?? Int(Double(max(0, places)).squareRoot()) * weight[2]
    let side = settings.imageSize ?? own
    guard side >= weight[2], side < 1 << 20 else {
      throw refused("an image of \(side) pixels a side holds no patch of \(weight[2])")
    }
    let images = Images(count: count, channels: weight[1], side: side, patch: weight[2])
    let grid = Int(Double(max(0, places)).squareRoot())
    switch choices.positions {
    case .resized where grid > 0 && grid * grid == places: break
    case .added, .table, .resized:
      guard places == images.grid * images.grid else {
        let patches = images.grid * images.grid
        throw refused("images of \(side) pixels a side have \(patches) patches, and the model \(places)")
      }
    }
    let heads = configuration?.integer("num_attention_heads") ?? (hidden % 64 == 0 ? hidden / 64 : 0)
    let tokens = images.grid * images.grid + extra + registers
    var settings = settings
    settings.batchSize = count
    settings.isPadded = false
    settings.usesCache = false
    let blocks = try TransformerLowering(
      stack, of: description, configuration, settings, choices.blocks, heads: heads, hidden: hidden, length: tokens)
    self.init(blocks: blocks, choices: choices, images: images)
  }
}

extension VisionChoices.Positions {
  /// The rank of the stored parameter.
  fileprivate var rank: Int {
    switch self {
    case .added, .resized: 3
    case .table: 2
    }
  }
}
