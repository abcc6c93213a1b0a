internal import Graph

/// torch's `ZeroRedundancyOptimizer`: each rank updates some of the parameters, whole, and sends them to the others
/// (torch/distributed/optim/zero_redundancy_optimizer.py).
struct ZeroRedundancy: DataParallelEngine {
  /// What the first rank updates.
  private let own: [ModelParameter]

  /// `_partition_parameters`: the largest first, each to the rank that has least.
  init(ranks: Int, _ parameters: [ModelParameter]) {
    let sorted = parameters.filter(\.trains).enumerated().sorted {
      ($1.element.count, $0.offset) < ($0.element.count, $1.offset)
    }
    var sizes = [Int](repeating: 0, count: ranks)
    var own: [ModelParameter] = []
    for (_, parameter) in sorted {
      let rank = sizes.indices.min { sizes[$0] < sizes[$1] } ?? 0
      if rank == 0 { own.append(parameter) }
      sizes[rank] += parameter.count
    }
    self.own = own
  }

  func shares(of parameters: [Int], update: Int) -> [OptimizerShare]? {
    let reached = Set(parameters)
    return own.filter { reached.contains($0.place) }.map {
      OptimizerShare(key: $0.key, parameter: $0.place, section: nil, shape: $0.shape, dataType: $0.dataType)
    }
  }
}
