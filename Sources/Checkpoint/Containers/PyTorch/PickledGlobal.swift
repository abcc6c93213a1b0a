internal import Units

/// What a global means that a pickle of tensors may name. The list is that of torch 2.11's restricted unpickler
/// (`torch/_weights_only_unpickler.py`, `_get_allowed_globals`); everything else could run code, and means nothing.
enum PickledGlobal {
  /// A class of dictionaries.
  case dictionary
  /// A function that makes a tensor of a storage, an offset, a shape and strides; with `isTyped` the seventh argument is
  /// its type, which otherwise is the storage's.
  case tensor(isTyped: Bool)
  /// A function whose first argument is the tensor that it hands on.
  case wrapper
  /// `_rebuild_from_type_v2`: a function of this list, a class, and the function's arguments.
  case typed
  /// A tensor that is more than a stretch of a storage.
  case otherTensor
  /// A class of storages; nil for one whose bytes have no type.
  case storage(DataType?)
  case dataType(DataType)
  /// Allowed, and of no matter to shapes.
  case inert

  init?(module: String, name: String) {
    switch module {
    case "torch._utils":
      guard let known = Self.rebuilders[name] else { return nil }
      self = known
    case "torch", "torch.cuda", "torch.storage":
      if let type = Self.storages[name] {
        self = .storage(type)
      } else if module != "torch", name == "UntypedStorage" || name == "TypedStorage" {
        self = .storage(nil)
      } else if module == "torch", let type = Self.dataTypes[name] {
        self = .dataType(type)
      } else if module == "torch", Self.inertTorch.contains(name) {
        self = .inert
      } else {
        return nil
      }
    case "torch._tensor" where name == "_rebuild_from_type_v2": self = .typed
    case "collections" where name == "OrderedDict" || name == "Counter": self = .dictionary
    default:
      guard Self.inertElsewhere.contains("\(module).\(name)") else { return nil }
      self = .inert
    }
  }

  private static let rebuilders: [String: PickledGlobal] = [
    "_rebuild_tensor": .tensor(isTyped: false), "_rebuild_tensor_v2": .tensor(isTyped: false),
    "_rebuild_tensor_v3": .tensor(isTyped: true), "_rebuild_parameter": .wrapper,
    "_rebuild_parameter_with_state": .wrapper, "_rebuild_device_tensor_from_cpu_tensor": .wrapper,
    "_rebuild_qtensor": .otherTensor, "_rebuild_sparse_tensor": .otherTensor,
    "_rebuild_meta_tensor_no_storage": .otherTensor, "_rebuild_nested_tensor": .otherTensor,
    "_rebuild_wrapper_subclass": .otherTensor, "_rebuild_device_tensor_from_numpy": .otherTensor,
  ]

  private static let storages: [String: DataType] = [
    "DoubleStorage": .float64, "FloatStorage": .float32, "HalfStorage": .float16, "BFloat16Storage": .bfloat16,
    "LongStorage": .int64, "IntStorage": .int32, "ShortStorage": .int16, "CharStorage": .int8, "ByteStorage": .uint8,
    "BoolStorage": .bool, "ComplexFloatStorage": .complex64, "ComplexDoubleStorage": .complex128,
  ]

  private static let dataTypes: [String: DataType] = [
    "float64": .float64, "double": .float64, "float32": .float32, "float": .float32, "float16": .float16,
    "half": .float16, "bfloat16": .bfloat16, "int64": .int64, "long": .int64, "int32": .int32, "int": .int32,
    "int16": .int16, "short": .int16, "int8": .int8, "uint8": .uint8, "uint16": .uint16, "uint32": .uint32,
    "uint64": .uint64, "bool": .bool, "complex64": .complex64, "complex128": .complex128,
    "float8_e4m3fn": .float8e4m3, "float8_e5m2": .float8e5m2, "float8_e4m3fnuz": .float8e4m3fnuz,
    "float8_e5m2fnuz": .float8e5m2fnuz, "float8_e8m0fnu": .float8e8m0,
  ]

  private static let inertTorch: Set<String> = [
    "Size", "Tensor", "device", "strided", "per_tensor_affine", "per_tensor_symmetric", "per_channel_affine",
    "per_channel_symmetric", "per_channel_affine_float_qparams", "QInt8Storage", "QUInt8Storage", "QInt32Storage",
    "QUInt4x2Storage", "QUInt2x4Storage", "qint8", "quint8", "qint32", "quint4x2", "quint2x4", "complex32",
    "float4_e2m1fn_x2", "uint1", "uint2", "uint3", "uint4", "uint5", "uint6", "uint7", "int1", "int2", "int3", "int4",
    "int5", "int6", "int7",
  ]

  private static let inertElsewhere: Set<String> = [
    "torch.nn.parameter.Parameter", "torch.serialization._get_layout", "_codecs.encode", "builtins.bytearray",
    "builtins.set", "builtins.complex", "__builtin__.bytearray", "__builtin__.set", "__builtin__.complex",
  ]
}
