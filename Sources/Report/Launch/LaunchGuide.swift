internal import struct Graph.ForwardSettings
internal import Strategy
internal import TrainingStep
internal import Units

/// `README.md` beside the files: what they run, the command, and what else to know.
struct LaunchGuide: Sendable {
  let request: LaunchRequest
  let engine: LaunchEngine
  let files: [String]

  private var forward: ForwardSettings { request.workload.forward }

  var text: String {
    var blocks = [
      "# The run that plimsoll planned", facts, "## To start it", "Written for \(engine.release). In this folder:",
      fenced(["pip install \(LaunchCommand(request).packages(engine).joined(separator: " "))"]),
      fenced(LaunchCommand(request).lines(engine)),
    ]
    if let machines { blocks.append(machines) }
    blocks += [dataParagraph, "## What to know", notes.map { "- \($0)" }.joined(separator: "\n")]
    if !settings.isEmpty {
      blocks += ["## \(DeepSpeedFile.name), which cannot hold comments", settings.joined(separator: "\n")]
    }
    return blocks.joined(separator: "\n\n") + "\n"
  }

  private var facts: String {
    let per = request.gpus == 1 ? "" : ", \(request.globalBatchSize) an optimizer step over all GPUs"
    var rows = [
      ("Checkpoint", "`\(PlainText.escaped(request.checkpoint))`"),
      ("GPUs", "\(request.gpus)" + (request.nodes > 1 ? " on \(request.nodes) machines" : "") + gpuName),
      ("Strategy", request.layout.summary),
      ("Batch", "\(forward.batchSize) sequences of \(forward.sequenceLength) tokens a GPU and micro-step\(per)"),
      ("Training", training),
    ]
    if let peak = request.peak { rows.append(("Planned peak", "\(peak) a GPU")) }
    return (["| | |", "|---|---|"] + rows.map { "| \($0.0) | \($0.1) |" }).joined(separator: "\n")
  }

  private var gpuName: String { request.cluster.gpu.map { " (\($0.productName))" } ?? "" }

  private var training: String {
    var parts = [forward.precision.rawValue, request.workload.optimizer.rawValue]
    if let adapters = forward.adapters { parts.append("LoRA of rank \(adapters.rank)") }
    if let scheme = forward.quantization { parts.append("frozen weights in \(scheme.rawValue)") }
    if request.workload.checkpointing != .none {
      parts.append("\(request.workload.checkpointing.rawValue) checkpointing")
    }
    return parts.joined(separator: ", ")
  }

  /// What to do on several machines, where the command leaves it open.
  private var machines: String? {
    guard request.nodes > 1 else { return nil }
    switch engine {
    case .slurm, .skypilot: return nil
    case .deepspeed:
      return "`hostfile` names the \(request.nodes) machines, a line each: `name slots=\(request.gpusPerNode)`. "
        + "DeepSpeed reaches them by ssh, and the folder has the same path on each."
    case .accelerate, .fsdp, .torchtitan, .llamaFactory:
      return
        "Give the command on each of the \(request.nodes) machines, with `NODE_RANK` from 0 to \(request.nodes - 1) "
        + "and `MASTER_ADDR` the address of the first."
    }
  }

  private var dataParagraph: String {
    let label = request.model.task == .sequenceClassification ? ", \"label\": 0" : ""
    let without =
      engine == .llamaFactory || engine == .torchtitan
      ? ""
      : " Without `--data` random tokens are trained on, which is enough to hold the run's memory against the plan."
    return "`train.jsonl` is yours: a JSON object a line, `{\"text\": \"…\"\(label)}`.\(without)"
  }

  private var notes: [String] {
    var notes = ["Files: \((files).map { "`\($0)`" }.joined(separator: ", ")). What was trained goes to `output`."]
    if engine == .torchtitan {
      notes = [
        "Files: \(files.map { "`\($0)`" }.joined(separator: ", ")). What was trained goes to `outputs/checkpoint`."
      ]
      notes.append(
        "torchtitan runs a model of its own in place of the simulated one of transformers: its memory will differ somewhat."
      )
      if request.layout.strategy == .fsdp { notes.append("It always reduces gradients in fp32.") }
      notes.append(
        "Only the learning rate and the number of steps are torchtitan's usual ones; change them in `\(TorchtitanFile.name)`."
      )
      return notes
    }
    notes.append("The learning rate and the number of steps are usual values: the plan depends on neither.")
    if forward.adapters != nil { notes.append("LoRA's alpha is twice its rank, another usual value.") }
    if [.accelerate, .slurm, .skypilot].contains(engine), request.layout.strategy == .fsdp {
      notes.append(
        "accelerate gives embedding and head units of their own beside the blocks', and gathers them as such.")
    }
    if engine == .fsdp, forward.loop == .accelerate, forward.precision.autocast != nil {
      notes.append(
        "The plan counts outputs that accelerate upcasts; this script has no such copy and needs a little less.")
    }
    if usesDrive {
      notes.append(
        "`\(DeepSpeedFile.drive)` in `\(DeepSpeedFile.name)` is to be a folder on an NVMe drive of each machine.")
    }
    if engine == .deepspeed {
      notes.append("The output is DeepSpeed's own checkpoint; `zero_to_fp32.py` in it makes it one file of weights.")
    }
    if engine == .slurm || engine == .skypilot {
      notes.append("Account, partition, region and time limit are your site's: add them to the script.")
    }
    return notes
  }

  private var usesDrive: Bool { request.layout.strategy.zeroStage == 3 && request.layout.engine.offload == .nvme }

  private var settings: [String] {
    guard files.contains(DeepSpeedFile.name) else { return [] }
    return DeepSpeedFile(request: request).notes.map { "- `\($0.name)`: \($0.note)." }
  }

  private func fenced(_ lines: [String]) -> String { "```sh\n\(lines.joined(separator: "\n"))\n```" }
}
