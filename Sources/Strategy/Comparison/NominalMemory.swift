package import Architecture
internal import Graph
package import TrainingStep
internal import Units

/// What the textbook's formulas make of a workload's memory, from the configuration alone.
package struct NominalMemory: Sendable {
  let nominal: NominalModel
  let workload: Workload
  let layout: Layout

  package init(_ nominal: NominalModel, _ workload: Workload, _ layout: Layout) {
    self.nominal = nominal
    self.workload = workload
    self.layout = layout
  }

  private var parameters: Double { Double(nominal.parameterCount) }
  private var width: Double { Double(workload.forward.parameterType.bitWidth) / 8 }

  /// Over how many ranks something lies, as arXiv 1910.02054 counts them.
  private func ranks(sharing: Bool) -> Double {
    let degrees = layout.degrees
    return Double(degrees.tensor * degrees.pipeline * (sharing ? degrees.data : 1))
  }

  private var sharesParameters: Bool { layout.strategy.gathersParameters }
  private var sharesGradients: Bool { sharesParameters || layout.strategy.zeroStage == .gradients }
  private var sharesStates: Bool {
    sharesGradients || layout.strategy.zeroStage != nil || layout.strategy == .zeroRedundancy
  }

  var weights: Double {
    let bits = workload.forward.quantization.map { $0.isFourBit ? 4.0 : 8 } ?? width * 8
    return parameters * bits / 8 / ranks(sharing: sharesParameters)
  }

  /// Adapters count for nothing.
  private var trained: Double { workload.forward.adapters == nil ? parameters : 0 }

  var gradients: Double { trained * width / ranks(sharing: sharesGradients) }

  var optimizerStates: Double {
    let bytes: Double
    switch workload.optimizer {
    case .adamW, .adamWFused, .adamWLoop, .galoreAdamW: bytes = 8
    case .adamW8bit, .pagedAdamW8bit: bytes = 2
    case .sgdMomentum, .lion, .muon: bytes = 4
    case .lion8bit: bytes = 1
    case .sgd, .adafactor: bytes = 0
    }
    return trained * bytes / ranks(sharing: sharesStates)
  }

  /// The scores of attention in ``activations``: 5 · a · s² · b of each layer.
  var scores: Double {
    workload.checkpointing == .none ? layers * 5 * heads * length * length * batch / tensor : oneScores
  }

  /// s · b · h · (34 + 5 · a · s / h) of each layer in 16 bits (arXiv 2205.05198, equation 2); with checkpointing
  /// 2 · s · b · h of each, and one layer.
  var activations: Double {
    let layer = length * batch * hidden * 34 / tensor
    guard workload.checkpointing == .none else { return layers * 2 * length * batch * hidden + layer + oneScores }
    return layers * layer + scores
  }

  private var oneScores: Double { 5 * heads * length * length * batch / tensor }
  private var layers: Double { Double(nominal.layers + nominal.decoderLayers) / Double(layout.degrees.pipeline) }
  private var hidden: Double { Double(nominal.hidden) }
  private var heads: Double { Double(nominal.heads) }
  private var batch: Double { Double(workload.forward.batchSize) }
  private var length: Double { Double(workload.forward.sequenceLength) / Double(layout.degrees.context) }
  private var tensor: Double { Double(layout.degrees.tensor) }
}

extension NominalComparison {
  /// The parts of the peak.
  package func memory(_ simulated: PeakBreakdown, _ workload: Workload, _ layout: Layout) -> [ComparisonRow] {
    let memory = NominalMemory(nominal, workload, layout)
    let phase = simulated.estimate.phase
    var rows: [ComparisonRow] = []
    func row(_ quantity: String, _ first: Double, _ second: Int, _ causes: [ComparisonRow.Cause], rest: String) {
      guard first.rounded() != 0 || second != 0 else { return }
      let row = ComparisonRow(
        .memory, quantity, .bytes(ByteCount(Int(min(first.rounded(), 1e18)))), .bytes(ByteCount(second)), causes)
      rows.append(row.completed(rest))
    }
    let isAdapted = workload.forward.adapters != nil
    let other = "other parameters than the formulas count, in blocks of 512 bytes"
    row("weights", memory.weights, simulated[.parameters], [], rest: weightsCause(workload, other))
    row(
      "gradients", memory.gradients, simulated[.gradients], [],
      rest: isAdapted
        ? "gradients of the adapters"
        : simulated[.gradients] == 0
          ? "none is there at the peak, in the \(phase.rawValue) phase"
          : isNear(memory.gradients, simulated[.gradients]) ? other : "those that are there at the peak")
    row(
      "optimizer states", memory.optimizerStates, simulated[.optimizerStates], [],
      rest: isAdapted
        ? "states of the adapters"
        : isNear(memory.optimizerStates, simulated[.optimizerStates])
          ? other : "\(workload.optimizer.rawValue) keeps states in types of its own choice")
    let scores = Int(min(memory.scores, 1e18))
    let sparesScores = simulated.ofLayers > 0 && workload.forward.attention != .eager
    row(
      "activations of the layers", memory.activations, simulated.ofLayers,
      sparesScores ? [ComparisonRow.Cause("the fused kernel keeps no matrix of scores", -scores)] : [],
      rest: simulated.ofLayers == 0
        ? "all are gone at the peak, in the \(phase.rawValue) phase"
        : "what these layers keep and use for a moment in place of GPT-3's 34 bytes an element")
    row(
      "temporaries of the update", 0, simulated.ofUpdate.bytes, [],
      rest: "results that \(workload.optimizer.rawValue) makes before it writes the weights")
    row(
      "logits and loss", 0, simulated.headAndLoss.bytes, [],
      rest: "tensors of \(description.vocabularySize?.value ?? 0) columns, which the formula leaves out")
    row("casts of weights", 0, simulated[.weightCasts], [], rest: "copies that autocast keeps for the backward pass")
    row("communication", 0, simulated[.communication], [], rest: "gathered parameters and buckets")
    row(
      "inputs, buffers and workspaces", 0, simulated[.inputs, .buffers, .workspaces], [],
      rest: "the batch, tables and the libraries' own")
    let total = ComparisonRow(
      .memory, "peak allocated", .bytes(sum(rows.map(\.first))), .bytes(simulated.estimate.peak),
      rows.map { ComparisonRow.Cause($0.quantity, $0.difference) })
    return rows + [total]
  }

