package import Units

/// The shapes that a weight set keeps as values: packed weights whose own shapes tell no more than how many words they
/// fill have a small tensor beside them that says what they are. These tensors' bytes are read, and no weight's.
public struct StatedShapes: Hashable, Sendable {
  /// What is said, by the name of the tensor that says it.
  package var shapes: [String: Shape] = [:]
  /// How many tensors were read, and how many bytes these are.
  public internal(set) var tensorsRead = 0
  public internal(set) var bytesRead = 0
  /// How many were not, as they would have passed ``limit``.
  public internal(set) var tensorsLeft = 0

  package init() {}

  /// How many bytes one tensor may have, and all of them together.
  static let limitPerTensor = 4096
  static let limit = 1 << 20

  /// How a tensor says it.
  private enum Form {
    /// The text of a JSON object with a field `shape` (`QuantState.as_dict` of bitsandbytes/functional.py, 0.50).
    case document
    /// A list of its extents (compressed-tensors' `weight_shape`; HQQ's and its sparse compressors' `shape`).
    case list
  }

  private static func form(of tensor: StoredTensor, in set: WeightSet) -> Form? {
    let length = tensor.range.length
    guard (1...limitPerTensor).contains(length), (1...2).contains(tensor.shape.rank),
      let count = tensor.shape.elementCount?.count, count <= length, count * tensor.dataType.bitWidth == length * 8
    else { return nil }
    let name = tensor.name
    switch tensor.dataType {
    case .uint8: return name.contains(".quant_state.bitsandbytes__") ? .document : nil
    case .int32, .int64:
      if name.hasSuffix(".weight_shape") { return .list }
      guard name.hasSuffix(".shape") else { return nil }
      let parent = name.dropLast("shape".count)
      return ["W_q", "bitmask"].contains { set.tensor(named: parent + $0) != nil } ? .list : nil
    default: return nil
    }
  }
}

extension StatedShapes {
  /// Reads them, as many as the limit allows.
  ///
  /// What cannot be read, or says nothing that a weight could be, counts as not said: nothing here is an error.
  init(of set: WeightSet, in folder: String) {
    guard set.container != .gguf else { return }
    var places: [Int: [(tensor: StoredTensor, form: Form)]] = [:]
    for tensor in set.tensors {
      guard let form = Self.form(of: tensor, in: set) else { continue }
      guard bytesRead + tensor.range.length <= Self.limit else {
        tensorsLeft += 1
        continue
      }
      tensorsRead += 1
      bytesRead += tensor.range.length
      places[tensor.fileIndex, default: []].append((tensor, form))
    }
    for (file, tensors) in places where set.files.indices.contains(file) {
      guard var source = try? ByteSource(path: joined(folder, set.files[file])) else { continue }
      let scratch = ScratchBuffer()
      for (tensor, form) in tensors.sorted(by: { $0.tensor.range.offset < $1.tensor.range.offset }) {
        let shape = try? source.withBytes(at: tensor.range.offset, count: tensor.range.length, scratch: scratch) {
          switch form {
          case .document: Self.shape(inDocument: $0)
          case .list: Self.shape(inList: $0, of: tensor.dataType)
          }
        }
        if let shape { shapes[tensor.name] = shape }
      }
    }
  }

  static func shape(inDocument bytes: UnsafeRawBufferPointer) -> Shape? {
    guard bytes.first == UInt8(ascii: "{") else { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
    return Configuration(line: text[...], file: "quant_state")?.integers("shape").flatMap(sound)
  }

  static func shape(inList bytes: UnsafeRawBufferPointer, of type: DataType) -> Shape? {
    let width = type == .int64 ? 8 : 4
    guard bytes.count % width == 0 else { return nil }
    return sound(
      stride(from: 0, to: bytes.count, by: width).map { offset in
        type == .int64
          ? Int(Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int64.self)))
          : Int(Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self)))
      })
  }

  /// Extents that a weight could have.
  private static func sound(_ extents: [Int]) -> Shape? {
    guard (1...4).contains(extents.count), extents.allSatisfy({ (1...1 << 40).contains($0) }) else { return nil }
    let shape = Shape(extents)
    return shape.elementCount == nil ? nil : shape
  }

  /// Says what was read and why.
  func report(in set: WeightSet, into findings: inout FindingList) {
    guard tensorsRead > 0 else { return }
    let told =
      shapes.count == tensorsRead
      ? "each tells the shape of a packed weight"
      : "\(shapes.count) of them tell the shape of a packed weight, the others nothing"
    let left = tensorsLeft > 0 ? "; \(tensorsLeft) more were left, to stay within \(Self.limit) bytes" : ""
    findings.add(
      .note, .shapesFromValues, file: set.files.count == 1 ? set.files[0] : nil,
      "the values of \(tensorsRead) small \(tensorsRead == 1 ? "tensor" : "tensors") that keep shapes were read, "
        + "\(bytesRead) bytes in all: \(told)\(left)")
  }
}
