internal import CPickle

/// A pickle that was played without being run: values, globals by their names, and calls that nobody made.
final class Pickle {
  /// A value by its number.
  typealias Node = UInt32

  enum Value {
    case none
    case boolean(Bool)
    case integer(Int)
    case text(String)
    /// What a list, a tuple or a set holds.
    case items
    case dictionary
    case global(module: String, name: String)
    case call(callee: Node, arguments: Node)
    /// What lies outside of the pickle, and its name.
    case persistent(name: Node)
    /// A value of a kind that no tensor needs: bytes, floats, huge integers.
    case other
  }

  private let handle: OpaquePointer

  /// - Parameters:
  ///   - bytes: must outlive the pickle.
  ///   - base: where they begin in the file at `path`.
  init(_ bytes: UnsafeRawBufferPointer, path: String, base: Int) throws(CheckpointError) {
    var made: OpaquePointer?
    var problem = cpickle_error()
    let result = cpickle_open(bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, &made, &problem)
    guard result == CPICKLE_OK, let made else { throw CheckpointError(problem, path: path, base: base) }
    handle = made
  }

  deinit { cpickle_close(handle) }

  var root: Node { cpickle_root(handle) }

  /// The bytes up to the end of its last instruction.
  var length: Int { cpickle_length(handle) }

  func value(_ node: Node) -> Value {
    let value = cpickle_get(handle, node)
    switch value.kind {
    case CPICKLE_NULL: return .none
    case CPICKLE_BOOLEAN: return .boolean(value.integer != 0)
    case CPICKLE_INTEGER: return .integer(Int(value.integer))
    case CPICKLE_TEXT: return .text(Self.text(value.text, value.text_length))
    case CPICKLE_TUPLE, CPICKLE_LIST, CPICKLE_SET: return .items
    case CPICKLE_DICTIONARY: return .dictionary
    case CPICKLE_GLOBAL:
      return .global(
        module: Self.text(value.text, value.text_length), name: Self.text(value.other, value.other_length))
    case CPICKLE_CALL: return .call(callee: value.callee, arguments: value.arguments)
    case CPICKLE_PERSISTENT: return .persistent(name: value.arguments)
    default: return .other
    }
  }

  /// The first items of a node, in order.
  func items(_ node: Node, limit: Int = .max) -> [Node] {
    var items: [Node] = []
    var link = cpickle_get(handle, node).first
    while link != CPICKLE_NONE, items.count < limit {
      items.append(cpickle_item(handle, link))
      link = cpickle_next(handle, link)
    }
    return items
  }

  /// Keys and values of a dictionary, or of a call whose result was given some.
  func pairs(_ node: Node) -> [(key: Node, value: Node)] {
    guard cpickle_get(handle, node).has_pairs else { return [] }
    let items = items(node)
    return stride(from: 0, to: items.count - 1, by: 2).map { (items[$0], items[$0 + 1]) }
  }

  /// Every global that the pickle names, whether anything is made of it or not.
  var globals: [(module: String, name: String)] {
    (0..<cpickle_count(handle)).compactMap { node in
      guard cpickle_get(handle, node).kind == CPICKLE_GLOBAL, case .global(let module, let name) = value(node) else {
        return nil
      }
      return (module, name)
    }
  }

  private static func text(_ bytes: UnsafePointer<UInt8>?, _ length: Int) -> String {
    String(decoding: UnsafeBufferPointer(start: bytes, count: length), as: UTF8.self)
  }
}
