internal import Graph
internal import Units

/// The memory of a simulated device: storages with reference counts, and the timeline that they leave behind.
struct Memory {
  /// A storage's place among the timeline's allocations.
  struct StorageID: Hashable {
    var index: Int
  }

  /// A thing that happened, in the run's order.
  struct Entry {
    enum Event {
      /// An allocation by its place among the timeline's.
      case birth(Int)
      case death(Int)
      case begin(Phase, step: Int)
      case endForward
      case endStep
      /// What an engine is asked that does its part later.
      case request(EngineRequest)
    }

    var event: Event
    /// The checkpointable stretch of the graph that it belongs to; nil outside of all.
    var section: Int?
  }

  /// The timeline but for the peak of the phase that is running.
  private var timeline = Timeline()
  /// What happened, where it is to be repeated.
  private(set) var log: [Entry]?
  /// The stretch of the graph that runs; nil outside of all.
  var section: Int?
  private var peak = Timeline.Peak(bytes: .zero, event: 0)
  private(set) var current = ByteCount.zero
  private(set) var step = 0
  private(set) var phase = Phase.load
  private var references: [Int] = []
  private var clock = 0

  init(keepsLog: Bool = false) { log = keepsLog ? [] : nil }

  /// The run until now.
  var finished: Timeline {
    var timeline = timeline
    timeline.peaks[step, default: [:]][phase] = peak
    return timeline
  }

  mutating func begin(_ phase: Phase, step: Int) {
    log?.append(Entry(event: .begin(phase, step: step), section: nil))
    timeline.peaks[self.step, default: [:]][self.phase] = peak
    self.phase = phase
    self.step = step
    peak = timeline.peaks[step]?[phase] ?? Timeline.Peak(bytes: current, event: clock)
  }

  mutating func endForward() {
    log?.append(Entry(event: .endForward, section: nil))
    timeline.forwardEnds[step, default: []].append(clock)
  }

  mutating func endStep() {
    log?.append(Entry(event: .endStep, section: nil))
    timeline.resident[step] = current
  }

  /// Notes what an engine is to do when layers that were left out are put in.
  mutating func note(_ request: EngineRequest) { log?.append(Entry(event: .request(request), section: section)) }

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
    if current > peak.bytes { peak = Timeline.Peak(bytes: current, event: clock) }
    log?.append(Entry(event: .birth(references.count - 1), section: section))
    return StorageID(index: references.count - 1)
  }

  mutating func retain(_ storage: StorageID) { references[storage.index] += 1 }

  mutating func release(_ storage: StorageID) {
    references[storage.index] -= 1
    guard references[storage.index] == 0 else { return }
    clock += 1
    current -= timeline.allocations[storage.index].bytes
    timeline.allocations[storage.index].death = clock
    log?.append(Entry(event: .death(storage.index), section: section))
  }

  /// The allocation of a storage as it is noted now.
  subscript(_ storage: StorageID) -> Timeline.Allocation {
    get { timeline.allocations[storage.index] }
    set { timeline.allocations[storage.index] = newValue }
  }

  var count: Int { references.count }

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
