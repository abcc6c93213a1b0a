import Graph
import Testing

@testable import ONNX

/// Convolutions, pools and resampling on extents that are symbols, and models that break their rules.
@Suite struct WindowOperatorTests {
  private let convolution = OneNode("Conv", version: 22).input("batch 3 H W")

  @Test func convolutionOfSymbols() {
    let stem = convolution.input("64 3 7 7").with("pads", .integers([3, 3, 3, 3])).with("strides", .integers([2, 2]))
    #expect(stem.result == "batch | 64 | floor((H + 1)/(2)) | floor((W + 1)/(2))")
    #expect(convolution.input("8 3 3 3").with("auto_pad", .string("SAME_UPPER")).result == "batch | 8 | H | W")
    #expect(convolution.input("8 3 3 3").with("auto_pad", .string("VALID")).result == "batch | 8 | H - 2 | W - 2")
    #expect(convolution.input("8 3 3 3").with("dilations", .integers([2, 4])).result == "batch | 8 | H - 4 | W - 8")
  }

  @Test func defectsOfConvolution() {
    #expect(
      convolution.input("8 4 3 3").result == "input channels and weights for 1 groups differ: 3 against 4")
    #expect(convolution.input("8 3 3 3").with("group", .integer(0)).result == "attribute 'group' is 0")
    #expect(
      convolution.input("8 3 3 3").with("strides", .integers([0, 1])).result == "attribute 'strides' holds 0")
    #expect(convolution.input("8 3 3").result == "input 1 has rank 3 instead of 4")
    #expect(
      convolution.input("8 1 3 3").with("group", .integer(3)).result == "8 output channels do not divide into 3 groups")
    #expect(
      OneNode("Conv", version: 11).input("1 1 2 2").input("1 1 5 5").result
        == "the kernel spans 5 along spatial axis 0, which has 2 and 0 of padding")
    let huge = convolution.input("8 3 3 3").with("dilations", .integers([.max, .max]))
    #expect(huge.result == "an extent is beyond 64 bits")
    let strided = OneNode("Conv", version: 22).input("1 1 H").input("1 1 3").with("dilations", .integers([.max / 2]))
    #expect(strided.with("strides", .integers([.max])).result.hasPrefix("1 | 1 | "))
  }

  @Test func transposedConvolution() {
    let doubled = OneNode("ConvTranspose", version: 11).input("N 16 H W").input("16 8 4 4")
      .with("strides", .integers([2, 2]))
    #expect(doubled.with("pads", .integers([1, 1, 1, 1])).result == "N | 8 | 2*H | 2*W")
    #expect(doubled.with("auto_pad", .string("SAME_LOWER")).result == "N | 8 | 2*H | 2*W")
    #expect(doubled.with("output_shape", .integers([30, 40])).result == "N | 8 | 30 | 40")
    #expect(doubled.with("output_padding", .integers([1, 0])).result == "N | 8 | 2*H + 3 | 2*W + 2")
    #expect(
      OneNode("ConvTranspose", version: 11).input("1 3 5").input("4 8 3").result
        == "input channels and weights differ: 3 against 4")
  }

  /// Six places, windows of one, every third: a fourth window would start behind the end, which counts from version 22.
  @Test(arguments: [(10, 6, "1 | 1 | 3"), (22, 6, "1 | 1 | 2"), (12, 7, "1 | 1 | 3"), (22, 7, "1 | 1 | 3")])
  func poolsThatRoundUp(version: Int, extent: Int, shape: String) {
    let pool = OneNode("MaxPool", version: version, outputs: 2).input("1 1 \(extent)")
      .with("kernel_shape", .integers([1])).with("strides", .integers([3])).with("ceil_mode", .integer(1))
    #expect(pool.results == [shape, shape])
    #expect(pool.types == [.float32, .int64])
  }

  @Test func poolsOfSymbols() {
    let pool = OneNode("AveragePool", version: 22).input("N C H").with("kernel_shape", .integers([3]))
      .with("strides", .integers([2]))
    #expect(pool.result == "N | C | floor((H + 1)/(2)) - 1")
    #expect(pool.with("ceil_mode", .integer(1)).result == "N | C | floor((H)/(2))")
    #expect(OneNode("GlobalMaxPool", version: 1).input("N C H W").result == "N | C | 1 | 1")
    #expect(OneNode("MaxPool", version: 12).input("1 1 4").result == "attribute 'kernel_shape' is missing")
  }

  @Test func resizing() {
    let scaled = OneNode("Resize", version: 13).input("N 3 H W").withoutInput()
    #expect(scaled.input(reals: [1, 1, 2, 0.5]).result == "N | 3 | 2*H | floor((W)/(2))")
    #expect(scaled.input(reals: [1, 1, 1.1, 1]).result == "N | 3 | result0.2 | W")
    #expect(scaled.input("4").result == "result0.0 | result0.1 | result0.2 | result0.3")
    #expect(scaled.result == "neither scales nor sizes are given")
    let sized = scaled.withoutInput().input(values: [.symbol("N"), 3, nil, .symbol("H") * 2])
    #expect(sized.result == "N | 3 | result0.2 | 2*H")
    #expect(OneNode("Resize", version: 10).input("1 3 5").input(reals: [1, 1, 0.6]).result == "1 | 3 | 3")
    let ratio = OneNode("Resize", version: 18).input("1 3 4 6").withoutInput().withoutInput()
      .input(values: [8, 9]).with("axes", .integers([-2, -1]))
    #expect(ratio.with("keep_aspect_ratio_policy", .string("not_larger")).result == "1 | 3 | 6 | 9")
    #expect(ratio.with("keep_aspect_ratio_policy", .string("not_smaller")).result == "1 | 3 | 8 | 12")
  }
}
