/// The size of the chunks into which Colossal-AI's Gemini packs parameters (`cs`), in elements.
///
/// It is found as Colossal-AI finds it (colossalai/zero/gemini/chunk/search_utils.py, `search_chunk_configuration`, at
/// the commit that LLMem builds on and later ones): parameters beyond the mean and three standard deviations get
/// chunks of their own and are left out; the search begins at the largest of the rest, at least 32 Mi elements, and
/// tries 32 Mi further in steps of 1,024; the size that leaves the least unused wins, the smaller of equals; it is
/// rounded up to a multiple of the data-parallel ranks. LLMem's code leaves every setting at its default.
public struct GeminiChunks: Hashable, Sendable {
  /// `min_chunk_size_m`, in elements.
  public var smallest = 32 << 20
  /// `search_range_m`, in elements.
  public var range = 32 << 20
  /// `hidden_dim`, in elements: 1,024 where the plugin is not told one.
  public var step = 1024

  public init() {}

  /// The size that wastes least, before it is rounded up to the ranks.
  ///
  /// - Parameter parameters: sizes in the order in which the model registers them.
  public func bestSize(for parameters: [Int]) -> Int {
    let packed = withoutLargest(parameters)
    // Past this a chunk could not be allocated on any machine, and sums could overflow.
    guard let largest = packed.max(), largest <= 1 << 40, step >= 1 else { return smallest }
    let runs = runs(of: packed)
    let start = (max(smallest, largest) + step - 1) / step * step
    var best = start
    var leastUnused = Int.max
    for size in stride(from: start, through: start + range, by: step) {
      let unused = unused(runs, chunk: size, below: leastUnused)
      if unused < leastUnused {
        leastUnused = unused
        best = size
      }
    }
    return best
  }

  /// Elements that stay empty when parameters fill chunks in turn, none split over two. Gives up at a bound.
  private func unused(_ runs: [Run], chunk: Int, below bound: Int) -> Int {
    var unused = 0
    var left = 0
    for run in runs {
      let fitting = min(run.count, left / run.size)
      left -= fitting * run.size
      let others = run.count - fitting
      guard others > 0 else { continue }
      let perChunk = chunk / run.size
      let fullChunks = (others - 1) / perChunk
      unused += left + fullChunks * (chunk - perChunk * run.size)
      guard unused < bound else { return unused }
      left = chunk - (others - fullChunks * perChunk) * run.size
    }
    return unused + left
  }

  /// Neighbours of one size, such as the projections of an expert, which fill chunks alike.
  private struct Run {
    var size: Int
    var count: Int
  }

  private func runs(of parameters: [Int]) -> [Run] {
    var runs: [Run] = []
    for size in parameters where size > 0 {
      if let last = runs.last, last.size == size {
        runs[runs.count - 1].count += 1
      } else {
        runs.append(Run(size: size, count: 1))
      }
    }
    return runs
  }

  private func withoutLargest(_ parameters: [Int]) -> [Int] {
    guard !parameters.isEmpty else { return [] }
    let count = Double(parameters.count)
    let mean = parameters.reduce(0) { $0 + Double($1) } / count
    let variance = parameters.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
    let limit = mean + 3 * variance.squareRoot()
    return parameters.filter { Double($0) <= limit }
  }
}
