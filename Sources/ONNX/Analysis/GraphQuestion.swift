/// What a user says of a model's inputs.
public struct GraphQuestion: Sendable {
  /// An input's value.
  public enum Value: Sendable {
    /// Numbers in row-major order.
    case numbers([Double])
    case tensor(TensorDefinition)
  }

  /// Stands for the first axis of every input, where the model leaves it open.
  public var batchSize: Int?
  /// Stands for the second axis of every matrix of integers and of every input of rank 3, where the model leaves it open.
  public var sequenceLength: Int?
  /// Stands for the last two axes of every image, a tensor of rank 4 in floating point, where the model leaves them
  /// open.
  public var imageSize: Int?
  /// Named dimensions.
  public var dimensions: [String: Int] = [:]
  /// Whole shapes by input.
  public var shapes: [String: [Int]] = [:]
  public var values: [String: Value] = [:]

  public init() {}

  /// The sizes that are given.
  var sizes: [(InputSize, Int)] {
    [(.batch, batchSize), (.sequence, sequenceLength), (.image, imageSize)].compactMap { size, number in
      number.map { (size, $0) }
    }
  }
}

/// Why a question does not fit the model.
public struct GraphQuestionError: Error, Hashable {
  public var message: String
  public var help: String?
}
