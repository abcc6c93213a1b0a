import Testing
import Units

@Suite struct ShapeTests {
  @Test func elementCount() {
    #expect(Shape([]).elementCount == ElementCount(1))
    #expect(Shape([2, 3, 4]).elementCount == ElementCount(24))
    #expect(Shape([1 << 32, 1 << 32]).elementCount == nil)
    #expect(Shape([.max, 1]).elementCount == ElementCount(.max))
  }

  @Test(arguments: [[0], [0, 1 << 62, 4], [1 << 62, 4, 0], [.max, .max, 0]]) func zeroWins(_ dimensions: [Int]) {
    #expect(Shape(dimensions).elementCount == .zero)
  }
}
