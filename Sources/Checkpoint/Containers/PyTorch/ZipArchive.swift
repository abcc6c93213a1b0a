internal import CZip
internal import Units

/// The central directory of a zip archive, read and checked. Entries are found in it, never unpacked.
final class ZipArchive {
  struct Entry {
    let index: Int
    let name: String
    /// Whether its bytes lie in the file as they are.
    let isStored: Bool
    let size: Int
    /// Where its local header begins.
    fileprivate let offset: Int
  }

  /// How archives begin, but for empty ones.
  static let magic: [UInt8] = [0x50, 0x4B, 0x03, 0x04]

  private let handle: OpaquePointer
  /// The directory's bytes, which the handle points into.
  private let directory: ScratchBuffer

  init(_ source: inout ByteSource, seed: UInt64) throws(CheckpointError) {
    let length = source.length
    var place = czip_directory()
    var problem = czip_error()
    let tail = min(length, Int(CZIP_TAIL_LENGTH))
    let scratch = ScratchBuffer()
    let found = try source.withBytes(at: length - tail, count: tail, scratch: scratch) { bytes in
      czip_find(bytes.bindMemory(to: UInt8.self).baseAddress, tail, UInt64(length), &place, &problem)
    }
    guard found == CZIP_OK else { throw CheckpointError(problem, path: source.path) }
    let directory = ScratchBuffer()
    var made: OpaquePointer?
    let opened = try source.withBytes(at: Int(place.offset), count: Int(place.length), scratch: directory) { bytes in
      czip_open(bytes.bindMemory(to: UInt8.self).baseAddress, &place, seed, &made, &problem)
    }
    guard opened == CZIP_OK, let made else { throw CheckpointError(problem, path: source.path) }
    handle = made
    self.directory = directory
  }

  deinit { czip_close(handle) }

  var count: Int { czip_count(handle) }

  subscript(_ index: Int) -> Entry {
    let entry = czip_get(handle, index)
    return Entry(
      index: index,
      name: String(decoding: UnsafeBufferPointer(start: entry.name, count: entry.name_length), as: UTF8.self),
      isStored: entry.method == 0, size: Int(entry.size), offset: Int(entry.offset))
  }

  func entry(named name: String) -> Entry? {
    let bytes = Array(name.utf8)
    let found = czip_find_entry(handle, bytes, bytes.count)
    return found == Int(bitPattern: UInt.max) ? nil : self[found]
  }

  func firstEntry(in folder: String) -> Entry? {
    (0..<count).lazy.map { self[$0] }.first { $0.name.hasPrefix(folder) }
  }

  /// Where the bytes of an entry lie. Takes its local header from the file.
  ///
  /// - Throws: `zip-compressed` where they do not lie there as they are.
  func range(of entry: Entry, in source: inout ByteSource, scratch: ScratchBuffer) throws(CheckpointError) -> FileRange
  {
    guard entry.isStored else {
      throw CheckpointError(
        .zipCompressed, file: source.path, offset: entry.offset,
        message: "\(entry.name.debugDescription) is compressed",
        help: "torch.save stores its parts as they are: load the file and save it again.")
    }
    var offset: UInt64 = 0
    var problem = czip_error()
    let length = Int(CZIP_LOCAL_LENGTH) + entry.name.utf8.count
    let result = try source.withBytes(at: entry.offset, count: length, scratch: scratch) { bytes in
      czip_data_offset(
        handle, entry.index, bytes.bindMemory(to: UInt8.self).baseAddress, length, &offset, &problem)
    }
    guard result == CZIP_OK else { throw CheckpointError(problem, path: source.path) }
    return FileRange(offset: Int(offset), length: entry.size)
  }
}
