public import Graph
public import OrderedCollections
public import Units

/// One kernel that a step runs: what it computes and what it moves.
public struct Kernel: Hashable, Sendable {
  /// What decides how fast it can be.
  public enum Kind: Hashable, Sendable {
    /// Element by element, reductions, copies: what it moves.
    case streaming
    /// `batch` products [m, k] x [k, n].
    case product(m: Int, n: Int, k: Int, batch: Int)
    /// One product for each of `experts` groups of rows.
    case groupedProduct(rows: Int, n: Int, k: Int, experts: Int)
    /// Attention in one kernel, of queries and keys of these lengths.
    case attention(AttentionKernel, Pass, queries: Int, keys: Int, dimension: Int)
    case convolution
    /// Weights brought back from four bits.
    case decoding
    /// What tensor-parallel ranks send one another; the bytes are those of ``CollectiveKind``.
    case exchange(CollectiveKind)
  }

  public enum Pass: Hashable, Sendable {
    case forward, backward
  }

  public var kind: Kind
  /// The type of what is multiplied.
  public var dataType: DataType
  /// Floating-point operations; a multiplication with an addition counts as two.
  public var operations: Double
  /// Bytes read and written, each tensor once.
  public var bytes: Double

  public init(_ kind: Kind, _ dataType: DataType, operations: Double = 0, bytes: Double) {
    self.kind = kind
    self.dataType = dataType
    self.operations = operations
    self.bytes = bytes
  }

  /// A kernel that only moves.
  static func streaming(_ dataType: DataType, bytes: Double) -> Kernel {
    Kernel(.streaming, dataType, bytes: bytes)
  }

  /// `batch` products of matrices: 2·m·n·k operations each, both operands read and the result written.
  public static func product(m: Int, n: Int, k: Int, batch: Int = 1, _ dataType: DataType) -> Kernel {
    let (rows, columns, depth, count) = (Double(m), Double(n), Double(k), Double(batch))
    let elements = count * (rows * depth + depth * columns + rows * columns)
    return Kernel(
      .product(m: m, n: n, k: k, batch: batch), dataType, operations: 2 * count * rows * columns * depth,
      bytes: elements * Double(dataType.bitWidth) / 8)
  }
}

/// Kernels of one kind with how often they run, and what the program does to launch them.
public struct KernelList: Sendable {
  public private(set) var counts: OrderedDictionary<Kernel, Int> = [:]
  /// Calls into the dispatcher, views among them.
  public var calls = 0
  /// Of those, the ones that launch a kernel.
  public private(set) var launches = 0

  public init() {}

  public mutating func add(_ kernel: Kernel, count: Int = 1) {
    counts[kernel, default: 0] += count
    launches += count
  }

  public mutating func add(_ other: KernelList, count: Int = 1) {
    for (kernel, number) in other.counts { counts[kernel, default: 0] += number * count }
    calls += other.calls * count
    launches += other.launches * count
  }

  /// Floating-point operations of all kernels.
  public var operations: Double { counts.reduce(0) { $0 + $1.key.operations * Double($1.value) } }
  public var bytes: Double { counts.reduce(0) { $0 + $1.key.bytes * Double($1.value) } }

  /// The same list with every kernel changed.
  public func mapped(_ change: (Kernel) -> Kernel) -> KernelList {
    var result = KernelList()
    for (kernel, count) in counts { result.add(change(kernel), count: count) }
    result.calls = calls
    return result
  }
}
