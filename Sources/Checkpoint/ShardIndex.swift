internal import CSafetensors
internal import CScanner

/// `model.safetensors.index.json`: which shard holds which tensor.
final class ShardIndex: @unchecked Sendable {
  /// The file's name within the checkpoint's folder.
  let name: String
  let bytesRead: Int
  /// File names in the order of first mention, checked: each stays inside the folder.
  let shards: [String]
  private let handle: OpaquePointer

  /// Reads the index `name` in `folder`.
  init(folder: String, name: String, seed: UInt64) throws(CheckpointError) {
    let path = joined(folder, name)
    var source = try ByteSource(path: path)
    guard source.length <= Int(CSHARDINDEX_LIMIT) else {
      throw CheckpointError(
        .indexTooLarge, file: path,
        message: "the index has \(source.length) bytes, more than the limit of \(CSHARDINDEX_LIMIT)",
        help: "This does not look like an index of shards.")
    }
    var made: OpaquePointer?
    try source.withBytes(at: 0, count: source.length, scratch: ScratchBuffer()) { bytes throws(CheckpointError) in
      var problem = cshardindex_error()
      let result = cshardindex_open(
        bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, seed, &made, &problem)
      if result != CSHARDINDEX_OK { throw CheckpointError(problem, path: path, text: bytes) }
    }
    guard let made else { throw CheckpointError(.outOfMemory, file: path, message: "memory has run out") }
    let count = cshardindex_summarize(made).shard_count
    var shards: [String] = []
    for shard in 0..<count {
      let bytes = Self.shardBytes(made, shard)
      if let objection = Self.objection(to: bytes) {
        let quoted = String(decoding: bytes.prefix(200), as: UTF8.self).debugDescription
        cshardindex_close(made)
        throw CheckpointError(
          .indexShardName, file: path, message: "the shard name \(quoted) \(objection)",
          help: "A shard's name must be a relative path that stays inside the folder.")
      }
      shards.append(String(decoding: bytes, as: UTF8.self))
    }
    self.name = name
    self.bytesRead = source.bytesRead
    self.shards = shards
    self.handle = made
  }

  deinit { cshardindex_close(handle) }

  var summary: cshardindex_summary { cshardindex_summarize(handle) }

  var count: Int { summary.entry_count }

  /// The tensor's name as UTF-8, valid as long as the index, and the index of its shard.
  func entry(_ index: Int) -> (name: UnsafeBufferPointer<UInt8>, shard: Int) {
    var name: UnsafePointer<UInt8>?
    var length = 0
    var shard = 0
    cshardindex_entry(handle, index, &name, &length, &shard)
    return (UnsafeBufferPointer(start: name, count: length), shard)
  }

  private static func shardBytes(_ handle: OpaquePointer, _ shard: Int) -> UnsafeBufferPointer<UInt8> {
    var name: UnsafePointer<UInt8>?
    var length = 0
    cshardindex_shard(handle, shard, &name, &length)
    return UnsafeBufferPointer(start: name, count: length)
  }

  /// Why a name from a stranger's index may not be used as a path within the folder; nil where it may.
  ///
  /// Purely lexical: nothing is looked up. `sub/model.safetensors` is fine.
  static func objection(to name: some Collection<UInt8>) -> String? {
    if name.isEmpty { return "is empty" }
    if name.contains(0) { return "holds a NUL" }
    if name.contains(UInt8(ascii: "\\")) { return "holds a backslash" }
    if name.count > 1024 { return "is too long" }
    if name.first == UInt8(ascii: "/") { return "is absolute" }
    for part in name.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      if part.isEmpty { return "has an empty part" }
      if part.elementsEqual(".".utf8) { return "names the folder itself" }
      if part.elementsEqual("..".utf8) { return "leaves the folder" }
    }
    return nil
  }
}
