/// The element types of the safetensors format (reference library 0.8.0), by their names in a header, and in the same
/// style those that only ONNX has (IR version 13), and the blocks of GGUF files under the names that ggml gives them.
public enum DataType: String, CaseIterable, Sendable {
  case bool = "BOOL"
  case float4 = "F4"
  case float6e2m3 = "F6_E2M3"
  case float6e3m2 = "F6_E3M2"
  case uint8 = "U8"
  case int8 = "I8"
  case float8e5m2 = "F8_E5M2"
  case float8e4m3 = "F8_E4M3"
  case float8e8m0 = "F8_E8M0"
  case float8e4m3fnuz = "F8_E4M3FNUZ"
  case float8e5m2fnuz = "F8_E5M2FNUZ"
  case int16 = "I16"
  case uint16 = "U16"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case int32 = "I32"
  case uint32 = "U32"
  case float32 = "F32"
  case complex64 = "C64"
  case float64 = "F64"
  case int64 = "I64"
  case uint64 = "U64"
  // ONNX alone has these.
  case int2 = "I2"
  case uint2 = "U2"
  case int4 = "I4"
  case uint4 = "U4"
  case complex128 = "C128"
  case string = "STRING"
  // GGUF alone has these: elements packed in blocks, together with their scales.
  case q40 = "Q4_0"
  case q41 = "Q4_1"
  case q50 = "Q5_0"
  case q51 = "Q5_1"
  case q80 = "Q8_0"
  case q81 = "Q8_1"
  case q10 = "Q1_0"
  case q2K = "Q2_K"
  case q3K = "Q3_K"
  case q4K = "Q4_K"
  case q5K = "Q5_K"
  case q6K = "Q6_K"
  case q8K = "Q8_K"
  case iq1S = "IQ1_S"
  case iq1M = "IQ1_M"
  case iq2XXS = "IQ2_XXS"
  case iq2XS = "IQ2_XS"
  case iq2S = "IQ2_S"
  case iq3XXS = "IQ3_XXS"
  case iq3S = "IQ3_S"
  case iq4NL = "IQ4_NL"
  case iq4XS = "IQ4_XS"
  case tq10 = "TQ1_0"
  case tq20 = "TQ2_0"
  case mxfp4 = "MXFP4"
  case nvfp4 = "NVFP4"

  /// The types that a safetensors header can name.
  public static let safetensors = allCases.filter {
    ![.int2, .uint2, .int4, .uint4, .complex128, .string].contains($0) && $0.block == nil
  }

  /// Zero for text, which has no fixed width; of a block an element's share, rounded up.
  public var bitWidth: Int {
    if let block { return (8 * block.bytes + block.elements - 1) / block.elements }
    return switch self {
    case .int2, .uint2: 2
    case .float4, .int4, .uint4: 4
    case .float6e2m3, .float6e3m2: 6
    case .bool, .uint8, .int8, .float8e5m2, .float8e4m3, .float8e8m0, .float8e4m3fnuz, .float8e5m2fnuz: 8
    case .int16, .uint16, .float16, .bfloat16: 16
    case .int32, .uint32, .float32: 32
    case .complex64, .float64, .int64, .uint64: 64
    case .complex128: 128
    default: 0
    }
  }

  public var isFloatingPoint: Bool {
    switch self {
    case .bool, .uint8, .int8, .int16, .uint16, .int32, .uint32, .int64, .uint64: false
    case .int2, .uint2, .int4, .uint4, .string: false
    default: true
    }
  }
}
