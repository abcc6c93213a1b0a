internal import Checkpoint

/// A column of repeated blocks as the names show it: everything under `model.layers.#`.
struct BlockStack {
  /// What stands before the index, with its separator.
  var path: String
  var patterns: [Int]
  /// The indices that occur, in rising order.
  var blocks: [Int]
  /// Tensors under it.
  var tensorCount: Int

  /// The same without the separator: what an architecture file calls the layers.
  var name: String { path.hasSuffix(".") || path.hasSuffix("/") ? String(path.dropLast()) : path }

  /// Where a block stands among those that occur.
  func slot(of block: Int32) -> Int? {
    let block = Int(block)
    guard block >= 0 else { return nil }
    if block < blocks.count, blocks[block] == block { return block }
    var low = 0
    var high = blocks.count
    while low < high {
      let middle = (low + high) / 2
      if blocks[middle] < block { low = middle + 1 } else { high = middle }
    }
    return low < blocks.count && blocks[low] == block ? low : nil
  }

  /// The columns of a table, the first found first.
  ///
  /// A list of two or three numbered modules (`merger.mlp.0`, `merger.mlp.2`) is none: a block has several
  /// parameters, and blocks are numbered without gaps. One block alone counts where it looks like a transformer's.
  ///
  /// - Parameter wanted: the name of a column that counts whatever it looks like.
  static func find(in table: PatternTable, wanted: String? = nil) -> [BlockStack] {
    var stacks: [BlockStack] = []
    var byPath: [String: Int] = [:]
    let stackOf = table.patterns.indices.map { pattern -> Int in
      guard let path = table.patterns[pattern].stackPath else { return -1 }
      let stack =
        byPath[path]
        ?? {
          stacks.append(BlockStack(path: path, patterns: [], blocks: [], tensorCount: 0))
          byPath[path] = stacks.count - 1
          return stacks.count - 1
        }()
      stacks[stack].patterns.append(pattern)
      stacks[stack].tensorCount += table.patterns[pattern].tally.tensors
      return stack
    }
    var last = [Int32](repeating: -1, count: stacks.count)
    var seen = [Set<Int32>](repeating: [], count: stacks.count)
    for (pattern, block) in zip(table.patternOf, table.blockOf) where block >= 0 {
      let stack = stackOf[Int(pattern)]
      guard last[stack] != block else { continue }
      last[stack] = block
      seen[stack].insert(block)
    }
    for stack in stacks.indices { stacks[stack].blocks = seen[stack].map(Int.init).sorted() }
    return stacks.filter { stack in
      guard let highest = stack.blocks.last else { return false }
      if stack.name == wanted { return true }
      // An adapter may touch one module of each block, and leave blocks out.
      if stack.patterns.contains(where: { table.patterns[$0].adapter != nil }) { return true }
      let modules = Set(stack.patterns.map { table.patterns[$0].module })
      let isDense = highest - stack.blocks[0] == stack.blocks.count - 1
      return modules.count >= (stack.blocks.count == 1 || !isDense ? 6 : 3)
    }
  }
}
