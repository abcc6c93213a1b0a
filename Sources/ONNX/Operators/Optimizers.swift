internal import Graph
internal import Units

/// Steps of optimizers, of the domain `ai.onnx.preview.training`.
///
/// Inputs are the learning rate, the step, then the parameters, their gradients and each kind of state; results are the
/// parameters and the state, in that order (version 1 of each).
enum Optimizers {
  static let all: [OperatorRow] = [
    row("Adagrad", domain: OperatorDomain.training) { call throws(Unresolved) in try step(call, states: 1) },
    row("Momentum", domain: OperatorDomain.training) { call throws(Unresolved) in try step(call, states: 1) },
    row("Adam", domain: OperatorDomain.training) { call throws(Unresolved) in try step(call, states: 2) },
    row("Gradient", domain: OperatorDomain.training) { _ throws(Unresolved) in
      throw .unsupported("the backward pass that operator Gradient stands for is not followed")
    },
  ]

  private static func step(_ call: Call, states: Int) throws(Unresolved) -> [Fact] {
    let count = call.inputs.count - 2
    guard count > 0, count % (states + 2) == 0 else {
      throw .defect("\(call.inputs.count) inputs do not divide into parameters, gradients and \(states) kinds of state")
    }
    let parameters = count / (states + 2)
    var results: [Fact] = []
    for kind in 0...states {
      // The gradients, between parameters and state, give no result.
      let first = 2 + (kind == 0 ? 0 : kind + 1) * parameters
      for input in first..<first + parameters { results.append(.tensor(call.type(input), try call.shape(input))) }
    }
    return results
  }
}
