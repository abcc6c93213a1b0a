internal import Graph
internal import Units

/// Operators that draw numbers.
enum Randomness {
  static let all: [OperatorRow] =
    rows(["RandomNormal", "RandomUniform"]) { call throws(Unresolved) in
      guard let shape = try call.optionalIntegers("shape") else { throw .defect("attribute 'shape' is missing") }
      let type = try call.type(attribute: "dtype", default: .float32)
      return [.tensor(type, shape.map { .constant($0) })]
    }
    + rows(["RandomNormalLike", "RandomUniformLike", "Bernoulli"]) { call throws(Unresolved) in
      [.tensor(try call.type(attribute: "dtype", default: call.type(0)), try call.shape(0))]
    }
    + [
      row("Multinomial") { call throws(Unresolved) in
        let shape = try call.shape(0, ranks: 2...2)
        let samples = try call.integer("sample_size", default: 1)
        return [.tensor(try call.type(attribute: "dtype", default: .int32), [shape[0], .constant(samples)])]
      }
    ]
}
