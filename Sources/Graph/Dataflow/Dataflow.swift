public import Units

/// A size that lifetimes can be counted in: bytes, or an expression for them.
public protocol StorageSize: Hashable, Sendable {
  static var zero: Self { get }
  static func + (left: Self, right: Self) -> Self
  static func - (left: Self, right: Self) -> Self
}

extension ByteCount: StorageSize {}
extension Dimension: StorageSize {}

/// A program as a question of memory: values of known size, and steps that read some and write others.
///
/// It says nothing of a framework. A value lives from the step that writes it to the last step that reads it, as an
/// inference engine with a static plan keeps it.
public struct Dataflow<Size: StorageSize>: Sendable {
  public struct Value: Sendable {
    public enum Origin: Sendable {
      /// Resident the whole time.
      case weight
      /// Given before the first step.
      case input
      case intermediate
    }

    public var origin: Origin
    public var size: Size

    public init(_ origin: Origin, size: Size) {
      self.origin = origin
      self.size = size
    }
  }

  /// Where a step's first result lies.
  public enum Placement: Hashable, Sendable {
    case own
    /// In the storage of this value.
    case view(of: Int)
    /// In the storage of this value where that is of the same size and nothing reads it any more, else in its own.
    case reusing(Int)
  }

  public struct Step: Sendable {
    /// Places in ``Dataflow/values``.
    public var reads: [Int]
    public var writes: [Int]
    public var placement: Placement
    /// What runs within it holds at its own peak, beyond what it reads and writes.
    public var inner: Size

    public init(reads: [Int], writes: [Int], placement: Placement = .own, inner: Size = .zero) {
      self.reads = reads
      self.writes = writes
      self.placement = placement
      self.inner = inner
    }
  }

  public var values: [Value]
  public var steps: [Step]
  /// Values that outlive the last step.
  public var results: [Int]

  public init(values: [Value], steps: [Step], results: [Int]) {
    self.values = values
    self.steps = steps
    self.results = results
  }

  /// What the weights take, which no order of the steps changes.
  public var weights: Size {
    values.reduce(.zero) { $1.origin == .weight ? $0 + $1.size : $0 }
  }

  /// The same program with another measure of size.
  public func mapSizes<Other: StorageSize>(_ size: (Size) -> Other) -> Dataflow<Other> {
    Dataflow<Other>(
      values: values.map { value in
        let origin: Dataflow<Other>.Value.Origin =
          switch value.origin {
          case .weight: .weight
          case .input: .input
          case .intermediate: .intermediate
          }
        return Dataflow<Other>.Value(origin, size: size(value.size))
      },
      steps: steps.map { step in
        let placement: Dataflow<Other>.Placement =
          switch step.placement {
          case .own: .own
          case .view(let source): .view(of: source)
          case .reusing(let source): .reusing(source)
          }
        return Dataflow<Other>.Step(
          reads: step.reads, writes: step.writes, placement: placement, inner: size(step.inner))
      }, results: results)
  }
}
