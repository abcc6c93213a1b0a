/// Bytes of a GGUF file up to its tensors' bytes.
struct GGUFText {
  struct Tensor {
    var name: String
    /// ggml's number of the type.
    var type: Int
    /// Innermost first, as the file has them.
    var extents: [Int]
    var bytes: Int
    /// Where it lies behind the header; nil for the next free place.
    var offset: Int?
  }

  var version = 3
  var pairs: [(String, [UInt8])] = []
  var tensors: [Tensor] = []
  var alignment = 32

  static func string(_ text: String) -> [UInt8] { PickleText.number(text.utf8.count, 8) + text.utf8 }
  static func text(_ text: String) -> [UInt8] { PickleText.number(8, 4) + string(text) }
  static func integer(_ value: Int) -> [UInt8] { PickleText.number(4, 4) + PickleText.number(value, 4) }
  static func integers(_ values: [Int]) -> [UInt8] {
    PickleText.number(9, 4) + PickleText.number(4, 4) + PickleText.number(values.count, 8)
      + values.flatMap { PickleText.number($0, 4) }
  }
  static func texts(_ values: [String]) -> [UInt8] {
    PickleText.number(9, 4) + PickleText.number(8, 4) + PickleText.number(values.count, 8) + values.flatMap(string)
  }

  /// A model of two layers, 256 wide, half of whose rows of weights lie in blocks.
  static func llama(_ architecture: String = "llama", tied: Bool = false) -> GGUFText {
    var text = GGUFText()
    text.pairs = [
      ("general.architecture", Self.text(architecture)), ("\(architecture).block_count", integer(2)),
      ("\(architecture).embedding_length", integer(256)), ("\(architecture).feed_forward_length", integer(512)),
      ("\(architecture).attention.head_count", integer(4)),
      ("\(architecture).attention.head_count_kv", integers([2, 2])),
      ("\(architecture).context_length", integer(128)),
      ("tokenizer.ggml.tokens", texts((0..<32).map { "token \($0)" })),
    ]
    text.add("token_embd.weight", 14, [256, 32], 32 * 210)
    if !tied { text.add("output.weight", 8, [256, 32], 32 * 8 * 34) }
    text.add("output_norm.weight", 0, [256], 1024)
    for layer in 0..<2 {
      for (name, rows) in [("attn_q", 256), ("attn_k", 128), ("attn_v", 128), ("attn_output", 256), ("ffn_gate", 512)] {
        text.add("blk.\(layer).\(name).weight", 12, [256, rows], rows * 144)
      }
      text.add("blk.\(layer).ffn_up.weight", 12, [256, 512], 512 * 144)
      text.add("blk.\(layer).ffn_down.weight", 12, [512, 256], 512 * 144)
      for norm in ["attn_norm", "ffn_norm"] { text.add("blk.\(layer).\(norm).weight", 0, [256], 1024) }
    }
    return text
  }

  mutating func add(_ name: String, _ type: Int, _ extents: [Int], _ bytes: Int, at offset: Int? = nil) {
    tensors.append(Tensor(name: name, type: type, extents: extents, bytes: bytes, offset: offset))
  }

  /// The header, and how many bytes belong behind it.
  var parts: (header: [UInt8], data: Int) {
    let number = PickleText.number
    var bytes = Array("GGUF".utf8) + number(version, 4) + number(tensors.count, 8) + number(pairs.count, 8)
    for (key, value) in pairs { bytes += Self.string(key) + value }
    var end = 0
    for tensor in tensors {
      bytes += Self.string(tensor.name) + number(tensor.extents.count, 4) + tensor.extents.flatMap { number($0, 8) }
      bytes += number(tensor.type, 4) + number(tensor.offset ?? end, 8)
      end += (tensor.bytes + alignment - 1) / alignment * alignment
    }
    return (bytes + [UInt8](repeating: 0, count: (alignment - bytes.count % alignment) % alignment), end)
  }
}

extension TemporaryFolder {
  @discardableResult
  func write(_ name: String, _ text: GGUFText) throws -> String {
    let (header, data) = text.parts
    return try write(name, header, hole: data)
  }
}
