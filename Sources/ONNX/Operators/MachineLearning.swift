internal import Graph
internal import Units

/// The operators of `ai.onnx.ml` (version 5): classic estimators on [N, features], where a list is one row.
enum MachineLearning {
  static let all: [OperatorRow] =
    rows(["Binarizer", "Imputer"], domain: domain, shape: Elementwise.sameAsFirst)
    + rows(["Normalizer", "Scaler"], domain: domain, shape: floatsOfFirst)
    + rows(["LinearClassifier", "TreeEnsembleClassifier", "SVMClassifier"], domain: domain, shape: classifier)
    + [
      regressor("LinearRegressor", "targets"), regressor("TreeEnsembleRegressor", "n_targets"),
      regressor("SVMRegressor", nil), regressor("TreeEnsemble", "n_targets"),
      row("ArrayFeatureExtractor", domain: domain, shape: extractor), row("CastMap", domain: domain, shape: castMap),
      row("CategoryMapper", domain: domain, shape: categories), row("LabelEncoder", domain: domain, shape: encoder),
      row("DictVectorizer", domain: domain, shape: dictionary), row("OneHotEncoder", domain: domain, shape: oneHot),
      row("FeatureVectorizer", domain: domain, shape: features), row("ZipMap", domain: domain, shape: zipMap),
    ]

  private static let domain = OperatorDomain.machineLearning

  private static func floatsOfFirst(_ call: Call) throws(Unresolved) -> [Fact] {
    [.tensor(.float32, try call.shape(0))]
  }

  /// The number of entries of the attributes of these names; nil where all are missing or empty.
  private static func count(_ call: Call, _ names: String...) -> Int? {
    for name in names {
      let count: Int
      switch call.attributes[name] {
      case .integers(let list): count = list.count
      case .floats(let list): count = list.count
      case .strings(let list): count = list.count
      case .tensor(let tensor): count = tensor.shape.elementCount?.count ?? 0
      default: continue
      }
      if count > 0 { return count }
    }
    return nil
  }

  /// The number of rows of the first input.
  private static func samples(_ call: Call) throws(Unresolved) -> Dimension {
    let shape = try call.shape(0)
    guard shape.count <= 2 else { throw .defect("its input has rank \(shape.count), not 1 or 2") }
    return shape.count == 2 ? shape[0] : 1
  }

  // MARK: - Estimators

  private static func regressor(_ name: String, _ targets: String?) -> OperatorRow {
    row(name, domain: domain) { call throws(Unresolved) in
      var count = 1
      if let targets { count = try call.integer(targets, default: 1) }
      // TreeEnsemble alone answers in the type of its input.
      return [.tensor(name == "TreeEnsemble" ? call.type(0) : .float32, [try samples(call), .constant(count)])]
    }
  }

  /// [N] labels and [N, classes] scores.
  private static func classifier(_ call: Call) throws(Unresolved) -> [Fact] {
    let rows = try samples(call)
    let labels = count(call, "classlabels_strings", "classlabels_ints", "classlabels_int64s")
    let type: DataType = count(call, "classlabels_strings") != nil ? .string : .int64
    var scores = labels
    switch call.node.operatorType {
    case "LinearClassifier":
      // Two classes may share one row of coefficients; both get a score.
      let intercepts = count(call, "intercepts")
      scores = intercepts == 1 && labels == 2 ? 2 : intercepts ?? labels
    case "SVMClassifier":
      // Without probabilities, pairs of classes are told apart.
      if let labels, labels > 2, count(call, "prob_a") == nil, count(call, "vectors_per_class") != nil {
        scores = Dimension.constant(labels).pairs
      }
    default: break
    }
    guard let scores else { throw .defect("it names no classes") }
    return [.tensor(type, [rows]), .tensor(.float32, [rows, .constant(scores)])]
  }

  // MARK: - Features

