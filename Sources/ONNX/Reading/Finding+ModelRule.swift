package import Checkpoint

extension Finding {
  /// The rules for ONNX models. Their raw values are stable.
  package enum ModelRule: String, CaseIterable, Sendable {
    // What protobuf accepts and no writer means.
    case wireType = "wire-type-mismatch"
    case partRepeated = "part-repeated"
    case textNotUTF8 = "text-not-utf8"
    case typeAmbiguous = "type-ambiguous"

    // Versions.
    case irVersion = "ir-version"
    case opsetMissing = "opset-missing"
    case opsetRepeated = "opset-repeated"
    case opsetOutOfRange = "opset-out-of-range"

    // Tensors.
    case tensorTypeUnknown = "tensor-type-unknown"
    case tensorDimension = "tensor-dimension"
    case tensorTooLarge = "tensor-too-large"
    case tensorRank = "tensor-rank"
    case tensorNoData = "tensor-no-data"
    case tensorDataTwice = "tensor-data-twice"
    case tensorDataField = "tensor-data-field"
    case tensorDataLength = "tensor-data-length"
    case sparseTensor = "sparse-tensor"

    // Tensors in files of their own.
    case externalLocation = "external-location"
    case externalMissing = "external-missing"
    case externalLink = "external-link"
    case externalRange = "external-range"
    case externalLength = "external-length"
    case externalKey = "external-key"

    // The graph.
    case graphInputRepeated = "graph-input-repeated"
    case initializerRepeated = "initializer-repeated"
    case valueRepeated = "value-repeated"
    case inputDangling = "input-dangling"
    case outputDangling = "output-dangling"
    case graphWithoutOutputs = "graph-without-outputs"
    case operatorUnnamed = "operator-unnamed"
    case operatorUndefined = "operator-undefined"
    case subgraphMissing = "subgraph-missing"
    case attributeRepeated = "attribute-repeated"
    case attributeAmbiguous = "attribute-ambiguous"
    case attributeEmpty = "attribute-empty"
    case functionRepeated = "function-repeated"
    case functionRecursion = "function-recursion"

    // Following the graph's shapes.
    case graphRuleBroken = "graph-rule-broken"
    case operatorUnknown = "operator-unknown"
    case graphExpansion = "graph-expansion"

    // What of the graph's tensors is a weight.
    case tensorsNoWeights = "tensors-no-weights"
    case weightsRenamed = "weights-renamed"
    case graphShapeDiffers = "graph-shape-differs"
    case graphWeightsDiffer = "graph-weights-differ"
    case graphTypesDiffer = "graph-types-differ"
    case graphUnreadable = "graph-unreadable"
  }
}

extension FindingList {
  mutating func add(
    _ severity: Finding.Severity, _ rule: Finding.ModelRule, file: String, tensor: String? = nil,
    _ message: @autoclosure () -> String, help: String? = nil
  ) {
    add(severity, of: rule, file: file, tensor: tensor, message(), help: help)
  }
}

/// A name out of a file within a message, cut where it is long.
func quoted(_ name: String) -> String {
  // Counted in bytes: a hostile name may be one character of many megabytes.
  guard name.utf8.count > 200 else { return "`\(name)`" }
  return "`\(String(name.unicodeScalars.prefix(120)))…`"
}
