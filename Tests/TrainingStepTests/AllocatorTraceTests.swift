import Foundation
import Testing
import Units

@testable import TrainingStep

@Suite struct AllocatorTraceTests {
  /// The committed traces, or those of another folder.
  static let folder = ProcessInfo.processInfo.environment["PLIMSOLL_ALLOCATOR_TRACES"].map { URL(fileURLWithPath: $0) }
  static let files = try? FileManager.default
    .contentsOfDirectory(at: folder ?? AllocatorTrace.folder, includingPropertiesForKeys: nil)
    .filter { $0.pathExtension == "txt" }.sorted { $0.path < $1.path }

  @Test func tracesAreThere() { #expect(Self.files?.isEmpty == false) }

  @Test(arguments: files ?? [])
  func everyAddressAndEverySegmentAsRecorded(_ file: URL) throws {
    let trace = try AllocatorTrace(file)
    let start = ContinuousClock.now
    let outcome = try trace.replay()
    if Self.folder != nil {
      print(file.lastPathComponent, outcome, ContinuousClock.now - start)
      let free = try trace.replay(prescribesAddresses: false)
      print("  own addresses:", free.peakReserved, free.segments, free.sameSegments, free.sameAddresses)
    }
    #expect(outcome.isExact, "\(outcome)")
    #expect(outcome.allocations > 0)
    #expect(outcome.finalReserved == trace.head("final_reserved"))
    #expect(outcome.finalAllocated == trace.head("final_allocated"))
  }
}
