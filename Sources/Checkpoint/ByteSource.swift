internal import Glibc

/// A regular file open for reading, which counts the bytes that it hands out.
///
/// Nothing but a regular file is ever opened: a pipe, a device or a folder under a checkpoint's name is an error, and
/// opening never waits.
package struct ByteSource: ~Copyable {
  /// The path as the user would type it.
  package let path: String
  package let length: Int
  package private(set) var bytesRead = 0
  private let descriptor: Int32

  package init(path: String) throws(CheckpointError) {
    var status = stat()
    guard stat(path, &status) == 0 else { throw .cannotOpen(path, errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegular(path, mode: status.st_mode) }
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { throw .cannotOpen(path, errno) }
    // The name may have changed hands between the two calls.
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw .notRegular(path, mode: status.st_mode)
    }
    self.path = path
    self.length = Int(status.st_size)
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Fills `buffer` from `offset` on. The caller has made sure that the file is long enough; one that has shrunk in
  /// the meantime is an error.
  package mutating func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(CheckpointError) {
    var filled = 0
    while filled < buffer.count {
      let got = pread(
        descriptor, buffer.baseAddress?.advanced(by: filled), buffer.count - filled, off_t(offset + filled))
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw .cannotRead(path, errno) }
      guard got > 0 else {
        throw CheckpointError(
          .fileChanged, file: path, offset: offset + filled, message: "the file became shorter while it was read",
          help: "Wait until it is written completely, then try again.", isMissingInput: true)
      }
      filled += got
    }
    bytesRead += filled
  }

  /// Hands the file's first `count` bytes, or all where it is shorter, to `body`.
  package mutating func withPrefix<Result>(
    _ count: Int, _ body: (UnsafeRawBufferPointer) throws(CheckpointError) -> Result
  ) throws(CheckpointError) -> Result {
    let scratch = ScratchBuffer()
    return try withBytes(at: 0, count: min(count, length), scratch: scratch, body)
  }

  /// Hands `count` bytes from `offset` on to `body`, out of a buffer that `scratch` keeps.
  mutating func withBytes<Result>(
    at offset: Int, count: Int, scratch: ScratchBuffer,
    _ body: (UnsafeRawBufferPointer) throws(CheckpointError) -> Result
  ) throws(CheckpointError) -> Result {
    let buffer = scratch.bytes(count)
    try read(into: buffer, at: offset)
    return try body(UnsafeRawBufferPointer(buffer))
  }
}

/// Memory for one file's bytes after another's: fresh pages for each file would cost more than reading them.
final class ScratchBuffer {
  private var buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  deinit { buffer.deallocate() }

  /// Memory for an index of many megabytes comes in large pages where the system has them: its pages are touched
  /// once, and small ones would take longer to hand out than to fill.
  private static func allocate(_ count: Int) -> UnsafeMutableRawBufferPointer {
    let large = 2 << 20
    guard count >= 2 * large else { return .allocate(byteCount: count, alignment: 16) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: large)
    madvise(buffer.baseAddress, count, MADV_HUGEPAGE)
    return buffer
  }

  /// Room for `count` bytes, whose content is unspecified, until the next call.
  func bytes(_ count: Int) -> UnsafeMutableRawBufferPointer {
    if buffer.count < count {
      buffer.deallocate()
      buffer = Self.allocate(count)
    }
    return UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
  }
}
