internal import Units

/// A header whose tensors a reader has listed.
final class ListedHeader: ShardHeader, @unchecked Sendable {
  struct Tensor {
    var name: String
    var dataType: DataType
    var shape: Shape
    var range: FileRange
  }

  let path: String
  let fileLength: Int
  let bytesRead: Int
  let dataLength: Int
  let metadata: [String: String]
  let isSliced: Bool
  let configuration: Configuration?
  private let tensors: [Tensor]
  /// About the file, which they do not name.
  private let findings: [Finding]
  /// The names, one behind the other, and where each begins; one more for the end of the last.
  private let names: UnsafeMutableBufferPointer<UInt8>
  private let starts: [Int]
  private let places: [[UInt8]: Int]

  /// - Parameters:
  ///   - tensors: no two of one name.
  ///   - metadata: further names of tensors, each with the name that is among them.
  init(
    path: String, fileLength: Int, bytesRead: Int, tensors: [Tensor], metadata: [String: String] = [:],
    isSliced: Bool = false, configuration: Configuration? = nil, findings: [Finding] = []
  ) {
    self.path = path
    self.fileLength = fileLength
    self.bytesRead = bytesRead
    self.tensors = tensors
    self.metadata = metadata
    self.isSliced = isSliced
    self.configuration = configuration
    self.findings = findings
    var starts = [0]
    var bytes: [UInt8] = []
    var places: [[UInt8]: Int] = [:]
    for (index, tensor) in tensors.enumerated() {
      bytes += tensor.name.utf8
      starts.append(bytes.count)
      places[Array(tensor.name.utf8)] = index
    }
    // An index names a tensor that has two names under both, and some writers count it twice.
    var dataLength = tensors.reduce(0) { Tally.sum($0, $1.range.length) }
    for (other, name) in metadata {
      guard let index = places[Array(name.utf8)] else { continue }
      places[Array(other.utf8)] = index
      dataLength = Tally.sum(dataLength, tensors[index].range.length)
    }
    self.dataLength = dataLength
    names = .allocate(capacity: bytes.count)
    _ = names.initialize(from: bytes)
    self.starts = starts
    self.places = places
  }

  deinit { names.deallocate() }

  var count: Int { tensors.count }

  var namesLength: Int { names.count }

  func nameBytes(at index: Int) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(rebasing: UnsafeBufferPointer(names)[starts[index]..<starts[index + 1]])
  }

  func index(of name: UnsafeBufferPointer<UInt8>) -> Int? { places[Array(name)] }

  func byteCount(at index: Int) -> Int { tensors[index].range.length }

  func tensor(at index: Int, fileIndex: Int, shapes: inout RecentShapes) -> StoredTensor {
    let tensor = tensors[index]
    return StoredTensor(
      name: tensor.name, dataType: tensor.dataType, shape: tensor.shape, fileIndex: fileIndex, range: tensor.range)
  }

  func report(as file: String, into list: inout FindingList) {
    for finding in findings { list.add(finding, file: file) }
  }
}
