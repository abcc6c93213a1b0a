import Architecture
import Checkpoint
import Strategy
import Units

/// A checkpoint from names and shapes alone: a line for each module, with the shape of its weight, `+` where it has a
/// bias as long as the weight's first extent (last, where the weight is stored `in x out`, marked `T`), and `#` in its
/// path where each layer has one (each of N, where the line ends with `*N`). A line marked `P` is a parameter by itself.
struct Sketch: Sendable {
  var name: String
  var layers: Int
  var configuration: Configuration
  var modules: String

  init(_ name: String, layers: Int, _ configuration: [String: Configuration.Node], _ modules: String) {
    self.name = name
    self.layers = layers
    self.configuration = Configuration(file: "config.json", root: configuration)
    self.modules = modules
  }

  var weightSet: WeightSet {
    var tensors: [StoredTensor] = []
    func add(_ name: String, _ shape: Shape) {
      tensors.append(
        StoredTensor(
          name: name, dataType: .bfloat16, shape: shape, fileIndex: 0, range: FileRange(offset: 0, length: 0)))
    }
    func expand(_ line: Substring, layer: Int) {
      let words = line.split(separator: " ")
      guard words.count >= 2 else { return }
      let path = words[0].split(separator: "#", omittingEmptySubsequences: false).joined(separator: "\(layer)")
      let shape = Shape(words[1].split(separator: "x").compactMap { Int($0) })
      guard !words.contains("P") else { return add(path, shape) }
      add("\(path).weight", shape)
      guard words.contains("+") else { return }
      add("\(path).bias", [words.contains("T") ? shape[shape.rank - 1] : shape[0]])
    }
    let lines = modules.split(separator: "\n")
    for line in lines where !line.contains("#") { expand(line, layer: 0) }
    let own = lines.compactMap { $0.split(separator: "*").dropFirst().last.flatMap { Int($0) } }
    for layer in 0..<max(layers, own.max() ?? 0) {
      for line in lines where line.contains("#") {
        let count = line.split(separator: "*").dropFirst().last.flatMap { Int($0) } ?? layers
        if layer < count { expand(line, layer: layer) }
      }
    }
    return WeightSet(label: "model.safetensors", kind: .model, files: ["model.safetensors"], tensors: tensors)
  }

  var estimator: Estimator {
    Estimator(
      description: ModelDescription(weightSet: weightSet, configuration: configuration), configuration: configuration)
  }
}
