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
  var form: Form

  /// The library that loads the set would look for it in this order.
  private var rank: (Int, Int, Int) {
    let base = stem.prefix { $0 != "." }
    let family =
      switch base {
      case "model": 0
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
    return (family, base.count == stem.count ? 0 : 1, kind)
  }

  var kind: WeightSet.Kind {
    stem.hasPrefix("adapter_model") || stem.hasPrefix("pytorch_lora_weights") ? .adapter : .model
  }

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

  /// The sets that a folder's file names promise, the one that `from_pretrained` loads first.
  static func all(in names: [String]) -> [WeightLocation] {
    var locations: [WeightLocation] = []
    var groups: [String: [String]] = [:]
    for name in names {
      if let stem = indexStem(name) {
        locations.append(WeightLocation(stem: stem, form: .index(name)))
      } else if let shard = ShardName(name) {
        groups[withoutRank(shard.stem), default: []].append(name)
      } else if name.hasSuffix(".safetensors") {
        locations.append(WeightLocation(stem: withoutSuffix(name), form: .file(name)))
      }
    }
    let indexed = Set(locations.filter { if case .index = $0.form { true } else { false } }.map(\.stem))
    for (stem, files) in groups where !indexed.contains(stem) {
      locations.append(WeightLocation(stem: stem, form: .shards(files.naturallySorted())))
    }
    return locations.sorted(by: precedes)
  }

  /// The stem of an index's file name: `model` for `model.safetensors.index.json`, `model.fp16` for
  /// `model.safetensors.index.fp16.json`; nil for any other name.
  static func indexStem(_ name: String) -> String? {
    guard name.hasSuffix(".json") else { return nil }
    let pieces = name.dropLast(".json".count).split(separator: ".", omittingEmptySubsequences: false)
    guard let suffix = pieces.firstIndex(of: "safetensors"), suffix > 0, pieces.count > suffix + 1,
      pieces[suffix + 1] == "index"
    else { return nil }
    let variant = pieces[(suffix + 2)...]
    return (pieces[..<suffix] + variant).joined(separator: ".")
  }

  /// PyTorch's distributed checkpoints put `shard-00001-` before the name, one for each rank.
  private static func withoutRank(_ stem: String) -> String {
    let pieces = stem.split(separator: "-", maxSplits: 2, omittingEmptySubsequences: false)
    guard pieces.count == 3, pieces[0] == "shard", pieces[1].allSatisfy(\.isNumber) else { return stem }
    return String(pieces[2])
  }
}
