internal import Architecture
internal import Checkpoint
internal import ONNX
internal import Report
internal import Strategy

extension PlanCommand {
  /// With `--emit` the file is a folder, and the answer goes to standard output.
  var answerFile: String? { launch.emit == nil ? output.file : nil }

  /// Writes the files that start the winner, and adds them to the answer.
  ///
  /// - Parameter graph: the graph that the model brings along; nil where one is rebuilt.
  func emit(
    _ engine: LaunchEngine, _ answer: any Answer, _ winner: Candidate, _ cluster: Cluster, _ checkpoint: Checkpoint,
    _ description: ModelDescription, graph: Model?
  ) throws -> any Answer {
    guard graph == nil else { throw Self.cannotRun("no engine trains an ONNX graph", []) }
    var workload = try workload.workload(checkpoint, description)
    workload.forward.batchSize = winner.batchSize
    if estimation.model == nil {
      workload.checkpointing = winner.checkpointing
      workload.accumulation = winner.accumulation
    }
    let source = isFolder(checkpoint.path) ? checkpoint.path : splitPath(checkpoint.path).folder
    let request = LaunchRequest(
      checkpoint: resolvedPath(source) ?? source,
      model: LaunchModel(description, configuration: checkpoint.configuration), layout: winner.layout,
      workload: workload, cluster: cluster, gradientNorm: self.workload.maxGradNorm, peak: winner.peak)
    let files: LaunchFiles
    do throws(LaunchRefusal) {
      files = try LaunchFiles(request, for: engine)
    } catch {
      throw Self.cannotRun(error.reason, error.alternatives)
    }
    let folder = output.file ?? "."
    try OutputFolder(path: folder, input: request.checkpoint).write(files.files, replacing: launch.force)
    return LaunchedPlan(answer, files, folder: folder)
  }

  private static func cannotRun(_ reason: String, _ alternatives: [LaunchEngine]) -> Failure {
    let names = alternatives.map(\.rawValue).joined(separator: ", ")
    return Failure(
      .wrongUsage,
      ErrorReport(
        code: "engine-cannot-run", message: "the best candidate cannot be emitted: \(reason)",
        help: names.isEmpty ? "no engine of --emit runs it" : "--emit \(names) could"))
  }
}
