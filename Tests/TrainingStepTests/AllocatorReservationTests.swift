import Testing
import Units

@testable import TrainingStep

@Suite struct AllocatorReservationTests {
  /// Allocations of so many MiB, each with its step, birth and death.
  private func timeline(_ rows: [(Int, step: Int, birth: Int, death: Int?)]) -> Timeline {
    var timeline = Timeline()
    timeline.allocations = rows.map {
      Timeline.Allocation(
        bytes: .mebibytes($0.0), cause: "", module: "", step: $0.step, phase: .forward, category: nil, birth: $0.birth,
        death: $0.death)
    }
    return timeline
  }

  @Test func peaksOfSteps() throws {
    let run = timeline([
      (10, step: 0, birth: 1, death: nil), (30, step: 1, birth: 2, death: 3), (0, step: 1, birth: 4, death: 5),
      (32, step: 1, birth: 6, death: 9), (28, step: 2, birth: 7, death: 8), (64, step: 2, birth: 10, death: nil),
    ])
    let reservation = try run.reservation()
    #expect(reservation.peak == .mebibytes(136))
    #expect(reservation.peaks == [0: .mebibytes(10), 1: .mebibytes(72), 2: .mebibytes(136)])
    #expect(reservation.final == .mebibytes(136))
    #expect(reservation.retries == 0)

    let tight = try run.reservation(capacity: .mebibytes(80))
    #expect(tight.peak == .mebibytes(74))
    #expect(tight.retries == 1)
    #expect(throws: OutOfMemory.self) { try run.reservation(capacity: .mebibytes(70)) }
  }

  @Test func emptyRun() throws {
    #expect(try Timeline().reservation().peak == .zero)
  }
}
