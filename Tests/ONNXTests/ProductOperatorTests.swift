import Graph
import Testing

@testable import ONNX

/// Products, attention, reductions and the like on extents that are symbols.
@Suite struct ProductOperatorTests {
  @Test func matrixProducts() {
    let product = OneNode("MatMul", version: 13)
    #expect(product.input("batch heads T 64").input("batch heads 64 S").result == "batch | heads | T | S")
    #expect(product.input("batch T hidden").input("hidden 4").result == "batch | T | 4")
    #expect(product.input("K").input("B K N").result == "B | N")
    #expect(product.input("K").input("K").result == "")
    #expect(product.input("a 2 3").input("b 3 4").result == "broadcast(a, b) | 2 | 4")
    #expect(product.input("2 3").input("4 5").result == "the inner extents of [2, 3] and [4, 5] differ: 3 against 4")
    #expect(product.input("").input("4 5").result == "a scalar has no matrix product: [] and [4, 5]")
    let general = OneNode("Gemm", version: 13).input("K M").input("N K").with("transA", .integer(1))
      .with("transB", .integer(1))
    #expect(general.input("N").result == "M | N")
    #expect(
      OneNode("Gemm", version: 13).input("2 3").input("3 4").input("5").result
        == "the addend of [5] does not repeat to [2, 4]")
  }

  @Test(arguments: [
    ("ij,jk", "i | k"), ("...ij,...jk->...ik", "i | k"), ("ij,jk->ki", "k | i"), ("i j , j k -> ", ""),
    ("ij,jk->x", "label 'x' of the result is in no operand of equation 'ij,jk->x'"),
    ("ij,j", "operand 1 of equation 'ij,j' has rank 2"), ("ij", "equation 'ij' has 1 operands for 2 inputs"),
    ("i.j,jk", "'.' is out of place in equation 'i.j,jk'"), ("...j,jk", "i | k"), ("ij,...->...i", "j | k | i"),
  ])
  func einsum(equation: String, shape: String) {
    let sum = OneNode("Einsum", version: 12).input("i j").input("j k").with("equation", .string(equation))
    #expect(sum.result == shape)
  }

  @Test func attention() {
    let flat = OneNode("Attention", version: 23, outputs: 4).input("B T 512").input("B T 128").input("B T 128")
      .withoutInput().input("B 2 past 64").input("B 2 past 64").with("q_num_heads", .integer(8))
      .with("kv_num_heads", .integer(2))
    #expect(
      flat.results == [
        "B | T | 512", "B | 2 | T + past | 64", "B | 2 | T + past | 64", "B | 8 | T | T + past",
      ])
    let whole = OneNode("Attention", version: 24).input("B 8 T 64").input("B 3 S 64").input("B 3 S 32")
    #expect(whole.result == "8 heads of the query do not divide among 3 of the key")
    #expect(
      OneNode("Attention", version: 23).input("B T 512").input("B T 512").input("B T 512").result
        == "attribute 'q_num_heads' is missing for an input of rank 3")
  }

  @Test func reductions() {
    let sum = OneNode("ReduceSum", version: 13).input("N T H")
    #expect(sum.input(values: [-1]).result == "N | T | 1")
    #expect(sum.input(values: [-1]).with("keepdims", .integer(0)).result == "N | T")
    #expect(sum.input("1", .int64).with("keepdims", .integer(0)).result == "result0.0 | result0.1")
    #expect(sum.input("3", .int64).with("keepdims", .integer(0)).result == "")
    #expect(sum.with("noop_with_empty_axes", .integer(1)).result == "N | T | H")
    #expect(sum.input(values: [3]).result == "axis 3 is outside of a tensor of rank 3")
    let mean = OneNode("ReduceMean", version: 11).input("N T").with("axes", .integers([1]))
    #expect(mean.result == "N | 1")
    let product = OneNode("ReduceProd", version: 18).input(values: [.symbol("N"), 3, .symbol("N")])
      .with("keepdims", .integer(0))
    #expect(product.elements == [.integer(.symbol("N") * .symbol("N") * 3)])
    let nothing = OneNode("ReduceSum", version: 11).input("0 \(Int.max) \(Int.max)").with("axes", .integers([0]))
    #expect(nothing.result == "its shape [1, \(Int.max), \(Int.max)] has more than 2^63 elements")
    let kept = OneNode("ReduceSum", version: 11).input("0 \(Int.max) \(Int.max)").with("axes", .integers([1]))
    #expect(kept.elements == [])
  }

  @Test func highest() {
    let top = OneNode("TopK", version: 11, outputs: 2).input("N 10")
    #expect(top.input(values: [3]).results == ["N | 3", "N | 3"])
    #expect(top.input("1", .int64).result == "N | result0.1")
    #expect(top.input(values: [11]).result == "the highest 11 of 10 along axis 1 do not exist")
    #expect(OneNode("TopK", version: 1).input("N 10").with("k", .integer(2)).result == "N | 2")
  }

  @Test func recurrence() {
    let layer = OneNode("LSTM", version: 14, outputs: 3).input("T B 10").input("2 80 10").input("2 80 20")
      .with("direction", .string("bidirectional")).with("hidden_size", .integer(20))
    #expect(layer.results == ["T | 2 | B | 20", "2 | B | 20", "2 | B | 20"])
    #expect(layer.with("layout", .integer(1)).results == ["T | B | 2 | 20", "T | 2 | 20", "T | 2 | 20"])
    #expect(
      OneNode("GRU", version: 14).input("T B 10").input("1 80 10").input("1 80 20").result
        == "weights do not hold 3 gates of 20: 80 against 60")
  }

  @Test func types() {
    #expect(OneNode("Dropout", version: 9, outputs: 2).input("N").types == [.float32, .float32])
    #expect(OneNode("Dropout", version: 10, outputs: 2).input("N").types == [.float32, .bool])
    let quantized = OneNode("QuantizeLinear", version: 21).input("N 4").input("")
    #expect(quantized.types == [.uint8])
    #expect(quantized.input("", .int8).types == [.int8])
    #expect(quantized.with("output_dtype", .integer(22)).types == [.int4])
    #expect(OneNode("RandomNormalLike", version: 1).input("N").with("dtype", .integer(11)).types == [.float64])
  }

  @Test func signals() {
    let transform = OneNode("DFT", version: 20).input("B T 1").with("onesided", .integer(1))
    #expect(transform.result == "B | floor((T)/(2)) + 1 | 2")
    #expect(transform.input(integer: 512).result == "B | 257 | 2")
    let frames = OneNode("STFT", version: 17).input("B T 1").input(integer: 160).input("400")
    #expect(frames.result == "B | floor((T + 80)/(160)) - 2 | 201 | 2")
    #expect(OneNode("HannWindow", version: 17).input(integer: .symbol("T")).result == "T")
  }

  @Test func training() {
    let adam = OneNode("Adam", version: 1, domain: OperatorDomain.training, outputs: 3)
    #expect(
      adam.input("").input("", .int64).input("M N").input("M N").input("M N").input("M N").results
        == ["M | N", "M | N", "M | N"])
    #expect(
      OneNode("Gradient", version: 1, domain: OperatorDomain.training).input("N").result
        == "the backward pass that operator Gradient stands for is not followed")
  }
}
