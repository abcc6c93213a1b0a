/// The operators that hand tokens to experts and bring them back.
public enum RoutedOperator: Hashable, Sendable {
  /// The largest along the last axis; results: values and places.
  case topK
  /// Rows of the first input by a list of places (second input), in a new tensor.
  case rows
  /// Rows (third input) added to those of the first input that a list names (second input), in the first one's place.
  case addRowsInPlace
  /// The first input divided by the second, in the first one's place. The third is the copy of the first that autograd
  /// makes before, where the divisor needs a gradient.
  case divideInPlace
  /// The first input held within bounds, in its own place. The second is the copy that autograd makes before.
  case clampInPlace
  /// The first input times the second, a constant, in the first one's place.
  case multiplyInPlace
  /// Elements picked along the last axis by a list of places (second input).
  case pick
  /// The first input with a constant at the places that the second lists, in a new tensor.
  case scatterConstant
  /// Phi-3.5-MoE's weight of a sampled expert as one autograd function: inputs logits, probability, place, all
  /// probabilities and a factor.
  case sparseMixer
  /// The first input, `count` times behind itself along the first axis.
  case repeated
  /// The second input copied over a part of the first, in the first one's place.
  case copySlice
  /// A tensor of pairs seen as complex numbers, and the other way.
  case asComplex, asReal
  /// Complex numbers times constants.
  case turn
  /// Values (third input) written to the places (second input) of a constant (first input), in its place.
  case scatterInPlace
  /// Rows (third input) written to the places (second input) of a constant (first input), in its place.
  case putRowsInPlace
  /// The sum along one axis, which stays with extent one or goes.
  case sum(axis: Int, keepsAxis: Bool)
  /// The largest along the last axis, which stays with extent one or goes; results: values and places.
  case largest
  /// Rows [S, in], sorted by expert, times each expert's matrix [E, in, out]; the third input is where each expert's
  /// rows end.
  case groupedProduct
}

extension RoutedOperator {
  /// The name under which PyTorch's dispatcher knows it.
  public var name: String {
    switch self {
    case .topK: "topk"
    case .rows: "index"
    case .addRowsInPlace: "index_add_"
    case .divideInPlace: "div_"
    case .clampInPlace: "clamp_"
    case .multiplyInPlace: "mul_"
    case .pick: "gather"
    case .scatterConstant: "scatter"
    case .sparseMixer, .turn: "mul"
    case .repeated: "repeat"
    case .copySlice: "copy_"
    case .asComplex: "view_as_complex"
    case .asReal: "view_as_real"
    case .scatterInPlace: "scatter_"
    case .putRowsInPlace: "index_put_"
    case .sum: "sum"
    case .largest: "max"
    case .groupedProduct: "_grouped_mm"
    }
  }
}
