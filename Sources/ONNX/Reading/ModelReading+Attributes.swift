internal import COnnx
internal import Checkpoint

extension ModelReading {
  /// The kinds of `AttributeProto.AttributeType`.
  private enum Kind: Int32, CaseIterable {
    case float = 1
    case integer, string, tensor, graph, floats, integers, strings, tensors, graphs
    case sparseTensor, sparseTensors, type, types

    init?(number: Int32) { self.init(rawValue: number) }

    /// Kinds of which an empty list is a value.
    var isList: Bool {
      switch self {
      case .floats, .integers, .strings, .tensors, .graphs, .sparseTensors, .types: true
      default: false
      }
    }
  }

  mutating func attributes(
    _ list: Repeated<Connx__Attribute>, _ count: Int, of owner: @autoclosure () -> String
  ) -> [Attribute] {
    guard count > 0 else { return [] }
    var attributes: [Attribute] = []
    attributes.reserveCapacity(count)
    var names: Set<String> = []
    for message in elements(list, count) {
      let name = text(message.pointee.name)
      if count > 1, !names.insert(name).inserted {
        findings.add(
          .error, .attributeRepeated, file: fileName, "\(quoted(owner())) has the attribute \(quoted(name)) twice")
      }
      guard let value = value(message.pointee, "the attribute \(quoted(name)) of \(quoted(owner()))") else { continue }
      attributes.append(Attribute(name, value))
    }
    return attributes
  }

  /// An attribute's value; nil, with a finding, where it has none.
  private mutating func value(_ message: Connx__Attribute, _ what: @autoclosure () -> String) -> AttributeValue? {
    if message.ref_attr_name.len > 0 { return .reference(text(message.ref_attr_name)) }
    let filled = Self.filled(message)
    // Before version 2 of the format an attribute did not say its type.
    let declared = message.has_type != 0 && message.type != 0 ? message.type : nil
    if filled.count > 1 {
      findings.add(
        .error, .attributeAmbiguous, file: fileName, "\(what()) has \(filled.count) values",
        help: "The writer of this file is at fault: save it again.")
    }
    guard let kind = declared.map(Kind.init(number:)) ?? filled.first else {
      findings.add(
        .error, .attributeEmpty, file: fileName,
        declared == nil ? "\(what()) has neither a type nor a value" : "\(what()) is of an unknown type")
      return nil
    }
    if !filled.contains(kind), !kind.isList || !filled.isEmpty {
      if filled.isEmpty {
        findings.add(.error, .attributeEmpty, file: fileName, "\(what()) has no value")
      } else {
        findings.add(.error, .attributeAmbiguous, file: fileName, "\(what()) has a value that is not of its type")
      }
    }
    return value(message, kind: kind, what())
  }

  private static func filled(_ message: Connx__Attribute) -> [Kind] {
    let kinds: [(Bool, Kind)] = [
      (message.has_f != 0, .float), (message.has_i != 0, .integer), (message.has_s != 0, .string),
      (message.t != nil, .tensor), (message.g != nil, .graph), (message.sparse_tensor != nil, .sparseTensor),
      (message.tp != nil, .type), (message.n_floats > 0, .floats), (message.n_ints > 0, .integers),
      (message.n_strings > 0, .strings), (message.n_tensors > 0, .tensors), (message.n_graphs > 0, .graphs),
      (message.n_sparse_tensors > 0, .sparseTensors), (message.n_type_protos > 0, .types),
    ]
    return kinds.filter(\.0).map(\.1)
  }

  private mutating func value(_ message: Connx__Attribute, kind: Kind, _ what: @autoclosure () -> String)
    -> AttributeValue?
  {
    switch kind {
    case .float: return .float(Double(message.f))
    case .integer: return .integer(Int(message.i))
    case .string: return .string(bytes(message.s))
    case .tensor: return message.t.map { .tensor(tensor($0.pointee)) }
    case .graph: return message.g.map { .graph(graph($0.pointee)) }
    case .sparseTensor: return message.sparse_tensor.map { .tensor(sparseTensor($0.pointee)) }
    case .type: return message.tp.flatMap { type($0.pointee, of: what()) }.map { .type($0) }
    case .floats:
      return .floats(UnsafeBufferPointer(start: message.floats, count: message.n_floats).map(Double.init))
    case .integers: return .integers(UnsafeBufferPointer(start: message.ints, count: message.n_ints).map(Int.init))
    case .strings:
      return .strings(UnsafeBufferPointer(start: message.strings, count: message.n_strings).map(bytes))
    case .tensors: return .tensors(elements(message.tensors, message.n_tensors).map { tensor($0.pointee) })
    case .graphs: return .graphs(elements(message.graphs, message.n_graphs).map { graph($0.pointee) })
    case .sparseTensors:
      return .tensors(elements(message.sparse_tensors, message.n_sparse_tensors).map { sparseTensor($0.pointee) })
    case .types:
      return .types(
        elements(message.type_protos, message.n_type_protos).compactMap { type($0.pointee, of: what()) })
    }
  }

  /// An attribute's text is bytes by the format, so that it need not be UTF-8.
  private func bytes(_ data: ProtobufCBinaryData) -> String {
    String(decoding: UnsafeBufferPointer(start: data.data, count: data.data == nil ? 0 : data.len), as: UTF8.self)
  }
}
