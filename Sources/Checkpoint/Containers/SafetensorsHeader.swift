internal import CSafetensors
internal import Units

/// The header of one safetensors file, read and checked, its names still in C's memory.
///
/// The handle is immutable after `csafetensors_open` and its lookups may run on several threads.
final class SafetensorsHeader: ShardHeader, @unchecked Sendable {
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
  init(path: String, seed: UInt64, scratch: ScratchBuffer) throws(CheckpointError) {
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

extension SafetensorsHeader {
  /// Turns the reader's notes into findings about `file`.
  func report(as file: String, into findings: inout FindingList) {
    for note in notes {
      let name = note.name.map {
        String(decoding: UnsafeBufferPointer(start: $0, count: note.name_length), as: UTF8.self)
      }
      switch note.kind {
      case CSAFETENSORS_NOTE_DUPLICATE_TENSOR:
        findings.add(
          .error, .duplicateTensorName, file: file, tensor: name,
          "the name occurs twice in the header, again at byte \(note.offset); readers take the last entry",
          help: "The format forbids it: save the file again.")
      case CSAFETENSORS_NOTE_LEADING_SPACE:
        findings.add(
          .warning, .headerLeadingSpace, file: file, "white space stands before the header's opening brace",
          help: "The format wants `{` first; strict readers refuse the file.")
      case CSAFETENSORS_NOTE_NULL_METADATA:
        findings.add(.note, .metadataNull, file: file, "`__metadata__` is null instead of absent")
      case CSAFETENSORS_NOTE_DUPLICATE_METADATA:
        findings.add(
          .warning, .metadataDuplicateKey, file: file,
          "`__metadata__` has the key \((name ?? "").debugDescription) twice; readers take the last value")
      case CSAFETENSORS_NOTE_ARRAY_ENTRY:
        findings.add(
          .warning, .tensorAsArray, file: file, tensor: name, "the tensor is written as an array, not as an object",
          help: "Only the reference library reads it: save the file again.")
      case CSAFETENSORS_NOTE_MAP_DTYPE:
        findings.add(
          .warning, .dtypeAsObject, file: file, tensor: name, "the dtype is written as an object, not as a string",
          help: "Only the reference library reads it: save the file again.")
      default:
        findings.add(
          .warning, .unknownTensorField, file: file, tensor: name,
          "the tensor has a field that the format does not know, at byte \(note.offset)")
      }
    }
  }
}
