package import TrainingStep
package import Units

/// What a simulated peak is made of, with what the head and the loss hold told apart.
package struct PeakBreakdown: Sendable {
  package var estimate: Estimate
  /// Of activations and temporaries at the peak, those that are no layer's: logits, what the loss makes of them, gradients of
  /// both.
  package var headAndLoss = ByteCount.zero
  /// Of temporaries at the peak, those that the optimizer makes.
  package var ofUpdate = ByteCount.zero

  package init(_ estimator: Estimator, _ workload: Workload, _ layout: Layout) throws(EstimationError) {
    let timeline: Timeline
    (estimate, timeline) = try estimator.simulation(workload, layout)
    let head = estimator.description.modules[.head]?.path
    let live = timeline.peak(ofStep: 2).map { timeline.live(at: $0.peak.event) } ?? []
    for allocation in live {
      let category = timeline.category(of: allocation)
      guard category == .activations || category == .temporaries else { continue }
      if allocation.phase == .optimizer {
        ofUpdate += allocation.bytes
      } else if allocation.module.isEmpty || allocation.module == "head" || allocation.module == head {
        headAndLoss += allocation.bytes
      }
    }
  }

  subscript(_ categories: Category...) -> Int {
    categories.reduce(0) { $0 + (estimate.atPeak[$1]?.bytes ?? 0) }
  }

  /// Activations and temporaries of the layers.
  var ofLayers: Int { max(0, self[.activations, .temporaries] - headAndLoss.bytes - ofUpdate.bytes) }
}
