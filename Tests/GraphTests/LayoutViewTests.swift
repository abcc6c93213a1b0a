import Graph
import Testing
import Units

/// Strides of views. Every expected layout is what torch 2.11 gives for the expression beside it, with `empty`
/// short for `torch.empty`.
@Suite("Views")
struct LayoutViewTests {
  /// `empty(2, 3, 4)`.
  static let block = Layout(contiguous: [2, 3, 4])
  /// `empty(2, 5, 12).view(2, 5, 3, 4).transpose(1, 2)`: heads as attention sees them.
  static let heads = Layout(contiguous: [2, 5, 3, 4]).transposed(1, 2)

  @Test func rowMajorStrides() {
    #expect(Self.block.strides == [12, 4, 1])
    #expect(Layout(contiguous: []).strides == [])
    // empty(2, 0, 4).stride(): an extent of zero counts as one.
    #expect(Layout(contiguous: [2, 0, 4]).strides == [4, 4, 1])
    #expect(Self.block.isContiguous && Self.block.isDense)
  }

  @Test func transposesAndPermutations() {
    // empty(2, 3, 4).transpose(1, 2)
    #expect(Self.block.transposed(1, 2) == Layout(shape: [2, 4, 3], strides: [12, 1, 4]))
    #expect(Self.block.transposed(-1, -2) == Self.block.transposed(1, 2))
    // empty(2, 3, 4).permute(2, 0, 1)
    #expect(Self.block.permuted([2, 0, 1]) == Layout(shape: [4, 2, 3], strides: [1, 12, 4]))
    #expect(Self.heads == Layout(shape: [2, 3, 5, 4], strides: [60, 4, 12, 1]))
  }

  /// `is_contiguous()`; dense is a permutation of a contiguous layout.
  @Test func contiguity() {
    #expect(!Self.heads.isContiguous && Self.heads.isDense)
    // empty(2, 1, 4).transpose(0, 1).is_contiguous(): True, the stride of a singleton does not count.
    #expect(Layout(contiguous: [2, 1, 4]).transposed(0, 1).isContiguous)
    // empty(2, 3, 8)[..., :4].is_contiguous(): False, and it leaves gaps.
    let half = Layout(contiguous: [2, 3, 8]).sliced(axis: 2, length: 4)
    #expect(!half.isContiguous && !half.isDense)
    // empty(2, 1, 4).expand(2, 3, 4): several elements share a place.
    #expect(!Layout(contiguous: [2, 1, 4]).expanded(to: [2, 3, 4]).isDense)
  }

  struct View: CustomTestStringConvertible, Sendable {
    /// The source, in torch.
    var source: String
    var layout: Layout
    var target: Shape
    /// The strides of `source.view(target)`; nil where torch refuses and a reshape copies.
    var strides: [Int]?

    init(_ source: String, _ layout: Layout, _ target: Shape, _ strides: [Int]?) {
      (self.source, self.layout, self.target, self.strides) = (source, layout, target, strides)
    }

    var testDescription: String { "\(source).view(\(target))" }
  }

  static let columns = block.transposed(1, 2)
  static let narrow = Layout(contiguous: [2, 3, 8]).sliced(axis: -1, length: 4)
  static let short = Layout(contiguous: [2, 6, 4]).sliced(axis: 1, length: 3)
  static let matrix = Layout(contiguous: [4, 6]).transposed(0, 1)

