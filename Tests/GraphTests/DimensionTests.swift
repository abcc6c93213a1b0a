import Graph
import Testing

@Suite struct DimensionTests {
  let b = Dimension.symbol("b")
  let s = Dimension.symbol("s")

  @Test func expressionsThatAreEqualByArithmeticCompareEqual() {
    #expect((b + s) * (b - s) == b * b - s * s)
    #expect(b * 2 + s - b == s + b)
    #expect(b - b == .zero)
    #expect((b * s).description == "b*s")
    #expect((s * 3 + b * b - 1).description == "b^2 + 3*s - 1")
  }

  @Test func symbolsAreNeverTakenForOneAnother() {
    #expect(b != s)
    #expect(b.isEqual(s) == nil)
    #expect(Dimension.broadcast(b, s) != b)
    #expect(Dimension.broadcast(b, s) != s)
  }

  @Test func aBroadcastOfSymbolsIsTheOneThatIsNotOne() throws {
    let extent = try #require(Dimension.broadcast(b, s))
    #expect(extent == Dimension.broadcast(s, b))
    #expect(extent.substituting(["b": 1]) == s)
    #expect(extent.substituting(["b": 4, "s": 1]) == 4)
    #expect(extent.substituting(["b": 4, "s": 5]) == .undefined)
    #expect(Dimension.broadcast(extent, b) == extent)
  }

  @Test(arguments: [(1, 7, 7), (7, 1, 7), (7, 7, 7), (1, 1, 1)])
  func numbersBroadcast(_ left: Int, _ right: Int, _ result: Int) {
    #expect(Dimension.broadcast(.constant(left), .constant(right)) == .constant(result))
  }

  @Test func unlikeNumbersDoNotBroadcast() {
    #expect(Dimension.broadcast(2, 3) == nil)
  }

  @Test func divisionIsExactWhereItLeavesNothing() {
    #expect((b * s * 768).quotient(b * 64) == s * 12)
    #expect((b * s + b).quotient(s + 1) == b)
    #expect(((b + s) * (b + 3)).quotient(b + s) == b + 3)
    #expect((s * 6 + 4).quotient(2) == s * 3 + 2)
  }

  @Test func divisionRoundsDownOtherwise() {
    let half = (s * 5 + 3).quotient(2)
    for value in 1...6 {
      #expect(half.substituting(["s": .constant(value)]) == .constant((5 * value + 3) / 2))
    }
    #expect(Dimension.constant(-7).quotient(2) == -4)
    #expect(Dimension.constant(7).quotient(-2) == -4)
    #expect(Dimension.constant(7).quotientRoundedUp(2) == 4)
    #expect(s.quotient(0) == .undefined)
  }

  @Test(arguments: [(7, 3, 1), (-7, 3, 2), (7, -3, -2), (-7, -3, -1), (6, 3, 0)])
  func remaindersTakeTheSignOfTheDivisor(_ dividend: Int, _ divisor: Int, _ rest: Int) {
    #expect(Dimension.constant(dividend).remainder(.constant(divisor)) == .constant(rest))
  }

  @Test func orderIsKnownWhereEverySymbolIsAtLeastOne() {
    #expect(s.isAtLeast(1) == true)
    #expect(s.isAtLeast(2) == nil)
    #expect((s + 5).isAtLeast(s) == true)
    #expect(s.isAtLeast(s + 1) == false)
    #expect((b * s).isAtLeast(s) == true)
    #expect((b * s).isAtLeast(b + s) == nil)
    #expect(Dimension.unknown("n").isAtLeast(0) == true)
    #expect(Dimension.unknown("n").isAtLeast(1) == nil)
  }

  @Test func theLargerOfTwoIsOneOfThemWhereThatIsCertain() {
    #expect(Dimension.larger(s + 2, s) == s + 2)
    #expect(Dimension.smaller(s + 2, s) == s)
    let larger = Dimension.larger(s, b)
    #expect(larger == Dimension.larger(b, s))
    #expect(larger.substituting(["s": 3, "b": 9]) == 9)
    // A quotient of extents may be zero, and is never less.
    let quotient = (b * s).quotient(s + b)
    #expect(Dimension.larger(0, quotient) == quotient)
    #expect(Dimension.smaller(quotient, 0) == 0)
  }

  @Test func whatPasses64BitsIsUndefined() {
    let large = Dimension.constant(.max)
    #expect(large + 1 == .undefined)
    #expect(large * 2 == .undefined)
    #expect(-Dimension.constant(.min) == .undefined)
    #expect(s * large * large == .undefined)
    #expect(s + Dimension.constant(.min) == .undefined)
    #expect([0, large, large].product == .zero)
    #expect((s * large * -1).quotient(2).substituting(["s": 1]) == .constant(.min / 2))
  }

  @Test func symbolsAreFoundInsideFunctions() {
    let extent = Dimension.larger(s.quotient(2), b) + .unknown("n")
    #expect(extent.symbols == ["b", "s"])
    #expect(extent.unknowns == ["n"])
  }
}
