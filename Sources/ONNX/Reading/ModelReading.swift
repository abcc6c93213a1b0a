internal import COnnx
internal import Checkpoint

/// One reading of one model, as it goes from C's messages to values.
struct ModelReading {
  let path: String
  /// The folder that the user named, against which locations of weights are resolved.
  let folder: String
  let fileName: String
  var findings = FindingList()
  /// Files of weights by their locations, so that each is looked for once.
  var externalFiles: [String: ExternalFile] = [:]

  init(path: String) {
    self.path = path
    (folder, fileName) = splitPath(path)
  }

  mutating func report(_ notes: [connx_note]) {
    for note in notes {
      let part = "\(String(cString: note.message)).\(String(cString: note.field))"
      if note.kind == CONNX_NOTE_MERGED {
        findings.add(
          .warning, .partRepeated, file: fileName, "\(part) is there again at byte \(note.offset); the two were merged")
      } else {
        findings.add(
          .warning, .wireType, file: fileName,
          "\(part) at byte \(note.offset) has a wire type that it cannot have, and is ignored",
          help: "The file may be damaged: download it again.")
      }
    }
  }

  mutating func model(_ message: Connx__Model, graph: Connx__Graph) -> Model {
    let version = Int(clamping: message.ir_version)
    check(irVersion: message.has_ir_version != 0 ? version : nil)
    var operatorSets = self.operatorSets(message.opset_import, message.n_opset_import, of: "the model")
    // Versions of operator sets came with version 3 of the format.
    if operatorSets.isEmpty, version < 3 { operatorSets[""] = 1 }
    var functions: [FunctionKey: FunctionDefinition] = [:]
    for function in elements(message.functions, message.n_functions) {
      let definition = self.function(function.pointee)
      if functions.updateValue(definition, forKey: definition.key) != nil {
        findings.add(
          .error, .functionRepeated, file: fileName,
          "the function \(quoted(definition.key.name)) of \(quoted(definition.key.domain)) is defined twice; the last counts"
        )
      }
    }
    var metadata: [String: String] = [:]
    for entry in elements(message.metadata_props, message.n_metadata_props) {
      metadata[text(entry.pointee.key)] = text(entry.pointee.value)
    }
    return Model(
      path: path, irVersion: version,
      producer: [text(message.producer_name), text(message.producer_version)].filter { !$0.isEmpty }
        .joined(separator: " "),
      operatorSets: operatorSets, graph: self.graph(graph), functions: functions, metadata: metadata, findings: [],
      bytesRead: 0)
  }

  private mutating func check(irVersion: Int?) {
    guard let irVersion, irVersion > 0 else {
      findings.add(
        .error, .irVersion, file: fileName, "the model does not say which version of the format it is in",
        help: "The writer of this file is at fault: save it again.")
      return
    }
    guard irVersion > Model.newestVersion else { return }
    findings.add(
      .warning, .irVersion, file: fileName,
      "version \(irVersion) of the format is newer than \(Model.newestVersion); what it added is not seen")
  }

  private mutating func operatorSets(
    _ list: Repeated<Connx__OperatorSet>, _ count: Int, of owner: @autoclosure () -> String
  ) -> [String: Int] {
    var sets: [String: Int] = [:]
    for set in elements(list, count) {
      let domain = self.domain(set.pointee.domain)
      if sets.updateValue(Int(clamping: set.pointee.version), forKey: domain) != nil {
        findings.add(
          .warning, .opsetRepeated, file: fileName,
          "\(owner()) imports the operator set \(quoted(domain.isEmpty ? "ai.onnx" : domain)) twice; the last counts")
      }
    }
    return sets
  }

  mutating func graph(_ message: Connx__Graph) -> GraphDefinition {
    var graph = GraphDefinition()
    graph.name = text(message.name)
    graph.initializers.reserveCapacity(message.n_initializer + message.n_sparse_initializer)
    for tensor in elements(message.initializer, message.n_initializer) {
      graph.initializers.append(self.tensor(tensor.pointee))
    }
    for tensor in elements(message.sparse_initializer, message.n_sparse_initializer) {
      graph.initializers.append(sparseTensor(tensor.pointee))
    }
    graph.nodes = nodes(message.node, message.n_node)
    graph.inputs = declarations(message.input, message.n_input)
    graph.outputs = declarations(message.output, message.n_output)
    graph.declarations = declarations(message.value_info, message.n_value_info)
    return graph
  }

  private mutating func function(_ message: Connx__Function) -> FunctionDefinition {
    var function = FunctionDefinition(
      key: FunctionKey(domain: domain(message.domain), name: text(message.name), overload: text(message.overload)))
    function.inputs = texts(message.input, message.n_input)
    function.outputs = texts(message.output, message.n_output)
    function.attributes = texts(message.attribute, message.n_attribute)
    function.defaults = attributes(message.attribute_proto, message.n_attribute_proto, of: function.key.name)
    function.nodes = nodes(message.node, message.n_node)
    function.operatorSets = operatorSets(
      message.opset_import, message.n_opset_import, of: "the function \(quoted(function.key.name))")
    function.declarations = declarations(message.value_info, message.n_value_info)
    return function
  }

  private mutating func nodes(_ list: Repeated<Connx__Node>, _ count: Int) -> [Node] {
    var nodes: [Node] = []
    nodes.reserveCapacity(count)
    for message in elements(list, count) {
      var node = Node()
      node.name = text(message.pointee.name)
      node.operatorType = text(message.pointee.op_type)
      node.domain = domain(message.pointee.domain)
      node.overload = text(message.pointee.overload)
      node.inputs = texts(message.pointee.input, message.pointee.n_input)
      node.outputs = texts(message.pointee.output, message.pointee.n_output)
      node.attributes = attributes(
        message.pointee.attribute, message.pointee.n_attribute,
        of: node.name.isEmpty ? node.operatorType : node.name)
      node.module = module(of: message.pointee, named: node.name)
      nodes.append(node)
    }
    return nodes
  }
}

/// C's array of messages.
typealias Repeated<Message> = UnsafeMutablePointer<UnsafeMutablePointer<Message>?>?

/// The messages of an array. protobuf-c leaves no hole in it.
func elements<Message>(_ list: Repeated<Message>, _ count: Int) -> [UnsafeMutablePointer<Message>] {
  UnsafeBufferPointer(start: list, count: list == nil ? 0 : count).compactMap { $0 }
}

extension ModelReading {
  /// The text of a field, empty where it is missing. What is not UTF-8 is replaced and reported.
  mutating func text(_ data: ProtobufCBinaryData) -> String {
    let bytes = UnsafeBufferPointer(start: data.data, count: data.data == nil ? 0 : data.len)
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    let text = String(decoding: bytes, as: UTF8.self)
    findings.add(
      .warning, .textNotUTF8, file: fileName, "the name \(quoted(text)) is not UTF-8",
      help: "Readers that check it refuse the file.")
    return text
  }

  mutating func texts(_ list: UnsafeMutablePointer<ProtobufCBinaryData>?, _ count: Int) -> [String] {
    var texts: [String] = []
    texts.reserveCapacity(count)
    for data in UnsafeBufferPointer(start: list, count: list == nil ? 0 : count) { texts.append(text(data)) }
    return texts
  }

  /// A domain's name; the default one has two spellings.
  private mutating func domain(_ data: ProtobufCBinaryData) -> String {
    let name = text(data)
    return name == "ai.onnx" ? "" : name
  }
}
