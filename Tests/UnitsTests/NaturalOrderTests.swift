import Testing
import Units

@Suite struct NaturalOrderTests {
  @Test func numbersByValue() {
    #expect(
      ["layers.10.b", "layers.2.a", "layers.2", "layers.1", "lm_head", "layers.02"].naturallySorted()
        == ["layers.1", "layers.02", "layers.2", "layers.2.a", "layers.10.b", "lm_head"])
  }

  @Test(arguments: [
    ("", "a"), ("a", "b"), ("a", "a0"), ("a9", "a10"), ("a09", "a10"), ("a1.b", "a1.c"), ("a1", "a1.b"), ("1", "a"),
    ("a.b", "a0"), ("a-1", "a1"), ("x18446744073709551615", "x18446744073709551616"), ("x01", "x1"), ("x0", "x00y"),
    ("é", "ü"), ("a99999999999999999999999999999999999998", "a99999999999999999999999999999999999999"),
  ]) func firstComesBeforeSecond(_ first: String, _ second: String) {
    #expect(NaturalOrder.precedes(first, second))
    #expect(!NaturalOrder.precedes(second, first))
    #expect(!NaturalOrder.precedes(first, first))
  }

  @Test func theOrderIsTotal() {
    let names = ["a", "a1", "a01", "a001", "a1b", "a01b", "a10", "b", "", "1", "01", "10", "2"]
    let sorted = names.naturallySorted()
    for (position, left) in sorted.enumerated() {
      for right in sorted[(position + 1)...] {
        #expect(NaturalOrder.precedes(left, right))
        #expect(!NaturalOrder.precedes(right, left))
      }
    }
    #expect(names.reversed().naturallySorted() == sorted)
  }
}
