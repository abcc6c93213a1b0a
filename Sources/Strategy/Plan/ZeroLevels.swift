/// How the third stage of ZeRO lays out and sends what its ranks share, where that is not evenly and as it is.
public struct ZeroLevels: Hashable, Sendable {
  /// Ranks that share a second copy of the parameters, which the backward pass gathers from (hpZ); nil for none.
  public var secondary: Int?
  /// Ranks that share one copy of the parameters, and of the gradients; nil for all.
  public var parameters: Int?
  public var gradients: Int?
  /// Whether parameters are gathered in eight bits (qwZ), and gradients sent in four (qgZ).
  public var quantizesParameters = false
  public var quantizesGradients = false
  /// Ranks of a node, between which four bits are summed first.
  public var node: Int?

  public init() {}
}

extension ZeroLevels {
  /// Whether all ranks share everything evenly, and send it as it is.
  var isEven: Bool {
    secondary == nil && parameters == nil && gradients == nil && !quantizesParameters && !quantizesGradients
  }

  /// Why so many ranks cannot share as is asked for; nil where they can.
  func reasonNotToShare(_ ranks: Int) -> String? {
    for (name, degree) in [
      ("--secondary-degree", secondary), ("--shard-degree", parameters), ("--gradient-degree", gradients),
    ] {
      guard let degree, ranks % degree != 0 else { continue }
      return "\(name) \(degree) does not divide the \(ranks) ranks"
    }
    if let secondary, secondary >= ranks, ranks > 1 {
      return "a second copy over all \(ranks) ranks is the first one (--secondary-degree)"
    }
    if let parameters, let gradients, gradients % parameters != 0 {
      return "gradients over \(gradients) ranks are not whole shards of parameters over \(parameters)"
    }
    return nil
  }

  var assumptions: [Assumption] {
    var result: [Assumption] = []
    func assume(_ what: String, _ degree: Int?, _ source: String) {
      guard let degree else { return }
      result.append(Assumption(what: what, value: "\(degree) ranks", source: source))
    }
    assume(
      "second copy of the parameters", secondary,
      "zero_hpz_partition_size; made in the forward pass, gone at the update")
    assume("one copy of the parameters", parameters, "--shard-degree, or the dies of a module")
    assume("one copy of the gradients", gradients, "--gradient-degree, or the GPUs of a node")
    if quantizesParameters {
      result.append(
        Assumption(
          what: "gathered parameters", value: "8 bits in blocks of at most 8,000, each with an fp32 scale",
          source: "CUDAQuantizer of deepspeed/runtime/zero/partition_parameters.py, 0.19.8"))
    }
    if quantizesGradients {
      result.append(
        Assumption(
          what: "sums of gradients", value: "4 bits within a node, then between nodes; vectors as they are",
          source: "all_to_all_quant_reduce of deepspeed/runtime/comm/coalesced_collectives.py, 0.19.8"))
    }
    return result
  }
}
