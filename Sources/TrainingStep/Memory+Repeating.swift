internal import Units

// A model's layers do the same one after the other. What one block of them does to memory is therefore known from the
// block before: if two blocks agree event by event, the second one is played again for each that was left out, forwards
// where the run goes from the first layer to the last, backwards where it goes the other way.

extension Memory {
  /// The run with the left-out layers put in, and what became of an engine that waited for them; nil where the two blocks
  /// do not do the same.
  func repeating(
    _ layers: LayerRepetition, _ deferred: DeferredEngine? = nil
  ) -> (memory: Memory, engine: (any DataParallelEngine)?)? {
    guard let visits = Visits(self, layers, deferred) else { return nil }
    return visits.replayed()
  }
}

/// A log cut into the stretches in which the second block runs, and what lies between them.
private struct Visits {
  private struct Visit {
    var entries: Range<Int>
    /// Whether later layers run later.
    var ascends: Bool
  }

  private let memory: Memory
  private let log: [Memory.Entry]
  private let layers: LayerRepetition
  private let deferred: DeferredEngine?
  /// The section that each allocation was made in.
  private var homes: [Int?]
  private var visits: [Visit] = []
  /// Of an allocation of the first block, the one that the second makes in its place.
  private var successors: [Int: Int] = [:]
  /// For each death in the second block, the allocation that dies at that point of the first.
  private var counterparts: [Int: Int] = [:]

  init?(_ memory: Memory, _ layers: LayerRepetition, _ deferred: DeferredEngine?) {
    guard var log = memory.log else { return nil }
    self.memory = memory
    self.layers = layers
    self.deferred = deferred
    homes = Array(repeating: nil, count: memory.count)
    // What is let go of outside of all layers belongs to the layer that made it.
    for place in log.indices {
      switch log[place].event {
      case .birth(let allocation): homes[allocation] = log[place].section
      case .death(let allocation):
        if log[place].section == nil { log[place].section = homes[allocation] }
      case .begin, .endForward, .endStep, .request: break
      }
    }
    self.log = log
    guard findVisits(), isOrderly else { return nil }
  }

  private func part(_ section: Int?) -> LayerRepetition.Part? { section.map(layers.part) }

  /// Finds the stretches of both blocks, and compares them pair by pair.
  private mutating func findVisits() -> Bool {
    var firsts: [Range<Int>] = []
    var last: LayerRepetition.Part?
    var place = 0
    while place < log.count {
      guard let part = part(log[place].section) else {
        place += 1
        continue
      }
      var end = place + 1
      while end < log.count, self.part(log[end].section) == part { end += 1 }
      switch part {
      case .first: firsts.append(place..<end)
      case .second:
        guard let last, last != .second else { return false }
        visits.append(Visit(entries: place..<end, ascends: last == .before || last == .first))
      case .before, .behind, .rest: break
      }
      last = part
      place = end
    }
    guard firsts.count == visits.count else { return false }
    return zip(firsts, visits).allSatisfy { first, second in agree(first, second.entries) }
  }

  /// Whether both blocks do the same, and to what corresponds.
  private mutating func agree(_ first: Range<Int>, _ second: Range<Int>) -> Bool {
    guard first.count == second.count else { return false }
    for (here, there) in zip(first, second) {
      guard let section = log[here].section, log[there].section == section + layers.period else { return false }
      switch (log[here].event, log[there].event) {
      case (.birth(let one), .birth(let other)):
        let (left, right) = (memory[Memory.StorageID(index: one)], memory[Memory.StorageID(index: other)])
        guard left.bytes == right.bytes, left.cause == right.cause, left.category == right.category,
          left.keptFor == right.keptFor
        else { return false }
        successors[one] = other
      case (.death(let one), .death(let other)):
        guard let home = homes[one], homes[other] == home + layers.period else { return false }
        counterparts[other] = one
      case (.request(let one), .request(let other)):
        guard deferred?.model.agree(one, other, successors) == true else { return false }
      default: return false
      }
    }
    return true
  }

