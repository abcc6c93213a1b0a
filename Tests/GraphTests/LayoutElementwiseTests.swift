import Graph
import Testing
import Units

/// Layouts of the results of elementwise operators. Every expected stride is what torch 2.11 gives for the
/// expression beside it, with `empty` short for `torch.empty`.
@Suite("Results of elementwise operators")
struct LayoutElementwiseTests {
  static let block = Layout(contiguous: [2, 3, 4])
  /// `at = empty(2, 4, 3).transpose(1, 2)`
  static let columns = Layout(contiguous: [2, 4, 3]).transposed(1, 2)
  /// `empty(2, 5, 12).view(2, 5, 3, 4).transpose(1, 2)`
  static let heads = Layout(contiguous: [2, 5, 3, 4]).transposed(1, 2)

  static func strides(_ operands: Layout...) -> [Int] { Layout.elementwise(operands).strides }

  /// `torch.empty_like`, which keeps the order of axes.
  @Test func emptyLike() {
    #expect(Self.block.transposed(1, 2).preserved.strides == [12, 1, 4])
    #expect(Self.heads.preserved.strides == [60, 4, 12, 1])
    // empty_like(empty(2, 3, 8)[..., :4]), and of its transpose(0, 1): the gaps go, the order stays.
    let narrow = Layout(contiguous: [2, 3, 8]).sliced(axis: 2, length: 4)
    #expect(narrow.preserved.strides == [12, 4, 1])
    #expect(narrow.transposed(0, 1).preserved.strides == [4, 12, 1])
    // empty_like(empty(2, 1, 4).expand(2, 3, 4))
    #expect(Layout(contiguous: [2, 1, 4]).expanded(to: [2, 3, 4]).preserved.strides == [12, 4, 1])
    // empty_like(empty(2, 8).t()[::2])
    let stepped = Layout(contiguous: [2, 8]).transposed(0, 1).sliced(axis: 0, length: 4, step: 2)
    #expect(stepped.preserved.strides == [1, 4])
    // empty_like(empty(4, 1, 2).expand(4, 3, 2).transpose(0, 2))
    let turned = Layout(contiguous: [4, 1, 2]).expanded(to: [4, 3, 2]).transposed(0, 2)
    #expect(turned.preserved.strides == [1, 2, 6])
  }

  /// `a + at` and `at + a`: where the operands disagree the first decides.
  @Test func theFirstOperandDecides() {
    #expect(Self.strides(Self.block, Self.columns) == [12, 4, 1])
    #expect(Self.strides(Self.columns, Self.block) == [12, 1, 3])
  }

  /// `at + empty(4)` and `empty(4) + at`: a stride of zero does not decide.
  @Test func broadcastAxesDoNotDecide() {
    let row = Layout(contiguous: [4])
    #expect(Self.strides(Self.columns, row) == [12, 1, 3])
    #expect(Self.strides(row, Self.columns) == [12, 1, 3])
  }

  /// Rotary embeddings: queries [2, 3, 5, 4] times cosines [2, 1, 5, 4] or [1, 1, 5, 4], from either side.
  @Test func headsTimesCosines() {
    for cosines in [Layout(contiguous: [2, 1, 5, 4]), Layout(contiguous: [1, 1, 5, 4])] {
      #expect(Self.strides(Self.heads, cosines) == [60, 4, 12, 1])
      #expect(Self.strides(cosines, Self.heads) == [60, 4, 12, 1])
    }
  }

  /// Half of each head: `heads[..., :2]`, its negative, its sum with itself, its product with `empty(2, 1, 5, 2)`.
  @Test func halvedHeads() {
    let half = Self.heads.sliced(axis: 3, length: 2)
    #expect(half.strides == [60, 4, 12, 1])
    #expect(half.preserved.strides == [30, 2, 6, 1])
    #expect(Self.strides(half, half) == [30, 2, 6, 1])
    #expect(Self.strides(half, Layout(contiguous: [2, 1, 5, 2])) == [30, 2, 6, 1])
  }

  @Test func masks() {
    // empty(2, 3, 5, 5) + empty(2, 1, 5, 5)
    let mask = Layout(contiguous: [2, 1, 5, 5])
    #expect(Self.strides(Layout(contiguous: [2, 3, 5, 5]), mask) == [75, 25, 5, 1])
    // empty(2, 1, 5, 5).expand(2, 3, 5, 5) * 1
    #expect(mask.expanded(to: [2, 3, 5, 5]).preserved.strides == [75, 25, 5, 1])
    // empty(2, 1, 5, 5) + empty(2, 1, 5, 5).transpose(2, 3).expand(2, 3, 5, 5)
    #expect(Self.strides(mask, mask.transposed(2, 3).expanded(to: [2, 3, 5, 5])) == [75, 25, 5, 1])
  }

  @Test func gapsAndSingletons() {
    // empty(2, 3, 8)[..., :4] + empty(2, 3, 4)
    #expect(Self.strides(Layout(contiguous: [2, 3, 8]).sliced(axis: 2, length: 4), Self.block) == [12, 4, 1])
    // s = empty(3, 2, 8)[..., :4].transpose(0, 1); s + empty(2, 3, 4), empty(2, 3, 4) + s
    let turned = Layout(contiguous: [3, 2, 8]).sliced(axis: 2, length: 4).transposed(0, 1)
    #expect(Self.strides(turned, Self.block) == [4, 8, 1])
    #expect(Self.strides(Self.block, turned) == [12, 4, 1])
    // empty(3, 1) + empty(1, 4), empty(1, 3) + empty(4, 1), and two of empty(3, 1).expand(3, 4)
    #expect(Self.strides(Layout(contiguous: [3, 1]), Layout(contiguous: [1, 4])) == [4, 1])
    #expect(Self.strides(Layout(contiguous: [3, 1]).transposed(0, 1), Layout(contiguous: [4, 1])) == [3, 1])
    let spread = Layout(contiguous: [3, 1]).expanded(to: [3, 4])
    #expect(Self.strides(spread, spread) == [4, 1])
  }

  @Test func permutedOperands() {
    // empty(2, 3, 4).permute(2, 0, 1) + itself, + empty(4, 2, 1)
    let permuted = Self.block.permuted([2, 0, 1])
    #expect(Self.strides(permuted, permuted) == [1, 12, 4])
    #expect(Self.strides(permuted, Layout(contiguous: [4, 2, 1])) == [1, 12, 4])
  }

  /// `torch.broadcast_shapes`.
  @Test func broadcasting() {
    #expect(Layout.broadcast([[3, 1], [1, 4]]) == [3, 4])
    #expect(Layout.broadcast([[4], [2, 3, 1]]) == [2, 3, 4])
    #expect(Layout.broadcast([[], [2]]) == [2])
    #expect(Layout.broadcast([[1], [0]]) == [0])
  }
}
