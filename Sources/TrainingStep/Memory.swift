internal import Graph
internal import Units

/// The memory of a simulated device: storages with reference counts, and the timeline that they leave behind.
struct Memory {
  /// A storage's place among the timeline's allocations.
  struct StorageID: Hashable {
    var index: Int
  }

  private(set) var timeline = Timeline()
  private(set) var current = ByteCount.zero
  private(set) var step = 0
  private(set) var phase = Phase.load
  private var references: [Int] = []
  private var clock = 0

  mutating func begin(_ phase: Phase, step: Int) {
    self.phase = phase
    self.step = step
    if timeline.peaks[step]?[phase] == nil {
      timeline.peaks[step, default: [:]][phase] = Timeline.Peak(bytes: current, event: clock)
    }
  }

  mutating func endForward() { timeline.forwardEnds[step, default: []].append(clock) }
  mutating func endStep() { timeline.resident[step] = current }

  /// A new storage with one reference.
  mutating func allocate(
    _ bytes: ByteCount, cause: String, module: String, category: Category? = nil
  ) -> StorageID {
    clock += 1
    let rounded = bytes.roundedUp(to: Timeline.blockSize)
    timeline.allocations.append(
      Timeline.Allocation(
        bytes: rounded, cause: cause, module: module, step: step, phase: phase, category: category, birth: clock))
    references.append(1)
    current += rounded
    if let peak = timeline.peaks[step]?[phase], current > peak.bytes {
      timeline.peaks[step]?[phase] = Timeline.Peak(bytes: current, event: clock)
    }
    return StorageID(index: references.count - 1)
  }

  mutating func retain(_ storage: StorageID) { references[storage.index] += 1 }

  mutating func release(_ storage: StorageID) {
    references[storage.index] -= 1
    guard references[storage.index] == 0 else { return }
    clock += 1
    current -= timeline.allocations[storage.index].bytes
    timeline.allocations[storage.index].death = clock
  }

  func isShared(_ storage: StorageID) -> Bool { references[storage.index] > 1 }

  /// Notes what a storage is kept for; the first reason stands.
  mutating func note(_ storage: StorageID, keptFor operation: String) {
    if timeline.allocations[storage.index].keptFor == nil {
      timeline.allocations[storage.index].keptFor = operation
    }
  }

  mutating func mark(_ storage: StorageID, as category: Category) {
    timeline.allocations[storage.index].category = category
  }
}

/// A tensor of the running program. Whoever holds one owns a reference to its storage.
struct Tensor {
  var storage: Memory.StorageID
  var layout: Layout
  var dataType: DataType

  /// The bytes that a storage for this layout and type takes.
  static func bytes(_ shape: Shape, _ type: DataType) -> ByteCount {
    ByteCount(shape.dimensions.reduce(1, *) * type.bitWidth / 8)
  }
}
