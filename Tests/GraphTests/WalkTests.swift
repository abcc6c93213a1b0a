import Graph
import Testing
import Units

@Suite struct WalkTests {
  /// a -> (b, c) -> d, with the sizes of the four in bytes.
  func diamond(_ sizes: [Int], placements: [Dataflow<ByteCount>.Placement] = []) -> Dataflow<ByteCount> {
    func placement(_ step: Int) -> Dataflow<ByteCount>.Placement { step < placements.count ? placements[step] : .own }
    return Dataflow(
      values: sizes.enumerated().map { .init($0.offset == 0 ? .input : .intermediate, size: ByteCount($0.element)) },
      steps: [
        .init(reads: [0], writes: [1], placement: placement(0)),
        .init(reads: [0], writes: [2], placement: placement(1)),
        .init(reads: [1, 2], writes: [3], placement: placement(2)),
      ], results: [3])
  }

  func live(_ dataflow: Dataflow<ByteCount>) -> [Int] {
    dataflow.walk(dataflow.fileOrder).live.map(\.bytes)
  }

  @Test func valuesLiveFromTheirStepToTheirLastReader() {
    // After the second step the input is read no more, and lives through that step.
    #expect(live(diamond([10, 20, 40, 80])) == [10 + 20, 10 + 20 + 40, 20 + 40 + 80])
  }

  @Test func viewsOwnNothingAndKeepWhatTheyShow() {
    // The first result is the input seen anew, so the input lives to the last step.
    #expect(live(diamond([10, 10, 40, 80], placements: [.view(of: 0)])) == [10, 10 + 40, 10 + 40 + 80])
  }

  @Test func storageIsTakenOverOnlyByTheLastReader() {
    // The third step is the last reader of its first input and may write over it.
    #expect(live(diamond([10, 10, 40, 10], placements: [.own, .own, .reusing(1)])) == [20, 60, 50])
    // Not where the sizes differ, and not while something else reads it later.
    #expect(live(diamond([10, 10, 40, 20], placements: [.own, .own, .reusing(1)])) == [20, 60, 70])
  }

  @Test func aGivenInputIsNotOverwritten() {
    #expect(live(diamond([10, 10, 10, 10], placements: [.own, .reusing(0)])) == [20, 30, 30])
  }

  @Test func whatRunsInsideAStepCountsWhileItRuns() {
    var dataflow = diamond([10, 20, 40, 80])
    dataflow.steps[1].inner = ByteCount(1000)
    let walk = dataflow.walk(dataflow.fileOrder)
    #expect(walk.live.map(\.bytes) == [30, 1070, 140])
    #expect(walk.peak == 1)
    #expect(walk.alive(at: 1) == [0, 1, 2])
  }

  @Test func aReorderingFreesEarly() {
    // Two chains big -> small -> sum; the file makes both big ones first.
    let sizes = [1, 100, 100, 1, 1, 1].map { ByteCount($0) }
    let dataflow = Dataflow<ByteCount>(
      values: sizes.enumerated().map { .init($0.offset == 0 ? .input : .intermediate, size: $0.element) },
      steps: [
        .init(reads: [0], writes: [1]), .init(reads: [0], writes: [2]), .init(reads: [1], writes: [3]),
        .init(reads: [2], writes: [4]), .init(reads: [3, 4], writes: [5]),
      ], results: [5])
    let file = dataflow.walk(dataflow.fileOrder)
    let smallest = dataflow.smallestWalk(beside: file)
    #expect(file.peak.map { file.live[$0] } == ByteCount(201))
    #expect(smallest.peak.map { smallest.live[$0] } == ByteCount(102))
    #expect(smallest.order.sorted() == [0, 1, 2, 3, 4])
  }

  @Test func theSymbolicPeakIsTheSizesThatNoOtherReaches() {
    let s = Dimension.symbol("s")
    func peaks(_ first: Dimension, _ second: Dimension) -> [Dimension] {
      Dataflow<Dimension>(
        values: [.init(.intermediate, size: first), .init(.intermediate, size: second)],
        steps: [.init(reads: [], writes: [0]), .init(reads: [], writes: [1])], results: []
      ).walk([0, 1]).largest
    }
    #expect(peaks(s * 4, s * s * 4) == [s * s * 4])
    #expect(peaks(s * 400, s * s) == [s * 400, s * s].sorted { $0.description < $1.description })
  }
}
