import Checkpoint
import Testing
import Units

@Suite struct NamePatternTests {
  private func tensors(_ names: [String], _ type: DataType = .float32, _ shape: Shape = [2, 3]) -> [StoredTensor] {
    names.map {
      StoredTensor(name: $0, dataType: type, shape: shape, fileIndex: 0, range: .init(offset: 0, length: 24))
    }
  }

  @Test func numbersThatStandAloneAreOne() {
    let names = ["a.0.b", "a.01.b", "a.#.b", "a.1x.b", "7", "a..b", "a.2.b"]
    let patterns = NamePatterns(tensors(names))
    #expect(patterns.patterns.map(\.text) == ["a.#.b", "a.1x.b", "#", "a..b"])
    #expect(patterns.patternOf == [0, 0, 0, 1, 2, 3, 0])
    #expect(patterns.firstNumberOf == [0, 1, -1, -1, 7, -1, 2])
    #expect(patterns.patterns[0].tally.tensors == 4)
    #expect(patterns.patterns[0].tally.elements == 24)
  }

  @Test func aNumberLongerThanAnIndexIsTold() {
    let patterns = NamePatterns(tensors(["a.999999999.b", "c.1234567890.d"]))
    #expect(patterns.patterns.map(\.hasLongNumbers) == [false, true])
  }

  @Test func typesAreToldApartAndShapesStretch() {
    let stored = tensors(["a.0"]) + tensors(["a.1"], .bfloat16) + tensors(["a.2"], .float32, [1, 5])
    let patterns = NamePatterns(stored).patterns
    #expect(patterns.map(\.dataType) == [.float32, .bfloat16])
    #expect(patterns.map(\.shapeText) == ["[1–2, 3–5]", "[2, 3]"])
  }

  @Test func manyTensorsAreJoinedInOrder() {
    let names = (0..<20_000).flatMap { ["h.\($0).a", $0 < 15_000 ? "h.\($0).b" : "h.\($0).c"] }
    let patterns = NamePatterns(tensors(names))
    #expect(patterns.patterns.map(\.text) == ["h.#.a", "h.#.b", "h.#.c"])
    #expect(patterns.patterns.map(\.tally.tensors) == [20_000, 15_000, 5000])
    #expect(patterns.patterns.map(\.example) == [0, 1, 30_001])
    #expect(patterns.firstNumberOf == names.indices.map { Int32($0 / 2) })
  }
}
