import Architecture
import Checkpoint
import Foundation
import Strategy
import Units

/// A model that was traced: its configuration and the names, types and shapes of its tensors.
struct TracedModel: Sendable {
  var configuration: Configuration
  var estimator: Estimator

  /// Every model that a row of a table in Tests/Truth names.
  static let all: [String: TracedModel] = {
    var models = described
    for sketch in Sketch.all + Sketch.small + Sketch.twoLayers + Sketch.images {
      models[sketch.name] = TracedModel(configuration: sketch.configuration, estimator: sketch.estimator)
    }
    for (name, estimator) in SampleModels.estimators {
      models[name] = TracedModel(
        configuration: estimator.configuration ?? Configuration(file: name, root: [:]), estimator: estimator)
    }
    return models
  }()

  /// Those of Tests/Truth/models, by the file's name.
  private static let described: [String: TracedModel] = {
    let folder = SampleModels.root.appendingPathComponent("Tests/Truth/models")
    let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    return files.reduce(into: [:]) { models, file in
      guard let text = try? String(contentsOf: file, encoding: .utf8), let model = TracedModel(Substring(text))
      else { return }
      models[file.deletingPathExtension().lastPathComponent] = model
    }
  }()

  private init(configuration: Configuration, estimator: Estimator) {
    self.configuration = configuration
    self.estimator = estimator
  }

  /// Reads `{"config": {…}, "tensors": {"layers.{0..3}.up.weight": "BF16 704x256"}}`.
  private init?(_ text: Substring) {
    guard let document = Configuration(line: text, file: "config.json"), let tensors = document.section("tensors"),
      let configuration = document.section("config")
    else { return nil }
    let stored = tensors.root.keys.sorted().flatMap { name -> [StoredTensor] in
      let words = tensors.string(name)?.split(separator: " ") ?? []
      guard words.count == 2, let type = DataType(rawValue: String(words[0])) else { return [] }
      let shape = Shape(words[1].split(separator: "x").compactMap { Int($0) })
      return Self.expanded(name).map {
        StoredTensor(name: $0, dataType: type, shape: shape, fileIndex: 0, range: FileRange(offset: 0, length: 0))
      }
    }
    let file = "model.safetensors"
    let weightSet = WeightSet(label: file, kind: .model, files: [file], tensors: stored)
    let description = ModelDescription(weightSet: weightSet, configuration: configuration)
    self.init(
      configuration: configuration, estimator: Estimator(description: description, configuration: configuration))
  }

  /// `a.{0..2}.b` as `a.0.b`, `a.1.b` and `a.2.b`, each range for itself.
  private static func expanded(_ name: String) -> [String] {
    guard let open = name.firstIndex(of: "{"), let close = name.firstIndex(of: "}") else { return [name] }
    let bounds = name[name.index(after: open)..<close].split(separator: ".").compactMap { Int($0) }
    guard bounds.count == 2 else { return [] }
    return (bounds[0]...bounds[1]).flatMap { index in
      expanded(name[..<open] + "\(index)" + name[name.index(after: close)...])
    }
  }
}
