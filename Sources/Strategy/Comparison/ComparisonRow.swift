public import Units

/// One quantity by two reckonings: a calculator's and the files', or one checkpoint's and another's.
public struct ComparisonRow: Hashable, Sendable {
  public enum Value: Hashable, Sendable {
    case count(Int)
    case bytes(ByteCount)
    case text(String)
    /// This side does not know the quantity, or has no such thing.
    case none

    var number: Int? {
      switch self {
      case .count(let count): count
      case .bytes(let size): size.bytes
      case .text, .none: nil
      }
    }
  }

  /// What a row is about.
  public enum Section: String, CaseIterable, Sendable {
    case model, parameters, storage, memory, rules
  }

  /// A part of a difference, in the row's unit; nil where it tells no amount.
  public struct Cause: Hashable, Sendable {
    public var what: String
    public var amount: Int?

    public init(_ what: String, _ amount: Int? = nil) {
      self.what = what
      self.amount = amount
    }
  }

  public var section: Section
  public var quantity: String
  public var first: Value
  public var second: Value
  public var causes: [Cause]

  public init(_ section: Section, _ quantity: String, _ first: Value, _ second: Value, _ causes: [Cause] = []) {
    self.section = section
    self.quantity = quantity
    self.first = first
    self.second = second
    self.causes = causes.filter { $0.amount != 0 }
  }

  /// The second less the first; nil where one of them is no number. One that is missing counts as nothing where the other
  /// is a number.
  public var difference: Int? {
    switch (first.number, second.number) {
    case (nil, nil): nil
    case (let left, let right):
      if case .text = first { nil } else if case .text = second { nil } else { (right ?? 0) - (left ?? 0) }
    }
  }

  /// The row with what its causes leave unexplained under a name of its own.
  func completed(_ rest: String) -> ComparisonRow {
    guard let difference else { return self }
    let unexplained = difference - causes.reduce(0) { $0 + ($1.amount ?? 0) }
    guard unexplained != 0 else { return self }
    var row = self
    row.causes.append(Cause(rest, unexplained))
    return row
  }
}