  /// Whether what dies in a layer was made in it or in one beside it.
  private var isOrderly: Bool {
    log.allSatisfy { entry in
      guard case .death(let allocation) = entry.event, let home = part(homes[allocation]) else { return true }
      switch (part(entry.section), home) {
      case (.before?, .before), (.before?, .first), (.first?, .before), (.first?, .first), (.first?, .second):
        return true
      case (.second?, .first), (.second?, .second), (.second?, .behind): return true
      case (.behind?, .second), (.behind?, .behind), (.behind?, .rest), (.rest?, .behind), (.rest?, .rest): return true
      default: return false
      }
    }
  }

  func replayed() -> (memory: Memory, engine: (any DataParallelEngine)?)? {
    var result = Memory()
    var engine = deferred.map { DeferredEngine.Resumed($0) }
    /// The storages that an allocation stands for: one, or for the second block one for each time that it is played.
    var made = [[Memory.StorageID]](repeating: [], count: homes.count)
    var place = 0
    var next = 0
    let copies = layers.copies
    while place < log.count {
      guard next < visits.count, visits[next].entries.lowerBound == place else {
        switch log[place].event {
        case .birth(let allocation): made[allocation] = [copy(allocation, to: &result)]
        case .death(let allocation):
          guard let storage = outer(allocation, at: place, made) else { return nil }
          result.release(storage)
        case .request(let request):
          let isDone = engine?.perform(request, ofCopy: nil, &result) { outer($0.index, at: place, made) }
          guard isDone == true else { return nil }
        case .begin(let phase, let step): result.begin(phase, step: step)
        case .endForward: result.endForward()
        case .endStep: result.endStep()
        }
        place += 1
        continue
      }
      let visit = visits[next]
      for turn in 0...copies {
        let number = visit.ascends ? turn : copies - turn
        for place in visit.entries {
          switch log[place].event {
          case .birth(let allocation):
            if made[allocation].isEmpty {
              made[allocation] = Array(repeating: Memory.StorageID(index: -1), count: copies + 1)
            }
            made[allocation][number] = copy(allocation, to: &result)
          case .death(let allocation):
            guard let storage = storage(allocation, number, made) else { return nil }
            result.release(storage)
          case .request(let request):
            let isDone = engine?.perform(request, ofCopy: number, &result) { storage($0.index, number, made) }
            guard isDone == true else { return nil }
          case .begin, .endForward, .endStep: return nil
          }
        }
      }
      place = visit.entries.upperBound
      next += 1
    }
    return (result, engine?.engine)
  }

  /// What an allocation is to what happens outside of the second block: of that block's, the first one sees the first, and
  /// what lies behind it the last.
  private func outer(_ allocation: Int, at place: Int, _ made: [[Memory.StorageID]]) -> Memory.StorageID? {
    part(log[place].section) == .first ? made[allocation].first : made[allocation].last
  }

  /// What an allocation is to the second block when that is played for the given time.
  private func storage(_ allocation: Int, _ number: Int, _ made: [[Memory.StorageID]]) -> Memory.StorageID? {
    let storage: Memory.StorageID? =
      switch part(homes[allocation]) {
      case .second?: made[allocation][number]
      case .first? where number == 0: made[allocation].first
      case .first?: successors[allocation].map { made[$0][number - 1] }
      case .behind? where number == layers.copies: made[allocation].first
      case .behind?: counterparts[allocation].map { made[$0][number + 1] }
      default: nil
      }
    return storage.flatMap { $0.index < 0 ? nil : $0 }
  }

  private func copy(_ allocation: Int, to result: inout Memory) -> Memory.StorageID {
    let noted = memory[Memory.StorageID(index: allocation)]
    let storage = result.allocate(noted.bytes, cause: noted.cause, module: noted.module, category: noted.category)
    result[storage].keptFor = noted.keptFor
    return storage
  }
}
