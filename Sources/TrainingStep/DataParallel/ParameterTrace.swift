internal import Graph

/// In which order a training step needs parameters, as `PartitionedParameterCoordinator` of DeepSpeed records it in the
/// first micro-step (deepspeed/runtime/zero/partitioned_param_coordinator.py, 0.19.6). Later ones fetch ahead of it, and
/// keep what they will need again soon.
struct ParameterTrace {
  private enum Mode {
    case invalid, record, complete
  }

  /// The parameters of each module, and the elements of each parameter.
  private let modules: [[Int]]
  private let counts: [Int]
  private var mode = Mode.invalid
  /// The modules in the order of their passes (`__submodule_order`), and the elements of all before each.
  private var order: [Int] = []
  private var before: [Int] = []
  /// The passes in which a parameter is needed.
  private var uses: [[Int]]
  /// The parameters that were not fetched yet (`__param_queue`).
  private var queue: [(parameter: Int, step: Int)] = []
  private var next = 0
  /// Up to which pass a parameter was fetched (`__most_recent_step_id_param_fetched_for`).
  private var fetched: [Int]
  /// The passes that have begun.
  private(set) var step = 0

  init(_ modules: [[Int]], counts: [Int]) {
    self.modules = modules
    self.counts = counts
    uses = Array(repeating: [], count: counts.count)
    fetched = Array(repeating: -1, count: counts.count)
  }

  var isComplete: Bool { mode == .complete }

  /// `reset_step`: a forward pass begins.
  mutating func reset() {
    switch mode {
    case .invalid: mode = .record
    case .record:
      mode = .complete
      var elements = 0
      for (place, module) in order.enumerated() {
        before.append(elements)
        for parameter in modules[module] {
          elements += counts[parameter]
          uses[parameter].append(place)
          queue.append((parameter, place))
        }
      }
    case .complete: break
    }
    next = 0
    step = 0
    for parameter in fetched.indices { fetched[parameter] = -1 }
  }

  /// A pass of a module has its parameters: they leave the queue.
  mutating func enter(_ module: Int) {
    guard isComplete else {
      if mode == .record { order.append(module) }
      return
    }
    let wanted = Set(modules[module].filter { fetched[$0] < step })
    var found: Set<Int> = []
    while next < queue.count, found.count < wanted.count {
      fetched[queue[next].parameter] = queue[next].step
      found.insert(queue[next].parameter)
      next += 1
    }
  }

  /// The next parameters that are away, until they have so many elements.
  mutating func ahead(_ most: Int, isAway: (Int) -> Bool) -> [Int] {
    var result: Set<Int> = []
    var elements = 0
    while isComplete, next < queue.count, elements < most {
      let (parameter, step) = queue[next]
      next += 1
      fetched[parameter] = max(fetched[parameter], step)
      guard isAway(parameter), result.insert(parameter).inserted else { continue }
      elements += counts[parameter]
    }
    return result.sorted()
  }

  mutating func advance() { step += 1 }

  /// `__params_to_release`: whether a parameter may go that a module has used, as the passes of fewer than so many
  /// elements do not use it again.
  func mayRelease(_ parameter: Int, reuseDistance: Int) -> Bool {
    guard isComplete else { return true }
    guard fetched[parameter] <= step else { return false }
    guard let use = uses[parameter].first(where: { $0 >= step }), step < before.count else { return true }
    return before[use] - before[step] >= reuseDistance
  }
}
