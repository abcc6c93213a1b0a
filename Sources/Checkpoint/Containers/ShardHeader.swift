internal import Units

/// What one weight file says of its tensors, read and checked, whatever the container that it is.
///
/// Immutable; its lookups may run on several threads.
protocol ShardHeader: AnyObject, Sendable {
  /// The path as the user would type it.
  var path: String { get }
  var fileLength: Int { get }
  /// Bytes taken from the file.
  var bytesRead: Int { get }
  /// The bytes of all tensors.
  var dataLength: Int { get }

  var count: Int { get }
  /// The bytes of all names together.
  var namesLength: Int { get }
  /// The name of the tensor at `index` as UTF-8, valid as long as the header.
  func nameBytes(at index: Int) -> UnsafeBufferPointer<UInt8>
  /// The index of the tensor of this name.
  func index(of name: UnsafeBufferPointer<UInt8>) -> Int?
  /// The bytes that the tensor at `index` takes.
  func byteCount(at index: Int) -> Int
  /// The tensor at `index`.
  ///
  /// - Parameter shapes: shapes made before, which neighbours often share.
  func tensor(at index: Int, fileIndex: Int, shapes: inout RecentShapes) -> StoredTensor

  /// What the file keeps beside its tensors; names of tied tensors as ``WeightSet/metadata`` has them.
  var metadata: [String: String] { get }
  /// Whether the file holds slices of tensors, whose other slices lie in its siblings.
  var isSliced: Bool { get }
  /// The model's settings where the file holds them itself.
  var configuration: Configuration? { get }

  /// Says what was noticed about `file`, the name of the file within the checkpoint's folder.
  func report(as file: String, into findings: inout FindingList)
}

extension ShardHeader {
  var configuration: Configuration? { nil }
}