  static let views: [View] = [
    View("empty(2, 3, 4)", block, [6, 4], [4, 1]),
    View("empty(2, 3, 4)", block, [2, 3, 2, 2], [12, 4, 2, 1]),
    // Heads: batch and head do not lie behind one another, unless there is one sequence only.
    View("heads", heads, [6, 5, 4], nil),
    View("heads", heads, [2, 3, 20], nil),
    View("heads", heads, [2, 3, 5, 1, 4], [60, 4, 12, 4, 1]),
    View("heads", heads, [2, 3, 5, 2, 2], [60, 4, 12, 2, 1]),
    View("heads of one sequence", Layout(contiguous: [1, 5, 3, 4]).transposed(1, 2), [3, 5, 4], [4, 12, 1]),
    View("empty(2, 3, 4).transpose(1, 2)", columns, [2, 12], nil),
    View("empty(2, 3, 4).transpose(1, 2)", columns, [2, 2, 2, 3], [12, 2, 1, 4]),
    View("empty(2, 3, 4).transpose(1, 2)", columns, [1, 2, 4, 1, 3, 1], [24, 12, 1, 12, 4, 4]),
    View("empty(4, 6).t()", matrix, [3, 8], nil),
    View("empty(4, 6).t()", matrix, [3, 2, 2, 2], [2, 1, 12, 6]),
    View("empty(2, 3, 8)[..., :4]", narrow, [6, 4], [8, 1]),
    View("empty(2, 3, 8)[..., :4]", narrow, [2, 3, 2, 2], [24, 8, 2, 1]),
    View("empty(2, 3, 8)[..., :4]", narrow, [24], nil),
    View("empty(2, 6, 4)[:, :3]", short, [2, 12], [24, 1]),
    View("empty(2, 6, 4)[:, :3]", short, [6, 4], nil),
    View("empty(8)[::2]", Layout(contiguous: [8]).sliced(axis: 0, length: 4, step: 2), [2, 2], [4, 2]),
    View("empty(2, 1, 4).expand(2, 3, 4)", Layout(contiguous: [2, 1, 4]).expanded(to: [2, 3, 4]), [6, 4], nil),
    View(
      "empty(1, 1, 4).expand(2, 3, 4)", Layout(contiguous: [1, 1, 4]).expanded(to: [2, 3, 4]), [6, 4], [0, 1]),
    View(
      "empty(2, 1, 4).expand(2, 6, 4)", Layout(contiguous: [2, 1, 4]).expanded(to: [2, 6, 4]), [2, 2, 3, 4],
      [4, 0, 0, 1]),
  ]

  @Test(arguments: views) func viewsAndCopies(_ view: View) {
    #expect(view.layout.viewed(as: view.target)?.strides == view.strides)
    #expect(view.layout.viewed(as: view.target).map { $0.shape == view.target } ?? true)
  }

  @Test func newAxes() {
    // heads.unsqueeze(-1), (2), (0), (-2)
    #expect(Self.heads.unsqueezed(-1) == Layout(shape: [2, 3, 5, 4, 1], strides: [60, 4, 12, 1, 1]))
    #expect(Self.heads.unsqueezed(2) == Layout(shape: [2, 3, 1, 5, 4], strides: [60, 4, 60, 12, 1]))
    #expect(Self.heads.unsqueezed(0) == Layout(shape: [1, 2, 3, 5, 4], strides: [120, 60, 4, 12, 1]))
    #expect(Self.heads.unsqueezed(-2) == Layout(shape: [2, 3, 5, 1, 4], strides: [60, 4, 12, 4, 1]))
  }

  @Test func expansion() {
    // empty(4).expand(2, 3, 4)
    #expect(Layout(contiguous: [4]).expanded(to: [2, 3, 4]).strides == [0, 0, 1])
    // empty(2, 1, 4).expand(2, 3, 4), .expand(5, 2, 1, 4)
    #expect(Layout(contiguous: [2, 1, 4]).expanded(to: [2, 3, 4]).strides == [4, 0, 1])
    #expect(Layout(contiguous: [2, 1, 4]).expanded(to: [5, 2, 1, 4]).strides == [0, 4, 4, 1])
    // empty(2, 1, 4).transpose(0, 1).expand(6, 2, 4)
    #expect(Layout(contiguous: [2, 1, 4]).transposed(0, 1).expanded(to: [6, 2, 4]).strides == [0, 4, 1])
  }

  @Test func slicesAndSelections() {
    // empty(2, 3, 4)[:, :2], [..., ::2]
    #expect(Self.block.sliced(axis: 1, length: 2) == Layout(shape: [2, 2, 4], strides: [12, 4, 1]))
    #expect(Self.block.sliced(axis: -1, length: 2, step: 2) == Layout(shape: [2, 3, 2], strides: [12, 4, 2]))
    // empty(2, 3, 4).select(1, 0), .select(-1, 0)
    #expect(Self.block.selected(axis: 1) == Layout(shape: [2, 4], strides: [12, 1]))
    #expect(Self.block.selected(axis: -1) == Layout(shape: [2, 3], strides: [12, 4]))
  }
}
