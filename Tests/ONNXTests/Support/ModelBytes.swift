/// Parts of ONNX files as bytes.
enum Bytes {
  /// A model of operator set 17 around a graph's bytes.
  static func model(_ graph: [UInt8], version: Int = 8, imports: [[UInt8]] = [operatorSet(17)], _ more: [UInt8] = [])
    -> [UInt8]
  {
    Wire.number(1, version) + Wire.bytes(7, graph) + imports.flatMap { Wire.bytes(8, $0) } + more
  }

  static func operatorSet(_ version: Int, _ domain: String = "") -> [UInt8] {
    Wire.text(1, domain) + Wire.number(2, version)
  }

  /// A graph that gives `y`, by way of these nodes, from `x`.
  static func graph(
    _ nodes: [[UInt8]] = [node("Relu", ["x"], ["y"])], inputs: [String] = ["x"], outputs: [String] = ["y"],
    initializers: [[UInt8]] = [], extra: [UInt8] = []
  ) -> [UInt8] {
    nodes.flatMap { Wire.bytes(1, $0) } + Wire.text(2, "g") + initializers.flatMap { Wire.bytes(5, $0) }
      + inputs.flatMap { Wire.bytes(11, value($0)) } + outputs.flatMap { Wire.bytes(12, value($0)) } + extra
  }

  static func value(_ name: String) -> [UInt8] { Wire.text(1, name) }

  static func node(
    _ type: String, _ inputs: [String], _ outputs: [String], _ attributes: [[UInt8]] = [], domain: String = ""
  ) -> [UInt8] {
    inputs.flatMap { Wire.text(1, $0) } + outputs.flatMap { Wire.text(2, $0) } + Wire.text(4, type)
      + attributes.flatMap { Wire.bytes(5, $0) } + (domain.isEmpty ? [] : Wire.text(7, domain))
  }

  /// An attribute that is a subgraph.
  static func subgraph(_ name: String, _ graph: [UInt8]) -> [UInt8] {
    Wire.text(1, name) + Wire.bytes(6, graph) + Wire.number(20, 5)
  }

  /// A function that gives `y0` from `x`.
  static func function(_ name: String, domain: String = "l", calls: [String] = []) -> [UInt8] {
    let nodes =
      calls.isEmpty
      ? [node("Relu", ["x"], ["y0"])]
      : calls.enumerated().map { node($1, ["x"], ["y\($0)"], domain: domain) }
    return Wire.text(1, name) + Wire.text(4, "x") + Wire.text(5, "y0") + nodes.flatMap { Wire.bytes(7, $0) }
      + Wire.bytes(9, operatorSet(17)) + Wire.bytes(9, operatorSet(1, domain)) + Wire.text(10, domain)
  }

  static func tensor(_ name: String = "w", type: Int = 1, _ dims: [Int] = [2], _ data: [UInt8] = raw(8)) -> [UInt8] {
    dims.flatMap { Wire.number(1, $0) } + Wire.number(2, type) + Wire.text(8, name) + data
  }

  /// `raw_data` of so many zeros.
  static func raw(_ count: Int) -> [UInt8] { Wire.bytes(9, [UInt8](repeating: 0, count: count)) }

  /// A tensor of two floats in a file of its own.
  static func external(_ entries: KeyValuePairs<String, String>, dims: [Int] = [2]) -> [UInt8] {
    tensor(
      "w", dims, entries.flatMap { Wire.bytes(13, Wire.text(1, $0.key) + Wire.text(2, $0.value)) } + Wire.number(14, 1))
  }
}
