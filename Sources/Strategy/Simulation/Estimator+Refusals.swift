internal import Architecture
internal import TrainingStep

extension Estimator {
  /// Why a model cannot be cut as the layout says; nil where it can.
  func whyCutCannotRun(_ workload: Workload, _ layout: Layout) -> String? {
    let (degrees, name) = (layout.degrees, layout.strategy.rawValue)
    if layout.strategy == .pp, degrees.pipeline == 1 { return "pp runs a pipeline (--pipeline-parallel)" }
    if layout.strategy == .single, degrees.worldSize != 1 { return "single runs on one GPU, and the degrees say more" }
    if degrees.pipeline > 1 {
      guard [.pp, .tp, .ddp].contains(layout.strategy) else { return "\(name) with a pipeline is not simulated yet" }
      if degrees.context > 1 { return "context parallelism of pipeline stages is not simulated yet" }
      if degrees.expert > 1 { return "expert parallelism of pipeline stages is not simulated yet" }
    }
    if degrees.context > 1 || degrees.expert > 1, ![.ddp, .tp, .fsdp].contains(layout.strategy) || isFlat(workload, layout)
    {
      return "\(name) together with context or expert parallelism is not simulated yet"
    }
    if degrees.tensor > 1, ![.tp, .ddp, .pp, .fsdp].contains(layout.strategy) || isFlat(workload, layout) {
      return "\(name) together with tensor parallelism is not simulated yet"
    }
    if layout.isGemini, degrees.context > 1 || degrees.expert > 1 {
      return "Gemini together with context or expert parallelism is not simulated yet"
    }
    if degrees.context > 1, ownForward != nil {
      return "a graph of the model's own cannot share a sequence here"
    }
    let sharesDTensors = degrees.tensor > 1 && layout.engine.tensorParallelism == .torch
    if sharesDTensors, workload.optimizer == .adafactor {
      return "transformers' Adafactor adds a tensor to a DTensor, which torch refuses"
    }
    return nil
  }

  private func isFlat(_ workload: Workload, _ layout: Layout) -> Bool { runsFlatShard(layout, workload.forward) }
}
