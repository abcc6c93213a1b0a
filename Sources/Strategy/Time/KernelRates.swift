/// What a GPU reaches of its datasheet's rates, kernel by kernel. A row of ``KernelRates/of(_:)``.
public struct KernelRates: Hashable, Sendable {
  /// Of the peak rate, in a product as large as one likes.
  public var products: Double
  /// The same of fp32 without tensor cores.
  public var wideProducts: Double
  /// Of the peak rate, in fused attention over long sequences: the flash kernel's two passes.
  public var attentionForward: Double
  public var attentionBackward: Double
  /// How fast the efficient kernel (CUTLASS) is beside the flash kernel.
  public var efficientAttention: Double
  /// Of the memory's bandwidth.
  public var bandwidth: Double
  /// Where it comes from.
  public var source: String

  init(
    products: Double, wideProducts: Double = 0.85, attention: (forward: Double, backward: Double),
    efficientAttention: Double = 0.55, bandwidth: Double, source: String
  ) {
    self.products = products
    self.wideProducts = wideProducts
    (attentionForward, attentionBackward) = attention
    self.efficientAttention = efficientAttention
    self.bandwidth = bandwidth
    self.source = source
  }
}
