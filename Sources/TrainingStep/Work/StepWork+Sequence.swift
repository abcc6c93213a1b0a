internal import Graph

extension StepWork {
  /// The same where ranks that split each matrix also share what lies between the matrices along the sequence
  /// (arXiv 2205.05198): what only moves is then shared evenly, of which without it a part is done by every rank.
  ///
  /// - Parameters:
  ///   - whole: the work of a rank that splits nothing.
  ///   - ranks: those that share.
  public func sharingSequence(of whole: StepWork, ranks: Int) -> StepWork {
    var result = self
    for index in layers.indices where index < whole.layers.count {
      let (part, all) = (layers[index].stretch, whole.layers[index].stretch)
      result.layers[index].stretch.forward = part.forward.sharing(all.forward, ranks)
      result.layers[index].stretch.backward = part.backward.sharing(all.backward, ranks)
      result.layers[index].stretch.recomputed = part.recomputed.sharing(all.recomputed, ranks)
    }
    return result
  }
}

extension KernelList {
  /// What moves scaled so that it comes to its part of the whole.
  fileprivate func sharing(_ whole: KernelList, _ ranks: Int) -> KernelList {
    let (own, all) = (streamedBytes, whole.streamedBytes)
    guard own > 0 else { return self }
    let share = min(1, all / Double(ranks) / own)
    return mapped { kernel in
      guard case .streaming = kernel.kind else { return kernel }
      var kernel = kernel
      kernel.bytes *= share
      return kernel
    }
  }

  private var streamedBytes: Double {
    counts.reduce(0) { total, entry in
      if case .streaming = entry.key.kind { total + entry.key.bytes * Double(entry.value) } else { total }
    }
  }
}
