/// Something whose training forward pass can be written down.
public protocol ForwardPass: Sendable {
  /// The forward pass up to the loss.
  func trainingGraph(_ settings: ForwardSettings) throws(LoweringError) -> Graph
}

/// Why a model cannot be written down as a graph.
public struct LoweringError: Error, Hashable, Sendable {
  public var message: String

  package init(message: String) { self.message = message }
}
