/// The operators that hand tokens to experts and bring them back.
public enum RoutedOperator: Hashable, Sendable {
  /// The largest along the last axis; results: values and places.
  case topK
  /// Rows of the first input by a list of places (second input), in a new tensor.
  case rows
  /// A constant where the mask (second input) says so, in a new tensor or in the first input's place.
  case fill(inPlace: Bool)
  /// The first input divided by the second, in the first one's place. The third is the copy of the first that autograd
  /// makes before, where the divisor needs a gradient.
  case divideInPlace
  /// The first input held within bounds, in its own place. The second is the copy that autograd makes before.
  case clampInPlace
  /// The second input added to the first, in the first one's place.
  case addInPlace
  /// Values (third input) written to the places (second input) of a constant (first input), in its place.
  case scatterInPlace
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
    case .fill: "masked_fill"
    case .divideInPlace: "div_"
    case .clampInPlace: "clamp_"
    case .addInPlace: "add_"
    case .scatterInPlace: "scatter_"
    case .sum: "sum"
    case .largest: "max"
    case .groupedProduct: "_grouped_mm"
    }
  }
}
