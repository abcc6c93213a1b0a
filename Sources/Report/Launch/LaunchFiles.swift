package import Strategy

/// The files that start a planned run on an engine.
package struct LaunchFiles: Sendable {
  package let engine: LaunchEngine
  package let files: [LaunchFile]
  /// The command that starts them, run in their folder.
  package let command: [String]

  /// - Throws: why the engine cannot run the request.
  package init(_ request: LaunchRequest, for engine: LaunchEngine) throws(LaunchRefusal) {
    try request.check(engine)
    self.engine = engine
    command = LaunchCommand(request).lines(engine)
    let own = Self.files(request, engine)
    files = own + [LaunchFile("README.md", LaunchGuide(request: request, engine: engine, files: own.map(\.name)).text)]
  }

  private static func files(_ request: LaunchRequest, _ engine: LaunchEngine) -> [LaunchFile] {
    let deepspeed =
      request.layout.strategy.zeroStage == nil
      ? [] : [LaunchFile(DeepSpeedFile.name, DeepSpeedFile(request: request).text)]
    func script(_ loop: TrainingScript.Loop) -> LaunchFile {
      LaunchFile("train.py", TrainingScript(request: request, loop: loop).text)
    }
    switch engine {
    case .accelerate:
      return [LaunchFile(AccelerateFile.name, AccelerateFile(request: request).text)] + deepspeed + [
        script(.accelerate)
      ]
    case .deepspeed: return [LaunchFile(DeepSpeedFile.name, DeepSpeedFile(request: request).text), script(.deepspeed)]
    case .fsdp: return [script(.torch)]
    case .torchtitan:
      guard let model = TorchtitanModel.of(request.model) else { return [] }
      return [LaunchFile(TorchtitanFile.name, TorchtitanFile(request: request, model: model).text)]
    case .llamaFactory:
      let isFSDP = request.layout.strategy == .fsdp || request.layout.strategy == .fsdp1
      let launcher = AccelerateFile(request: request, leavesPrecision: true).text
      return [
        LaunchFile(LlamaFactoryFile.name, LlamaFactoryFile(request: request).text),
        LaunchFile("dataset_info.json", LlamaFactoryFile.dataInformation),
      ] + deepspeed + (isFSDP ? [LaunchFile(AccelerateFile.name, launcher)] : [])
    case .slurm, .skypilot:
      guard let inner = request.inner(of: engine) else { return [] }
      return files(request, inner) + scheduler(request, engine, inner)
    }
  }

  private static func scheduler(
    _ request: LaunchRequest, _ engine: LaunchEngine, _ inner: LaunchEngine
  ) -> [LaunchFile] {
    if engine == .slurm {
      let script = SlurmScript(request: request, inner: inner)
      return [LaunchFile(SlurmScript.name, script.text, isExecutable: true)]
    }
    guard let gpu = request.cluster.gpu else { return [] }
    return [LaunchFile(SkyPilotTask.name, SkyPilotTask(request: request, inner: inner, gpu: gpu).text)]
  }
}
