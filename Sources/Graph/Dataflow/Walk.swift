/// A run of a ``Dataflow`` in one order: which storage each value lies in, from when to when, and how much is alive.
public struct Walk<Size: StorageSize>: Sendable {
  /// A stretch of the run, in places of the order; a value that is given begins at zero.
  public struct Life: Sendable {
    public var begin: Int
    public var end: Int
  }

  /// The steps in the order in which they run.
  public var order: [Int]
  /// For each value the one in whose storage it lies: itself, unless it is a view or reuses another's storage.
  public var owners: [Int]
  /// For each value that owns its storage, how long the storage lives; nil for weights and for values that no step
  /// writes.
  public var lives: [Life?]
  /// For each place of the order, what is alive besides the weights.
  public var live: [Size]
}

extension Dataflow {
  /// The steps in the order of the file.
  public var fileOrder: [Int] { Array(steps.indices) }

  /// The run in an order that respects who reads from whom.
  public func walk(_ order: [Int]) -> Walk<Size> {
    var lastRead = [Int](repeating: -1, count: values.count)
    for (place, step) in order.enumerated() {
      for value in steps[step].reads { lastRead[value] = place }
    }
    for value in results { lastRead[value] = order.count }
    var owners = Array(values.indices)
    // Views first: a storage lives as long as the last of what lies in it.
    var lastOfStorage = lastRead
    for step in order {
      guard case .view(let source) = steps[step].placement, let view = steps[step].writes.first else { continue }
      owners[view] = owners[source]
      lastOfStorage[owners[view]] = max(lastOfStorage[owners[view]], lastRead[view])
    }
    var lives = [Walk<Size>.Life?](repeating: nil, count: values.count)
    for (value, content) in values.enumerated() where content.origin == .input {
      lives[value] = .init(begin: 0, end: max(0, lastOfStorage[value]))
    }
    // Reuse merges storages as the run goes, so that a storage that was taken over can be taken over again.
    var holder = owners
    func storage(_ value: Int) -> Int {
      var root = holder[value]
      while holder[root] != root { root = holder[root] }
      return root
    }
    for (place, index) in order.enumerated() {
      let step = steps[index]
      for (number, value) in step.writes.enumerated() where owners[value] == value {
        if number == 0, case .reusing(let source) = step.placement {
          let root = storage(source)
          let isFree = lives[root].map { $0.end == place } ?? false
          if isFree, values[root].origin == .intermediate, values[root].size == values[value].size,
            !step.reads.dropFirst().contains(where: { storage($0) == root }) || Set(step.reads).count == 1
          {
            holder[value] = root
            lives[root]?.end = max(place, lastOfStorage[value])
            continue
          }
        }
        lives[value] = .init(begin: place, end: max(place, lastOfStorage[value]))
      }
    }
    owners = values.indices.map(storage)
    return Walk(order: order, owners: owners, lives: lives, live: alive(lives, order))
  }

  /// What is alive at each place, by adding what begins and taking away what ended before.
  private func alive(_ lives: [Walk<Size>.Life?], _ order: [Int]) -> [Size] {
    var begins = [Size](repeating: .zero, count: order.count)
    var ends = [Size](repeating: .zero, count: order.count)
    for (value, life) in lives.enumerated() {
      guard let life, life.begin < order.count else { continue }
      begins[life.begin] = begins[life.begin] + values[value].size
      if life.end < order.count { ends[life.end] = ends[life.end] + values[value].size }
    }
    var live: [Size] = []
    live.reserveCapacity(order.count)
    var current = Size.zero
    for (place, step) in order.enumerated() {
      current = current + begins[place]
      live.append(current + steps[step].inner)
      current = current - ends[place]
    }
    return live
  }
}

extension Walk where Size: Comparable {
  /// The place of the order at which most is alive, the first of equals; nil for a program without steps.
  public var peak: Int? {
    live.indices.max { live[$0] < live[$1] || (live[$0] == live[$1] && $0 > $1) }
  }
}

extension Walk {
  /// The values whose storage is alive at a place of the order.
  public func alive(at place: Int) -> [Int] {
    lives.indices.filter { value in lives[value].map { $0.begin <= place && place <= $0.end } ?? false }
  }
}
