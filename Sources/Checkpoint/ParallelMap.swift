internal import Dispatch
internal import Glibc
internal import Synchronization

/// The results of `body` for 0 up to `count`, in order, computed on as many threads as there are cores.
///
/// Every result is computed, also after one has failed, so that which error is reported does not depend on timing.
package func parallelMap<Value: Sendable>(_ count: Int, _ body: @Sendable (Int) -> Value) -> [Value] {
  parallelMap(count, scratch: {}, { index, _ in body(index) })
}

/// The same, with something that each thread makes once and hands to its calls of `body`, one after the other.
func parallelMap<Value: Sendable, Scratch>(
  _ count: Int, scratch: @Sendable () -> Scratch, _ body: @Sendable (Int, inout Scratch) -> Value
) -> [Value] {
  guard count > 0 else { return [] }
  let workers = min(count, max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
  return [Value](unsafeUninitializedCapacity: count) { buffer, initialized in
    guard let base = buffer.baseAddress else { return }
    nonisolated(unsafe) let slots = base
    let next = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: workers) { _ in
      var held = scratch()
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < count else { return }
        slots.advanced(by: index).initialize(to: body(index, &held))
      }
    }
    initialized = count
  }
}
