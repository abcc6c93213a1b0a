internal import Architecture
internal import Graph
package import TrainingStep

extension Estimator {
  /// What one rank of a layout runs in a micro-step, with all the model's layers (a pipeline's stages share them).
  package func work(_ workload: Workload, _ layout: Layout) throws(EstimationError) -> StepWork {
    var workload = workload
    workload.forward.isCheckpointed = workload.checkpointing != .none
    let degrees = layout.degrees
    guard workload.forward.sequenceLength % degrees.context == 0 else {
      throw EstimationError(
        reason: "\(workload.forward.sequenceLength) tokens do not divide by a context degree of \(degrees.context)")
    }
    workload.forward.sequenceLength /= degrees.context
    do throws(LoweringError) {
      let work = try whole(workload, layout)
      guard degrees.context > 1 || degrees.expert > 1 else { return work }
      return work.mapped { $0.split(context: degrees.context, expert: degrees.expert) }
    } catch {
      throw EstimationError(reason: error.message)
    }
  }

  private func whole(_ workload: Workload, _ layout: Layout) throws(LoweringError) -> StepWork {
    if let ownForward {
      guard layout.degrees.tensor == 1 else {
        throw LoweringError(message: "a graph of the model's own cannot be split over GPUs here")
      }
      return StepWork(try ownForward.trainingGraph(workload.forward), checkpointing: workload.checkpointing)
    }
    let part = try description.split(tensorParallel: layout.degrees.tensor, by: layout.engine)
    guard let kinds = try part.layerKinds(configuration: configuration, settings: workload.forward) else {
      let graph = try part.trainingGraph(configuration: configuration, settings: workload.forward)
      return StepWork(graph, checkpointing: workload.checkpointing)
    }
    // The first layer of a kind, and the second, which stands for the rest: the first of all may spare gradients.
    var places: [Int] = []
    var copies: [Int] = []
    var seen: [LayerKind: (count: Int, place: Int)] = [:]
    for (index, kind) in kinds.enumerated() {
      let earlier = seen[kind] ?? (0, 0)
      if earlier.count < 2 {
        seen[kind] = (earlier.count + 1, places.count)
        places.append(index)
        copies.append(1)
      } else {
        copies[earlier.place] += 1
      }
    }
    let graph = try part.keeping(layers: places).trainingGraph(
      configuration: configuration, settings: workload.forward)
    let work = StepWork(graph, checkpointing: workload.checkpointing, copies: copies)
    guard work.layers.count == places.count else {
      let whole = try part.trainingGraph(configuration: configuration, settings: workload.forward)
      return StepWork(whole, checkpointing: workload.checkpointing)
    }
    return work
  }
}

extension Kernel {
  /// The kernel of a rank whose queries meet the keys of all ranks of its context group, in turns that give each the
  /// same work, and which holds a part of the experts.
  fileprivate func split(context: Int, expert: Int) -> Kernel {
    var result = self
    switch kind {
    case .attention(let kernel, let pass, let queries, let keys, let dimension):
      result.kind = .attention(kernel, pass, queries: queries, keys: keys * context, dimension: dimension)
      result.operations *= Double(context)
    case .groupedProduct(let rows, let n, let k, let experts):
      result.kind = .groupedProduct(rows: rows, n: n, k: k, experts: max(1, experts / expert))
    default: break
    }
    return result
  }
}
