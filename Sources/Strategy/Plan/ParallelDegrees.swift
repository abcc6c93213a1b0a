/// How many ways each kind of parallelism splits a run. Their product is the number of GPUs.
public struct ParallelDegrees: Hashable, Sendable {
  public var data: Int
  public var tensor: Int
  public var pipeline: Int
  public var context: Int
  public var expert: Int

  public init(data: Int = 1, tensor: Int = 1, pipeline: Int = 1, context: Int = 1, expert: Int = 1) {
    self.data = data
    self.tensor = tensor
    self.pipeline = pipeline
    self.context = context
    self.expert = expert
  }

  /// Ranks that have tokens of their own: of the batch, of its sequences, and of those that experts are shared over.
  public var replicas: Int { data * context * expert }

  /// nil where the product passes 2^63 - 1 or a degree is less than 1.
  public var worldSize: Int? {
    var product = 1
    for degree in [data, tensor, pipeline, context, expert] {
      let (next, overflow) = product.multipliedReportingOverflow(by: degree)
      guard degree >= 1, !overflow else { return nil }
      product = next
    }
    return product
  }
}
