internal import Dispatch

/// The results of `body` for 0 up to `count`, in order, computed on as many threads as there are cores.
///
/// Every result is computed, also after one has failed, so that which error is reported does not depend on timing.
func parallelMap<Value: Sendable>(
  _ count: Int, _ body: @Sendable (Int) -> Value
) -> [Value] {
  guard count > 1 else { return (0..<count).map(body) }
  return [Value](unsafeUninitializedCapacity: count) { buffer, initialized in
    guard let base = buffer.baseAddress else { return }
    nonisolated(unsafe) let slots = base
    DispatchQueue.concurrentPerform(iterations: count) { index in
      slots.advanced(by: index).initialize(to: body(index))
    }
    initialized = count
  }
}
