public import Units

/// How frozen base weights are held in fewer bits, as bitsandbytes does it.
public enum Quantization: String, CaseIterable, Sendable {
  /// LLM.int8(): eight bits, and a scale for each row.
  case int8
  /// Four bits, and a scale for each block of 64.
  case nf4
  /// The same with scales in eight bits, and a scale for each block of 256 of them.
  case nf4Double = "nf4-double"

  public var isFourBit: Bool { self != .int8 }
}

/// The weight [out, in] of a linear layer in fewer bits.
public struct QuantizedWeight: Hashable, Sendable {
  public var scheme: Quantization
  public var input: Int
  public var output: Int
  /// The type that the weight had before, and that `dequantize_4bit` gives back.
  public var wideType: DataType

  public init(_ scheme: Quantization, input: Int, output: Int, wideType: DataType) {
    self.scheme = scheme
    self.input = input
    self.output = output
    self.wideType = wideType
  }

  /// Whether a part of this name is no parameter of its module, but an attribute beside the packed weight.
  public static func isState(_ name: String) -> Bool {
    name.hasSuffix(".SCB") || (name.split(separator: ".").dropLast().last == "weight")
  }

  /// Extents of the weight as a matrix.
  public var shape: Shape { [output, input] }

  /// Blocks that have a scale of their own (`blocksize=64` in bitsandbytes/functional.py).
  public var blockCount: Int { (input * output + 63) / 64 }

  /// What is held, by the names of bitsandbytes' state dictionaries: `Linear8bitLt` and `QuantState` of 0.50.
  public var storages: [(name: String, shape: Shape, dataType: DataType)] {
    let packed: Shape = [(input * output + 1) / 2, 1]
    switch scheme {
    case .int8: return [("weight", shape, .int8), ("SCB", [output], .float32)]
    case .nf4:
      return [
        ("weight", packed, .uint8), ("weight.absmax", [blockCount], .float32), ("weight.quant_map", [16], .float32),
      ]
    case .nf4Double:
      return [
        ("weight", packed, .uint8), ("weight.absmax", [blockCount], .uint8), ("weight.quant_map", [16], .float32),
        ("weight.nested_absmax", [(blockCount + 255) / 256], .float32), ("weight.nested_quant_map", [256], .float32),
        ("weight.nested_offset", [], .float32),
      ]
    }
  }
}
