/// Why a string of allocator options cannot be read. Two errors are equal when their codes are.
public struct AllocatorSettingsError: Error, Sendable {
  public struct Code: RawRepresentable, Hashable, Sendable {
    public var rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let unknownKey = Code(rawValue: "allocator-unknown-key")
    public static let unknownBackend = Code(rawValue: "allocator-unknown-backend")
    public static let malformed = Code(rawValue: "allocator-malformed")
    public static let badValue = Code(rawValue: "allocator-bad-value")
  }

  public var code: Code
  /// The option at which reading stopped.
  public var key: String
  /// What stood there.
  public var value: String

  init(_ code: Code, key: String, value: String) {
    self.code = code
    self.key = key
    self.value = value
  }
}

extension AllocatorSettingsError: Equatable {
  public static func == (left: AllocatorSettingsError, right: AllocatorSettingsError) -> Bool {
    left.code == right.code
  }
}
