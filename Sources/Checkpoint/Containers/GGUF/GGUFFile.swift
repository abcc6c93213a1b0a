internal import CGGUF
internal import Units

/// The header of a GGUF file: keys with values, and tensors whose dimensions stand in the opposite order of PyTorch's.
enum GGUFFile {
  /// How much is read at first: most of what is not a vocabulary. The header's length nobody says.
  private static let firstLength = 64 << 10

  static func read(path: String, seed: UInt64, scratch: ScratchBuffer) throws(CheckpointError) -> ListedHeader {
    var source = try ByteSource(path: path)
    let fileLength = source.length
    var length = min(firstLength, fileLength)
    while true {
      var made: OpaquePointer?
      var problem = cgguf_error()
      let result = try source.withBytes(at: 0, count: length, scratch: scratch) { bytes in
        cgguf_open(
          bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, UInt64(fileLength), seed, &made, &problem)
      }
      if result == CGGUF_OK, let made {
        defer { cgguf_close(made) }
        return header(made, path: path, fileLength: fileLength, bytesRead: source.bytesRead)
      }
      guard result == CGGUF_NEEDS_MORE, problem.expected > length else {
        throw CheckpointError(problem, path: path, hint: try ContentHint(of: &source))
      }
      length = min(max(2 * length, Int(problem.expected)), fileLength)
    }
  }

  private static func header(
    _ file: OpaquePointer, path: String, fileLength: Int, bytesRead: Int
  ) -> ListedHeader {
    let tensors = (0..<cgguf_tensor_count(file)).map { index in
      let tensor = cgguf_get_tensor(file, index)
      let extents = withUnsafeBytes(of: tensor.extents) { Array($0.bindMemory(to: UInt64.self)) }
      return ListedHeader.Tensor(
        name: text(tensor.name, tensor.name_length), dataType: dataTypes[Int(tensor.type)],
        shape: Shape(extents.prefix(Int(tensor.rank)).reversed().map(Int.init(clamping:))),
        range: FileRange(offset: Int(tensor.offset), length: Int(tensor.length)))
    }
    var pairs: [String: Configuration.Node] = [:]
    var counts: [String: Int] = [:]
    for index in 0..<cgguf_pair_count(file) {
      let pair = cgguf_get_pair(file, index)
      let key = text(pair.key, pair.key_length)
      if pair.type == CGGUF_ARRAY { counts[key] = Int(clamping: pair.count) }
      pairs[key] = node(pair)
    }
    let settings = GGUFSettings(pairs: pairs, counts: counts)
    return ListedHeader(
      path: path, fileLength: fileLength, bytesRead: bytesRead, tensors: tensors,
      configuration: settings.configuration(file: splitPath(path).name))
  }

  /// A value; nil for arrays that nobody counts by.
  private static func node(_ pair: cgguf_pair) -> Configuration.Node? {
    let bytes = UnsafeRawBufferPointer(start: pair.bytes, count: pair.length)
    if pair.type == CGGUF_STRING { return .string(String(decoding: bytes, as: UTF8.self)) }
    guard pair.type == CGGUF_ARRAY else { return number(pair.type, bytes) }
    guard pair.count > 0, pair.length > 0 else { return nil }
    let width = pair.length / Int(pair.count)
    return .array(
      stride(from: 0, to: bytes.count, by: width).compactMap { start in
        number(pair.element_type, UnsafeRawBufferPointer(rebasing: bytes[start..<(start + width)]))
      })
  }

  private static func number(_ type: cgguf_value_type, _ bytes: UnsafeRawBufferPointer) -> Configuration.Node? {
    switch type {
    case CGGUF_UINT8: .integer(Int(bytes.loadUnaligned(as: UInt8.self)))
    case CGGUF_INT8: .integer(Int(bytes.loadUnaligned(as: Int8.self)))
    case CGGUF_UINT16: .integer(Int(UInt16(littleEndian: bytes.loadUnaligned(as: UInt16.self))))
    case CGGUF_INT16: .integer(Int(Int16(littleEndian: bytes.loadUnaligned(as: Int16.self))))
    case CGGUF_UINT32: .integer(Int(UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self))))
    case CGGUF_INT32: .integer(Int(Int32(littleEndian: bytes.loadUnaligned(as: Int32.self))))
    case CGGUF_UINT64: .integer(Int(clamping: UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))))
    case CGGUF_INT64: .integer(Int(Int64(littleEndian: bytes.loadUnaligned(as: Int64.self))))
    case CGGUF_BOOL: .boolean(bytes.loadUnaligned(as: UInt8.self) != 0)
    case CGGUF_FLOAT32:
      .number(Double(Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)))))
    case CGGUF_FLOAT64: .number(Double(bitPattern: UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))))
    default: nil
    }
  }

  private static func text(_ bytes: UnsafePointer<UInt8>?, _ length: Int) -> String {
    String(decoding: UnsafeBufferPointer(start: bytes, count: length), as: UTF8.self)
  }

  /// Swift's data types by the numbers that ggml gives them; those that are no longer used stand for nothing.
  static let dataTypes: [DataType] = (0..<CGGUF_TYPE_COUNT).map { number in
    cgguf_type_name(number).flatMap { DataType(rawValue: String(cString: $0)) } ?? .uint8
  }

  /// The elements and bytes of a block by ggml's number of its type, as the parser has them.
  static func block(ofType number: Int) -> (name: String, elements: Int, bytes: Int)? {
    guard let name = cgguf_type_name(UInt32(number)) else { return nil }
    return (
      String(cString: name), Int(cgguf_block_elements(UInt32(number))), Int(cgguf_block_bytes(UInt32(number)))
    )
  }
}