  private func sum(_ values: [ComparisonRow.Value]) -> ByteCount {
    ByteCount(values.reduce(0) { $0 + ($1.number ?? 0) })
  }

  /// Whether two sizes differ by less than a twentieth.
  private func isNear(_ first: Double, _ second: Int) -> Bool { abs(first - Double(second)) < 0.05 * first }

  private func weightsCause(_ workload: Workload, _ other: String) -> String {
    if workload.forward.quantization != nil || description.storedQuantization != nil {
      return
        "packed weights, their scales, and what stays in \(workload.forward.parameterType.rawValue): embeddings, head, norms, adapters"
    }
    return workload.forward.adapters == nil ? other : "\(other), and the adapters"
  }

  // MARK: - Rules of thumb

  /// Rules that give a peak at once, beside the peak that is simulated.
  package func rules(_ simulated: PeakBreakdown, _ workload: Workload) -> [ComparisonRow] {
    let parameters = nominal.parameterCount
    let width = Double(workload.forward.parameterType.bitWidth) / 8
    let peak = simulated.estimate.peak
    func row(_ name: String, _ bytes: Double, counts: String) -> ComparisonRow {
      let states = simulated[.parameters, .gradients, .optimizerStates, .weightCasts]
      return ComparisonRow(
        .rules, name, .bytes(ByteCount(Int(min(bytes, 1e18)))), .bytes(peak),
        [
          ComparisonRow.Cause(
            "weights, gradients and states as they are at the peak, not \(counts)", states - Int(min(bytes, 1e18))),
          ComparisonRow.Cause("activations of the layers", simulated.ofLayers),
          ComparisonRow.Cause("logits and loss", simulated.headAndLoss.bytes),
          ComparisonRow.Cause("temporaries of the update", simulated.ofUpdate.bytes),
        ]
      ).completed("inputs, buffers, workspaces and communication")
    }
    return [
      row(
        "4 times the weights (accelerate estimate-memory)", 4 * Double(parameters) * width,
        counts: "4 copies of the weights"),
      row("16 bytes a parameter (ZeRO, arXiv 1910.02054)", 16 * Double(parameters), counts: "2 + 2 + 12 bytes"),
      row("18 bytes a parameter (gradients in fp32)", 18 * Double(parameters), counts: "2 + 4 + 12 bytes"),
    ]
  }

  /// LLMem's equations for a layout beside its simulation, and what they leave out.
  ///
  /// - Parameter name: the layout, for people.
  package static func equations(
    _ equations: PeakEstimate, _ simulated: PeakBreakdown, of name: String
  ) -> ComparisonRow {
    let terms = Dictionary(equations.terms.map { ($0.name, $0.bytes.bytes) }, uniquingKeysWith: +)
    func term(_ name: String) -> Int { terms[name] ?? 0 }
    let used = simulated.estimate.device?.used ?? simulated.estimate.peak
    let outside = used.bytes - simulated.estimate.peak.bytes
    return ComparisonRow(
      .rules, "LLMem's equations, \(name)", .bytes(equations.peak), .bytes(used),
      [
        ComparisonRow.Cause(
          simulated.estimate.device == nil
            ? "m_base: driver and framework, which --gpu would tell"
            : "m_base: driver, framework and the allocator's reserve",
          outside - term("base")),
        ComparisonRow.Cause(
          "m_p: weights, gradients and casts",
          simulated[.parameters, .gradients, .weightCasts, .buffers] - term("parameters")),
        ComparisonRow.Cause(
          "m_os: optimizer states, and temporaries of the update",
          simulated[.optimizerStates] + simulated.ofUpdate.bytes - term("optimizerStates")),
        ComparisonRow.Cause("m_out: what layers keep and use for a moment", simulated.ofLayers - term("outputs")),
        ComparisonRow.Cause("m_lm: logits and loss", simulated.headAndLoss.bytes - term("head")),
        ComparisonRow.Cause(
          "m_back: gathers", simulated[.communication] - term("backwardGathers")),
      ]
    ).completed("inputs and workspaces, which the equations leave out")
  }
}
