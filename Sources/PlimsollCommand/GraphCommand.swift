internal import Architecture
internal import ArgumentParser
internal import Checkpoint
internal import Graph
internal import ONNX
internal import Report

struct GraphCommand: AnsweringCommand {
  enum Format: String, AnswerFormat {
    case table, json, csv, html
  }

  static let configuration = CommandConfiguration(
    commandName: "graph",
    abstract: "Follow a graph's shapes: every value's size and life, and what is alive at the worst moment.",
    discussion: """
      For an ONNX file its own graph; for a checkpoint the forward pass that is rebuilt from it. Weights are never read. \
      Sizes stay expressions of the model's named dimensions until flags give them numbers.
      """)

  @OptionGroup var input: ModelArgument
  @OptionGroup(title: "Inputs") var inputs: GraphInputOptions

  @Option(help: ArgumentHelp("Values alive at the peak to show.", valueName: "k"))
  var top = 20

  @OptionGroup var output: OutputOptions<Format>

  func validate() throws {
    try Limits.check(top, "--top", 1...Limits.count)
  }

  func answer() throws -> any Answer {
    guard let file = input.onnxFile else { return try rebuilt() }
    let model = try Model.open(file)
    let question = try inputs.question()
    let analysis: GraphAnalysis
    do throws(GraphQuestionError) {
      analysis = try GraphAnalysis(model, question)
    } catch {
      throw Failure(
        .wrongUsage,
        ErrorReport(code: "wrong-usage", file: file, message: error.message, help: error.help))
    }
    return GraphAnswer(
      path: file, profile: analysis.profile, findings: model.findings + analysis.findings(in: model), most: top)
  }

  /// The forward pass of a safetensors checkpoint.
  private func rebuilt() throws -> any Answer {
    try inputs.refuseForCheckpoint()
    let (checkpoint, description) = try CheckpointArgument.readWeights(input.model)
    var workload = try WorkloadOptions.parse([])
    workload.batchSize = inputs.batchSize ?? 1
    workload.sequenceLength = inputs.sequenceLength
    let settings = try workload.workload(checkpoint, description).forward
    do throws(LoweringError) {
      let graph = try description.trainingGraph(configuration: checkpoint.configuration, settings: settings)
      return GraphAnswer(path: checkpoint.path, profile: graph.profile, findings: checkpoint.findings, most: top)
    } catch {
      throw Failure(notSimulated: error.message, checkpoint)
    }
  }
}
