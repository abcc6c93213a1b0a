internal import Units

/// Where one weight set lies in a folder, judged by names alone.
struct WeightLocation: Hashable {
  enum Form: Hashable {
    /// One file.
    case file(String)
    /// An index, whose `weight_map` names the shards.
    case index(String)
    /// Shards that no index names.
    case shards([String])
  }

  /// The name without its suffix: `model`, `model.fp16`, `diffusion_pytorch_model`.
  var stem: String
  var container: Container
  var form: Form

  init(stem: String, container: Container, form: Form) {
    self.stem = stem
    self.container = container
    self.form = form
  }

  /// One file that was named; which container it is may have to be read from it.
  init(file name: String, container: Container) {
    self.init(stem: Container.withoutSuffix(name), container: container, form: .file(name))
  }

  /// The library that loads the set would look for it in this order.
  private var rank: (Int, Int, Int, Int) {
    let base = stem.prefix { $0 != "." }
    let family =
      switch base {
      case _ where container == .gguf: 5
      case "model", "pytorch_model": 0
      case "diffusion_pytorch_model": 1
      case "consolidated": 2
      case "adapter_model", "pytorch_lora_weights": 3
      default: 4
      }
    let kind =
      switch form {
      case .file: 0
      case .index: 1
      case .shards: 2
      }
    return (
      family, base.count == stem.count ? 0 : 1, Container.allCases.firstIndex(of: container) ?? 0, kind
    )
  }

  var kind: WeightSet.Kind {
    stem.hasPrefix("adapter_model") || stem.hasPrefix("pytorch_lora_weights") ? .adapter : .model
  }

  /// Whether transformers looks for a single file of this name before it looks for an index.
  var isDefaultName: Bool { stem == "model" || stem == "pytorch_model" }

  static func precedes(_ left: WeightLocation, _ right: WeightLocation) -> Bool {
    let (leftRank, rightRank) = (left.rank, right.rank)
    if leftRank != rightRank { return leftRank < rightRank }
    return NaturalOrder.precedes(left.stem, right.stem)
  }

  /// The file that stands for the set in a message.
  var fileName: String {
    switch form {
    case .file(let name), .index(let name): name
    case .shards(let names): names.first ?? stem
    }
  }

  /// Whether a shard, by its name, is of this set.
  func holds(_ shard: ShardName) -> Bool { shard.stem == stem && shard.container == container }
}

extension WeightLocation {
  private struct Stem: Hashable {
    var name: String
    var container: Container
  }

  /// The sets that a folder's file names promise, the one that `from_pretrained` loads first.
  static func all(in names: [String]) -> [WeightLocation] {
    var locations: [WeightLocation] = []
    var groups: [Stem: [String]] = [:]
    for name in names {
      if let index = WeightLocation(index: name) {
        locations.append(index)
      } else if let container = Container(fileName: name), promises(name, container) {
        if let shard = ShardName(name) {
          groups[Stem(name: withoutRank(shard.stem), container: container), default: []].append(name)
        } else if TorchArchive.isSlice(name) {
          groups[Stem(name: "consolidated", container: container), default: []].append(name)
        } else {
          locations.append(WeightLocation(file: name, container: container))
        }
      }
    }
    let indexed = Set(locations.compactMap { $0.isIndex ? Stem(name: $0.stem, container: $0.container) : nil })
    for (stem, files) in groups where !indexed.contains(stem) {
      let files = files.naturallySorted()
      let isAlone = files.count == 1 && TorchArchive.isSlice(files[0])
      locations.append(
        WeightLocation(stem: stem.name, container: stem.container, form: isAlone ? .file(files[0]) : .shards(files)))
    }
    return locations.sorted(by: precedes)
  }

  /// Files that could be a model's although they bear none of the usual names, for a folder that has no others.
  static func unusual(in names: [String]) -> [WeightLocation] {
    names.compactMap { name in
      guard let container = Container(fileName: name), !besideModels.contains(where: name.hasPrefix) else { return nil }
      return WeightLocation(file: name, container: container)
    }.sorted(by: precedes)
  }

  /// What a name ends with says little where every program calls its files so.
  private static func promises(_ name: String, _ container: Container) -> Bool {
    guard container == .pytorch else { return true }
    return ["pytorch_model", "diffusion_pytorch_model", "adapter_model", "pytorch_lora_weights", "consolidated"]
      .contains { name.hasPrefix($0) }
  }

  /// What training leaves beside a model under the same suffixes.
  private static let besideModels = [
    "training_args", "optimizer", "scheduler", "rng_state", "random_states", "scaler", "sentencepiece", "tokenizer",
    "spiece", "trainer_state",
  ]

  private var isIndex: Bool { if case .index = form { true } else { false } }

  /// The set of an index's file name: `model` for `model.safetensors.index.json`, `model.fp16` for
  /// `model.safetensors.index.fp16.json`; nil for any other name.
  init?(index name: String) {
    guard name.hasSuffix(".json") else { return nil }
    let pieces = name.dropLast(".json".count).split(separator: ".", omittingEmptySubsequences: false)
    guard let place = pieces.indices.dropFirst().first(where: { Container(fileName: ".\(pieces[$0])") != nil }),
      let container = Container(fileName: ".\(pieces[place])"), pieces.count > place + 1, pieces[place + 1] == "index"
    else { return nil }
    let variant = pieces[(place + 2)...]
    self.init(stem: (pieces[..<place] + variant).joined(separator: "."), container: container, form: .index(name))
  }

  /// PyTorch's distributed checkpoints put `shard-00001-` before the name, one for each rank.
  private static func withoutRank(_ stem: String) -> String {
    let pieces = stem.split(separator: "-", maxSplits: 2, omittingEmptySubsequences: false)
    guard pieces.count == 3, pieces[0] == "shard", pieces[1].allSatisfy(\.isNumber) else { return stem }
    return String(pieces[2])
  }
}

/// Whether some of a folder's files, by their names, are weights that a checkpoint can be opened by.
package func holdsWeights(_ names: [String]) -> Bool { !WeightLocation.all(in: names).isEmpty }
