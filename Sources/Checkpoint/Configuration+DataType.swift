public import Units

extension Configuration {
  /// The type that the weights are declared to have: `dtype`, or `torch_dtype` as it was called before transformers
  /// 4.56; nil where neither is there or the name is not that of a stored type (`auto`).
  public var declaredDataType: DataType? {
    guard let name = string("dtype") ?? string("torch_dtype") else { return nil }
    return Self.dataType(torch: name)
  }

  /// The stored type that PyTorch calls by this name, with or without `torch.` before it.
  public static func dataType(torch name: String) -> DataType? {
    torchNames[name.hasPrefix("torch.") ? String(name.dropFirst("torch.".count)) : name]
  }

  private static let torchNames: [String: DataType] = [
    "bool": .bool, "uint8": .uint8, "int8": .int8, "int16": .int16, "short": .int16, "int32": .int32, "int": .int32,
    "int64": .int64, "long": .int64, "uint16": .uint16, "uint32": .uint32, "uint64": .uint64,
    "float16": .float16, "half": .float16, "bfloat16": .bfloat16, "float32": .float32, "float": .float32,
    "float64": .float64, "double": .float64, "complex64": .complex64, "cfloat": .complex64,
    "float8_e4m3fn": .float8e4m3, "float8_e5m2": .float8e5m2, "float8_e4m3fnuz": .float8e4m3fnuz,
    "float8_e5m2fnuz": .float8e5m2fnuz, "float8_e8m0fnu": .float8e8m0, "float4_e2m1fn_x2": .float4,
  ]
}
