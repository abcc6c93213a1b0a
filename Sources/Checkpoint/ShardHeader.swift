internal import CSafetensors
internal import Units

/// The header of one safetensors file, read and checked, its names still in C's memory.
///
/// The handle is immutable after `csafetensors_open` and its lookups may run on several threads.
final class ShardHeader: @unchecked Sendable {
  /// The path as the user would type it.
  let path: String
  /// Bytes before the tensors: the length field and the header.
  let dataOffset: Int
  let fileLength: Int
  /// Bytes taken from the file.
  let bytesRead: Int
  private let handle: OpaquePointer

  var count: Int { csafetensors_count(handle) }

  /// Reads the header of the file at `path`.
  ///
  /// - Parameter seed: keys the hash of names; one for all files of a checkpoint.
  init(path: String, seed: UInt64, scratch: ScratchBuffer = ScratchBuffer()) throws(CheckpointError) {
    var source = try ByteSource(path: path)
    let fileLength = source.length
    var problem = csafetensors_error()
    var headerLength: UInt64 = 0
    let lengthResult = try source.withPrefix(Int(CSAFETENSORS_PREFIX_LENGTH)) { bytes in
      csafetensors_read_length(
        bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, UInt64(fileLength), &headerLength, &problem)
    }
    guard lengthResult == CSAFETENSORS_OK else {
      throw CheckpointError(problem, path: path, hint: try ContentHint(of: &source))
    }
    var made: OpaquePointer?
    let result = try source.withBytes(at: Int(CSAFETENSORS_PREFIX_LENGTH), count: Int(headerLength), scratch: scratch) {
      bytes in
      csafetensors_open(
        bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, UInt64(fileLength), seed, &made, &problem)
    }
    guard result == CSAFETENSORS_OK, let made else {
      throw CheckpointError(problem, path: path, hint: try ContentHint(of: &source))
    }
    self.path = path
    self.fileLength = fileLength
    self.dataOffset = Int(CSAFETENSORS_PREFIX_LENGTH) + Int(headerLength)
    self.bytesRead = source.bytesRead
    self.handle = made
  }

  deinit { csafetensors_close(handle) }

  /// The name of the tensor at `index` as UTF-8, valid as long as the header.
  func nameBytes(at index: Int) -> UnsafeBufferPointer<UInt8> {
    let tensor = csafetensors_get(handle, index)
    return UnsafeBufferPointer(start: tensor.name, count: tensor.name_length)
  }

  /// The bytes of all names together.
  var namesLength: Int { csafetensors_names_length(handle) }

  /// The index of the tensor of this name.
  func index(of name: UnsafeBufferPointer<UInt8>) -> Int? {
    let found = csafetensors_find(handle, name.baseAddress, name.count)
    return found == Int(bitPattern: UInt.max) ? nil : found
  }

  /// The bytes of all tensors.
  var dataLength: Int { fileLength - dataOffset }

  /// The bytes that the tensor at `index` takes.
  func byteCount(at index: Int) -> Int {
    let tensor = csafetensors_get(handle, index)
    return Int(tensor.end - tensor.begin)
  }

  /// The tensor at `index`. Extents beyond 2^63 - 1, which are legal beside a zero, are clamped.
  ///
  /// - Parameter shapes: shapes made before, which neighbours often share.
  func tensor(at index: Int, fileIndex: Int, shapes: inout RecentShapes) -> StoredTensor {
    let tensor = csafetensors_get(handle, index)
    let extents = UnsafeBufferPointer(start: tensor.shape, count: Int(tensor.rank))
    return StoredTensor(
      name: String(decoding: UnsafeBufferPointer(start: tensor.name, count: tensor.name_length), as: UTF8.self),
      dataType: Self.dataTypes[Int(tensor.dtype)],
      shape: shapes.shape(of: extents),
      fileIndex: fileIndex,
      range: FileRange(offset: dataOffset + Int(tensor.begin), length: Int(tensor.end - tensor.begin)))
  }

  /// `__metadata__`.
  var metadata: [String: String] {
    var entries: [String: String] = [:]
    for index in 0..<csafetensors_metadata_count(handle) {
      var key: UnsafePointer<UInt8>?
      var value: UnsafePointer<UInt8>?
      var keyLength = 0
      var valueLength = 0
      csafetensors_metadata(handle, index, &key, &keyLength, &value, &valueLength)
      let name = String(decoding: UnsafeBufferPointer(start: key, count: keyLength), as: UTF8.self)
      entries[name] = String(decoding: UnsafeBufferPointer(start: value, count: valueLength), as: UTF8.self)
    }
    return entries
  }

  /// Whether the file belongs to a distributed checkpoint of PyTorch, whose files hold slices of tensors.
  var isSliced: Bool { metadata["DCP_SHARDING_INFO"] != nil }

  /// What the reference accepts and the format does not promise.
  var notes: [csafetensors_note] {
    (0..<csafetensors_note_count(handle)).map { csafetensors_get_note(handle, $0) }
  }

  /// Swift's data types by the index that C gives them.
  private static let dataTypes: [DataType] = {
    var types: [DataType] = []
    while let name = csafetensors_dtype_name(UInt32(types.count)), let type = DataType(rawValue: String(cString: name))
    {
      types.append(type)
    }
    return types
  }()
}

/// The last few shapes, so that tensors of the same shape share one.
struct RecentShapes {
  private var shapes: [Shape] = []
  private var next = 0
  /// Whether the last shape asked for had an extent beyond 2^63 - 1.
  private(set) var lastWasClamped = false

  mutating func shape(of extents: UnsafeBufferPointer<UInt64>) -> Shape {
    lastWasClamped = extents.contains { $0 > UInt64(Int.max) }
    if !lastWasClamped {
      for shape in shapes where shape.rank == extents.count {
        if extents.indices.allSatisfy({ shape[$0] == Int(extents[$0]) }) { return shape }
      }
    }
    let made = Shape(extents.map(Int.init(clamping:)))
    if shapes.count < 8 {
      shapes.append(made)
    } else {
      shapes[next] = made
      next = (next + 1) % 8
    }
    return made
  }
}
