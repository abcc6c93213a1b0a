internal import HeapModule
public import Units

extension Dataflow where Size == ByteCount {
  /// The run that takes least among the file's order and two cheap reorderings.
  public func smallestWalk(beside file: Walk<ByteCount>) -> Walk<ByteCount> {
    var best = file
    for order in [greedyOrder(), depthFirstOrder()] {
      let walk = walk(order)
      if let peak = walk.peak, let least = best.peak, walk.live[peak] < best.live[least] { best = walk }
    }
    return best
  }

  private var producers: [Int?] {
    var producers = [Int?](repeating: nil, count: values.count)
    for (index, step) in steps.enumerated() {
      for value in step.writes where producers[value] == nil { producers[value] = index }
    }
    return producers
  }

  /// Of the steps that could run next, always the one that adds least to what is alive; of equals the earliest.
  private func greedyOrder() -> [Int] {
    let producers = producers
    var waiting = [Int](repeating: 0, count: steps.count)
    var readers = [[Int]](repeating: [], count: values.count)
    for (index, step) in steps.enumerated() {
      for value in Set(step.reads) {
        readers[value].append(index)
        if let producer = producers[value], producer != index { waiting[index] += 1 }
      }
    }
    var remaining = readers.map(\.count)
    for value in results { remaining[value] += 1 }
    func cost(_ index: Int) -> ByteCount {
      let step = steps[index]
      var cost = step.inner
      if case .view = step.placement {} else { cost = step.writes.reduce(cost) { $0 + values[$1].size } }
      for value in Set(step.reads) where remaining[value] == 1 && values[value].origin != .weight {
        cost -= values[value].size
      }
      return cost
    }
    var ready = ReadySteps()
    for index in steps.indices where waiting[index] == 0 { ready.insert(index, cost: cost(index)) }
    var order: [Int] = []
    while let index = ready.next() {
      order.append(index)
      for value in Set(steps[index].reads) {
        remaining[value] -= 1
        guard remaining[value] == 1 else { continue }
        // Its last reader frees it, which makes that step cheaper than it was.
        for reader in readers[value] where ready.contains(reader) { ready.insert(reader, cost: cost(reader)) }
      }
      for value in steps[index].writes where producers[value] == index {
        for reader in readers[value] where reader != index {
          waiting[reader] -= 1
          if waiting[reader] == 0 { ready.insert(reader, cost: cost(reader)) }
        }
      }
    }
    return order.count == steps.count ? order : fileOrder
  }

  /// Each result's producers right before it, the largest operand first.
  private func depthFirstOrder() -> [Int] {
    let producers = producers
    var order: [Int] = []
    var isDone = [Bool](repeating: false, count: steps.count)
    func operands(_ index: Int) -> [Int] {
      steps[index].reads.sorted { values[$0].size > values[$1].size }.compactMap { producers[$0] }
    }
    func visit(_ start: Int) {
      var stack = [(step: start, operands: operands(start)[...])]
      while let top = stack.last {
        if isDone[top.step] {
          stack.removeLast()
        } else if let next = top.operands.first {
          stack[stack.count - 1].operands.removeFirst()
          if !isDone[next], next < top.step { stack.append((next, operands(next)[...])) }
        } else {
          isDone[top.step] = true
          order.append(top.step)
          stack.removeLast()
        }
      }
    }
    for value in results { if let producer = producers[value] { visit(producer) } }
    for index in steps.indices where !isDone[index] { visit(index) }
    return order
  }
}

/// The steps that could run next, the cheapest first. A step that became cheaper is entered again; its old entry is
/// skipped.
private struct ReadySteps {
  private struct Entry: Comparable {
    var cost: ByteCount
    var step: Int

    static func < (left: Entry, right: Entry) -> Bool { (left.cost, left.step) < (right.cost, right.step) }
  }

  private var heap = Heap<Entry>()
  private var costs: [Int: ByteCount] = [:]

  func contains(_ step: Int) -> Bool { costs[step] != nil }

  mutating func insert(_ step: Int, cost: ByteCount) {
    costs[step] = cost
    heap.insert(Entry(cost: cost, step: step))
  }

  mutating func next() -> Int? {
    while let first = heap.popMin() {
      guard costs[first.step] == first.cost else { continue }
      costs[first.step] = nil
      return first.step
    }
    return nil
  }
}
