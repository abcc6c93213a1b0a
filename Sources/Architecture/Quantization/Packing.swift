/// A quantisation scheme that stores several logical elements in one stored element, or that hides the shape.
enum Packing: String {
  case gptq = "GPTQ"
  case awq = "AWQ"
  case gptqOrAWQ = "GPTQ or AWQ"
  case bitsandbytes4 = "bitsandbytes 4-bit"
  case bitsandbytes8 = "bitsandbytes 8-bit"
  case mxfp4 = "MXFP4"
  case nvfp4 = "NVFP4"
  case compressedTensors = "compressed-tensors pack-quantized"
  case marlin24 = "compressed-tensors marlin-24"
  case sparse = "compressed-tensors sparse-bitmask"
  case sparse24 = "compressed-tensors sparse-24-bitmask"
  case mlx = "MLX"
  case hqq = "HQQ"
  case aqlm = "AQLM"
  case quanto = "Quanto"
  case unknown = "an unknown scheme"
}
