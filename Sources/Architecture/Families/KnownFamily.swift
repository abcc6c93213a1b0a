/// A family of models that has a row, as a reader of the program sees it.
public struct KnownFamily: Hashable, Sendable {
  public var name: String
  /// The values of `model_type` that it reads.
  public var modelTypes: [String]
  /// Whether its training step is simulated by its own forward pass.
  public var isSimulated: Bool

  /// Every family, in the order of its name.
  public static let all: [KnownFamily] = Family.all
    .map { KnownFamily(name: $0.name, modelTypes: $0.modelTypes, isSimulated: $0.forward != nil) }
    .sorted { $0.name < $1.name }
}
