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
  private static let described = texts.compactMapValues { TracedModel(Substring($0)) }

  private static let texts: [String: String] = {
    let folder = SampleModels.root.appendingPathComponent("Tests/Truth/models")
    let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    return files.reduce(into: [:]) { texts, file in
      texts[file.deletingPathExtension().lastPathComponent] = try? String(contentsOf: file, encoding: .utf8)
    }
  }()

  private init(configuration: Configuration, estimator: Estimator) {
    self.configuration = configuration
    self.estimator = estimator
  }

  /// The models of Tests/Truth/models with this many layers; those whose layers are not one range of numbers stay away.
  static func deepened(to count: Int) -> [String: TracedModel] {
    texts.compactMapValues { text in
      guard let document = Configuration(line: Substring(text), file: "config.json"),
        var configuration = document.section("config"), let tensors = document.section("tensors")
      else { return nil }
      let old = Set(tensors.root.keys.compactMap { Self.range(in: $0)?.last })
      guard old.count == 1, let last = old.first else { return nil }
      var names: [String: String] = [:]
      for (name, value) in tensors.root {
        guard case .string(let tensor) = value else { continue }
        names[name.replacingOccurrences(of: "{0..\(last)}", with: "{0..\(count - 1)}")] = tensor
      }
      for key in ["num_hidden_layers", "n_layer", "n_layers", "num_layers"] where configuration.contains(key) {
        configuration.root[key] = .integer(count)
      }
      for (key, value) in configuration.root {
        if case .array(let nodes) = value, nodes.count == last + 1, !nodes.isEmpty {
          configuration.root[key] = .array((0..<count).map { nodes[$0 % nodes.count] })
        }
      }
      return TracedModel(configuration: configuration, tensors: names)
    }
  }

  /// A model of Tests/Truth/models with further tensors, type and shape by name, and all of them under other names.
  static func named(
    _ name: String, adding extra: [String: String] = [:], renaming: (String) -> String = { $0 }
  ) -> TracedModel? {
    guard let document = texts[name].flatMap({ Configuration(line: Substring($0), file: "config.json") }),
      let configuration = document.section("config"), let tensors = document.section("tensors")
    else { return nil }
    let own = tensors.root.compactMapValues { if case .string(let tensor) = $0 { tensor } else { nil } }
    return TracedModel(configuration: configuration, tensors: own.merging(extra) { $1 }, renaming: renaming)
  }

  private static func range(in name: String) -> ClosedRange<Int>? {
    guard let open = name.firstIndex(of: "{"), let close = name.firstIndex(of: "}") else { return nil }
    let bounds = name[name.index(after: open)..<close].split(separator: ".").compactMap { Int($0) }
    return bounds.count == 2 && bounds[0] == 0 ? bounds[0]...bounds[1] : nil
  }

  /// Reads `{"config": {…}, "tensors": {"layers.{0..3}.up.weight": "BF16 704x256"}}`.
  private init?(_ text: Substring) {
    guard let document = Configuration(line: text, file: "config.json"), let tensors = document.section("tensors"),
      let configuration = document.section("config")
    else { return nil }
    self.init(
      configuration: configuration,
      tensors: tensors.root.compactMapValues { if case .string(let tensor) = $0 { tensor } else { nil } })
  }

  /// - Parameter tensors: type and shape, `BF16 704x256`, by name.
  private init(
    configuration: Configuration, tensors: [String: String], renaming: (String) -> String = { $0 }
  ) {
    let stored = tensors.sorted { $0.key < $1.key }.flatMap { name, tensor -> [StoredTensor] in
      let words = tensor.split(separator: " ")
      guard words.count == 2, let type = DataType(rawValue: String(words[0])) else { return [] }
      let shape = Shape(words[1].split(separator: "x").compactMap { Int($0) })
      return Self.expanded(name).map {
        StoredTensor(
          name: renaming($0), dataType: type, shape: shape, fileIndex: 0, range: FileRange(offset: 0, length: 0))
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
