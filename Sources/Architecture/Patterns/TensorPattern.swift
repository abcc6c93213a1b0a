internal import Checkpoint

/// A tensor's name with its indices taken out, `model.layers.#.mlp.experts.#.up_proj.weight`, for every tensor of
/// that name. What a pattern is decides for all of them, so the work per tensor is one scan of its name.
struct TensorPattern {
  /// What the tensor is to its module.
  enum Part {
    case weight, bias
    /// A weight whose stored shape is that of its packing.
    case packedWeight
    /// A scale, a zero point or a map that a quantised weight needs.
    case quantization
    /// Something that the model computes again, or counts: a mask, a rotary table, position ids.
    case buffer
  }

  var text: String
  /// The first tensor of this pattern.
  var example: Int
  /// What its tensors come to.
  var tally = Tally()

  /// What stands before the first index, with its separator: `model.layers.`; nil where there is no index.
  var stackPath: String?
  /// The module within its block, or the whole of it outside the blocks: `mlp.experts.#.up_proj`.
  var module: String
  /// How many bytes at a name's end are not the module's: 7 for `.weight`.
  var suffixLength: Int
  var part: Part
  /// The scheme that packed it, where ``part`` is a packed weight.
  var packing: Packing?

  /// Whether it is an adapter's; ``module`` is then the module that it adapts.
  var adapter: Adapter?

  /// The two factors of a low-rank update, `[rank, in]` and `[out, rank]`, or something else that an adapter adds.
  enum Adapter {
    case down, up, other
  }

  init(text: String, example: Int) {
    self.text = text
    self.example = example
    let split = text.utf8.firstIndex(of: UInt8(ascii: "#"))
    stackPath = split.map { String(text[..<$0]) }
    module = split.map { String(text[$0...].dropFirst(2)) } ?? text
    suffixLength = 0
    part = .weight
  }

  /// The whole module, as an architecture file names it: `model.layers.#.mlp.up_proj`.
  var modulePattern: String { String(Substring(text.utf8.dropLast(suffixLength))) }

  /// The last component of the name.
  var leaf: Substring {
    text[(text.lastIndex { $0 == "." || $0 == "/" }.map { text.index(after: $0) } ?? text.startIndex)...]
  }

  /// The name without its last component and the separator before it.
  var parent: Substring {
    text[..<(text.lastIndex { $0 == "." || $0 == "/" } ?? text.startIndex)]
  }
}
