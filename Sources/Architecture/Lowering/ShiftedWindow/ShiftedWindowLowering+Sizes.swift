internal import Checkpoint
internal import Graph
internal import Units

extension ShiftedWindowLowering.Sizes {
  /// The sizes that a configuration tells, with the defaults of transformers 5.17.
  ///
  /// - Parameter side: pixels a side of an image; nil for the configured ones.
  /// - Throws: ``LoweringError`` where they are not those of stages.
  init(_ configuration: Configuration?, side: Int?) throws(LoweringError) {
    let first = configuration?.integer("embed_dim") ?? 96
    let depths = configuration?.integers("depths") ?? [2, 2, 6, 2]
    let heads = configuration?.integers("num_heads") ?? [3, 6, 12, 24]
    channels = configuration?.integer("num_channels") ?? 3
    self.side = side ?? configuration?.integer("image_size") ?? 224
    patch = configuration?.integer("patch_size") ?? 4
    window = configuration?.integer("window_size") ?? 7
    widening = configuration?.number("mlp_ratio") ?? 4
    stages = []
    guard (1...8).contains(depths.count), depths.count == heads.count, (1...1 << 14).contains(first),
      depths.allSatisfy({ (1...1 << 10).contains($0) }), (1...1 << 12).contains(channels),
      (1..<1 << 20).contains(self.side), (1...1 << 10).contains(patch), (1...1 << 8).contains(window),
      (0.01...64).contains(widening)
    else {
      throw LoweringError(message: "depths, num_heads and sizes are not those of stages, so the model cannot be run")
    }
    let count = depths.reduce(0, +)
    let last = configuration?.number("drop_path_rate") ?? 0.1
    guard (0..<1).contains(last) else {
      throw LoweringError(message: "a stochastic depth of \(last) leaves no block, so the model cannot be run")
    }
    var grid = self.grid
    var block = 0
    for (index, depth) in depths.enumerated() {
      let width = first << index
      guard heads[index] > 0, width % heads[index] == 0, inner(width) > 0 else {
        throw LoweringError(message: "\(width) features cannot be divided among \(heads[index]) attention heads")
      }
      let rates = (block..<block + depth).map { last * Double($0) / Double(max(1, count - 1)) }
      stages.append(
        ShiftedWindowLowering.Stage(
          index: index, width: width, depth: depth, heads: heads[index], grid: grid, rates: rates,
          merges: index < depths.count - 1))
      block += depth
      grid = (grid + 1) / 2
    }
  }
}
