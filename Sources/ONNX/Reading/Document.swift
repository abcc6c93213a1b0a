internal import COnnx
internal import Checkpoint

/// A message of a file as C unpacked it. Its pointers live as long as this does.
final class Document {
  /// Bytes taken from the file.
  let bytesRead: Int
  private let handle: OpaquePointer

  enum Root {
    case model, tensor
  }

  /// Reads the file at `path`.
  ///
  /// - Parameter kept: the longest value field of a tensor that is kept with it, in bytes.
  init(path: String, root: Root, kept: Int? = nil) throws(CheckpointError) {
    var reader = Reader(source: try ByteSource(path: path))
    var limits = connx_default_limits()
    if let kept { limits.kept = UInt64(kept) }
    var problem = connx_error()
    var made: OpaquePointer?
    let result = withUnsafeMutablePointer(to: &reader) { reader in
      var source = reader.pointee.view(context: reader)
      return root == .model
        ? connx_open(&source, &limits, &made, &problem) : connx_open_tensor(&source, &limits, &made, &problem)
    }
    if let failure = reader.failure { throw failure }
    guard result == CONNX_OK, let made else {
      throw CheckpointError(problem, path: path, hint: try ModelHint(of: &reader, wanted: root))
    }
    handle = made
    bytesRead = reader.source.bytesRead
  }

  deinit { connx_close(handle) }

  var model: UnsafePointer<Connx__Model>? { connx_model(handle) }
  var tensor: UnsafePointer<Connx__Tensor>? { connx_tensor(handle) }

  /// What protobuf accepts and no writer means.
  var notes: [connx_note] {
    (0..<connx_note_count(handle)).map { connx_get_note(handle, $0) }
  }
}

/// A file that C reads from, and the error that C has no word for.
struct Reader: ~Copyable {
  var source: ByteSource
  var failure: CheckpointError?

  init(source: consuming ByteSource) { self.source = source }

  /// What C takes; `context` is where this reader lies.
  func view(context: UnsafeMutablePointer<Reader>) -> connx_source {
    connx_source(
      read: { context, offset, buffer, length in
        guard let reader = context?.assumingMemoryBound(to: Reader.self) else { return false }
        return reader.pointee.read(UnsafeMutableRawBufferPointer(start: buffer, count: length), at: Int(offset))
      }, context: UnsafeMutableRawPointer(context), length: UInt64(source.length))
  }

  private mutating func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Bool {
    do {
      try source.read(into: buffer, at: offset)
      return true
    } catch {
      failure = error
      return false
    }
  }
}
