/// Something whose training forward pass can be written down.
public protocol ForwardPass: Sendable {
  /// The forward pass up to the loss.
  func trainingGraph(_ settings: ForwardSettings) throws(LoweringError) -> Graph
}

/// Why a model cannot be written down as a graph.
public struct LoweringError: Error, Hashable, Sendable {
  public var message: String
  /// What to do about it, where there is something.
  public var help: String?

  package init(message: String, help: String? = nil) {
    self.message = message
    self.help = help
  }
}
