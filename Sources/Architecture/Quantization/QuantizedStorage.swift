/// How the weights of a checkpoint are quantised, and what they and their scales come to.
public struct QuantizedStorage: Hashable, Sendable {
  /// The weights that are stored in one way.
  public struct Scheme: Hashable, Sendable {
    /// What it is called: `GPTQ`, `FP8 in blocks of 128 x 128`.
    public var method: String
    /// Whether the stored shapes are those of the packing, and not the model's.
    public var isPacked = false
    /// How many weights are stored so.
    public var weights = 0
    /// Their elements as the model sees them; nil where packing hides them.
    public var elements: Int? = 0
    /// The bytes of the packed or narrow elements alone.
    public var weightBytes = 0
    /// What lies beside them: scales, zero points, maps, indices, shapes.
    public var helperTensors = 0
    public var helperBytes = 0

    public init(method: String) { self.method = method }

    /// What an element takes with everything that belongs to it.
    public var bitsPerWeight: Double? {
      guard let elements, elements > 0 else { return nil }
      return (Double(weightBytes) + Double(helperBytes)) * 8 / Double(elements)
    }
  }

  /// The schemes by name.
  public var schemes: [Scheme]
  /// All of them together, with those helpers that belong to none of the weights, such as the scales of a cache.
  public var all: Scheme
  /// What a parameter takes over the whole model, whole weights and all; nil where packing hides how many there are.
  public var bitsPerParameter: Double?
}
