/// A stretch of a file, in bytes from its beginning.
public struct FileRange: Hashable, Sendable {
  public var offset: Int
  public var length: Int

  public init(offset: Int, length: Int) {
    self.offset = offset
    self.length = length
  }

  /// The first byte behind the stretch.
  public var end: Int { offset + length }
}