  /// ArrayFeatureExtractor (1): entries of the last axis by their places.
  private static func extractor(_ call: Call) throws(Unresolved) -> [Fact] {
    let (shape, places) = (try call.shape(0), try call.shape(1))
    guard !shape.isEmpty else { throw .defect("its input is a scalar") }
    let leading = shape.count == 1 ? [.one] : Array(shape.dropLast())
    return [.tensor(call.type(0), leading + [places.product])]
  }

  /// FeatureVectorizer (1): inputs side by side, each as wide as an attribute says.
  private static func features(_ call: Call) throws(Unresolved) -> [Fact] {
    let rows = try samples(call)
    if let widths = try call.optionalIntegers("inputdimensions") {
      return [.tensor(.float32, [rows, widths.reduce(Dimension.zero) { $0 + .constant($1) }])]
    }
    var width = Dimension.zero
    for input in call.inputs.indices {
      let shape = try call.shape(input)
      guard let last = shape.last else { throw .defect("input \(input) is a scalar") }
      width += last
    }
    return [.tensor(.float32, [rows, width])]
  }

  /// OneHotEncoder (1): a new last axis with a place for each category.
  private static func oneHot(_ call: Call) throws(Unresolved) -> [Fact] {
    guard let categories = count(call, "cats_int64s", "cats_strings") else { throw .defect("it names no categories") }
    return [.tensor(.float32, try call.shape(0) + [.constant(categories)])]
  }

  /// CategoryMapper (1): from texts to integers or back.
  private static func categories(_ call: Call) throws(Unresolved) -> [Fact] {
    let type: DataType? = call.type(0).map { $0 == .string ? .int64 : .string }
    return [.tensor(type, try call.shape(0))]
  }

  /// LabelEncoder (4): each element by its entry in a table; version 1 only maps between texts and integers.
  private static func encoder(_ call: Call) throws(Unresolved) -> [Fact] {
    let type: DataType? =
      if count(call, "values_strings") != nil {
        .string
      } else if count(call, "values_int64s") != nil {
        .int64
      } else if count(call, "values_floats") != nil {
        .float32
      } else if case .tensor(let values)? = call.attributes["values_tensor"] {
        values.dataType
      } else {
        call.type(0).map { $0 == .string ? .int64 : .string }
      }
    return [.tensor(type, try call.shape(0))]
  }

  // MARK: - Maps

  /// CastMap (1): [1, entries], or as many as an attribute says where the keys are places.
  private static func castMap(_ call: Call) throws(Unresolved) -> [Fact] {
    let type: DataType =
      switch try call.string("cast_to") {
      case "TO_STRING": .string
      case "TO_INT64": .int64
      default: .float32
      }
    let width: Dimension =
      if try call.string("map_form") == "SPARSE" {
        .constant(try call.integer("max_map", default: 1))
      } else {
        call.unknown("1", "the number of entries of a map")
      }
    return [.tensor(type, [1, width])]
  }

  /// DictVectorizer (1): [1, words]. The element type is that of the map's values.
  private static func dictionary(_ call: Call) throws(Unresolved) -> [Fact] {
    guard let words = count(call, "string_vocabulary", "int64_vocabulary") else {
      throw .defect("it has no vocabulary")
    }
    return [.tensor(nil, [1, .constant(words)])]
  }

  /// ZipMap (1): a map for each row.
  private static func zipMap(_ call: Call) throws(Unresolved) -> [Fact] {
    let rows = try? samples(call).constant
    let maps = rows.flatMap { $0 >= 0 && $0 <= TensorFact.largestContent ? $0 : nil }
    return [
      .sequence(
        SequenceFact(element: .shapeless, elements: maps.map { [Fact](repeating: .shapeless, count: $0) }))
    ]
  }
}

extension Dimension {
  /// How many pairs there are of so many; nil where it is no number.
  fileprivate var pairs: Int? { (self * (self - 1)).quotient(2).constant }
}
