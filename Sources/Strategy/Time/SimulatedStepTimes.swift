internal import Architecture
internal import Graph
public import TrainingStep

/// Times of steps, for an estimate or for a plan.
public struct SimulatedStepTimes: Sendable {
  public let estimator: Estimator
  public let workload: Workload
  public let cluster: Cluster

  public init(estimator: Estimator, workload: Workload, cluster: Cluster) {
    self.estimator = estimator
    self.workload = workload
    self.cluster = cluster
  }

  /// The step of a layout; nil where the GPU is not known.
  public func time(of layout: Layout) throws(EstimationError) -> StepTime? {
    guard let gpu = cluster.gpu, layout.degrees.worldSize != nil else { return nil }
    let roofline = Roofline(gpu)
    let model = StepTimeModel(
      work: try estimator.work(workload, layout), workload: workload, layout: layout, cluster: cluster,
      roofline: roofline)
    var result = model.time()
    if estimator.readsTokens(workload) {
      let tokens =
        Double(workload.forward.batchSize) * Double(workload.forward.sequenceLength) * Double(workload.accumulation)
        * Double(layout.degrees.data) * Double(layout.degrees.expert)
      result.tokensPerSecond = tokens / result.seconds
    }
    result.assumptions = assumptions(roofline, layout)
    return result
  }

  private func assumptions(_ roofline: Roofline, _ layout: Layout) -> [Assumption] {
    var all = [
      Assumption(
        what: "rate of kernels",
        value: "\(Int((100 * roofline.rates.products).rounded())) % of the peak in large products, "
          + "\(Int((100 * roofline.rates.bandwidth).rounded())) % of the bandwidth", source: roofline.rates.source)
    ]
    all += StepTimeModel.offloadAssumptions(layout, cluster)
    guard (layout.degrees.worldSize ?? 1) > 1 else { return all }
    if cluster.islands.count > 1 {
      let names = cluster.islands.map { "\($0.nodes) with \($0.link.kind.rawValue)" }.joined(separator: ", ")
      all.append(
        Assumption(
          what: "clusters of nodes", value: names + "; ranks fill them in this order",
          source: "Holmes, arXiv 2312.03549: what lies within one uses its adapters, what crosses them the slowest way")
      )
    }
    for link in [cluster.link(within: min(cluster.gpusPerNode, layout.degrees.worldSize ?? 1)), cluster.network] {
      guard let link else { continue }
      let rate = Int((link.bandwidth / 1e9).rounded())
      all.append(Assumption(what: "\(link.name) in collectives", value: "\(rate) GB/s a GPU", source: link.source))
    }
    return all
  }
}

extension Estimator {
  /// Whether a sample is made of tokens.
  func readsTokens(_ workload: Workload) -> Bool {
    ownForward != nil || description.inputs(workload.forward).contains(.text)
  }
}
