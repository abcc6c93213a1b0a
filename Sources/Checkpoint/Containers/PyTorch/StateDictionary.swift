internal import Units

/// The tensors that a pickle holds, under the names of a state dictionary.
struct StateDictionary {
  typealias Named = (name: String, tensor: PickledTensor)

  private(set) var tensors: [Named] = []
  private(set) var findings = FindingList()

  private let pickle: Pickle
  private let path: String
  /// The meanings of globals, which most tensors share.
  private var meanings: [Pickle.Node: PickledGlobal?] = [:]
  private var places: [String: Int] = [:]
  /// How many values may still be looked at: dictionaries may hold one another many times over.
  private var budget = 500_000

  /// Deeper than any training script nests its state.
  private static let depthLimit = 32

  init(_ pickle: Pickle, path: String) throws(CheckpointError) {
    self.pickle = pickle
    self.path = path
    reportGlobals()
    guard isDictionary(pickle.root) else {
      let what = words(for: pickle.root)
      findings.add(
        .error, .pickleNoTensors, "the pickle is no dictionary of tensors, but \(what)",
        help: "Save model.state_dict(), not the model: a pickled model is code.")
      return
    }
    try collect(try unwrapped(pickle.root), prefix: "", depth: 0)
    if tensors.isEmpty {
      findings.add(.error, .pickleNoTensors, "the pickle holds a dictionary, and no tensor in it")
    }
  }

  /// Everything outside of the list could run code. Whether it is called does not matter: to name it is to import it.
  private mutating func reportGlobals() {
    var names: Set<String> = []
    for (module, name) in pickle.globals where PickledGlobal(module: module, name: name) == nil {
      names.insert("\(module).\(name)")
    }
    guard !names.isEmpty else { return }
    // Those of the libraries come last: a pickled model has dozens.
    let sorted = names.sorted { left, right in
      let (first, second) = (Self.isOfLibrary(left), Self.isOfLibrary(right))
      return first == second ? left < right : second
    }
    let listed = sorted.prefix(12).joined(separator: ", ")
    findings.add(
      .error, .pickleForeignGlobal,
      "the pickle names \(listed)\(sorted.count > 12 ? " and \(sorted.count - 12) more" : ""), which no tensor needs; "
        + "loading it would import and could call them; nothing was run",
      help: "Load it only with weights_only=True, which refuses it, or ask its author for safetensors.")
  }

  private static func isOfLibrary(_ name: String) -> Bool {
    ["torch.nn.", "transformers."].contains(where: name.hasPrefix)
  }

  // MARK: Dictionaries

  private func isDictionary(_ node: Pickle.Node) -> Bool {
    switch pickle.value(node) {
    case .dictionary: return true
    case .call(let callee, _):
      if case .dictionary? = meaning(callee) { return true }
      return false
    default: return false
    }
  }

  /// The keys under which training scripts keep the model beside what else they save.
  private static let wrappers = [
    "state_dict", "model_state_dict", "model_state", "model", "module", "net", "network", "weights", "params",
  ]

  /// The dictionary that holds the model, down from a checkpoint that holds more.
  private mutating func unwrapped(_ root: Pickle.Node) throws(CheckpointError) -> Pickle.Node {
    var node = root
    for _ in 0..<4 {
      var parts: [(name: String, node: Pickle.Node)] = []
      for (key, value) in pickle.pairs(node) {
        if try tensor(value, name: "", depth: 0) != nil { return node }
        if case .text(let name) = pickle.value(key), isDictionary(value) { parts.append((name, value)) }
      }
      guard let inner = Self.wrappers.lazy.compactMap({ word in parts.first { $0.name == word } }).first else {
        return node
      }
      let others = parts.map(\.name).filter { $0 != inner.name }
      findings.add(
        .note, .pickleWrapped,
        "the model lies under \(inner.name.debugDescription)"
          + (others.isEmpty ? "" : "; beside it, and not counted: \(others.prefix(8).joined(separator: ", "))"))
      node = inner.node
    }
    return node
  }

  private mutating func collect(_ node: Pickle.Node, prefix: String, depth: Int) throws(CheckpointError) {
    for (key, value) in pickle.pairs(node) {
      budget -= 1
      guard budget > 0, depth < Self.depthLimit else {
        throw CheckpointError(
          .pickleTooLarge, file: path, message: "the dictionaries of the pickle hold one another without end",
          help: "No training script writes such a file: do not load it.")
      }
      let name: String
      switch pickle.value(key) {
      case .text(let text): name = prefix + text
      case .integer(let number): name = "\(prefix)\(number)"
      default: continue
      }
      if let tensor = try tensor(value, name: name, depth: 0) {
        add(tensor, name)
      } else if isDictionary(value) {
        try collect(value, prefix: "\(name).", depth: depth + 1)
      }
    }
  }

  private mutating func add(_ tensor: PickledTensor, _ name: String) {
    guard let place = places[name] else {
      places[name] = tensors.count
      tensors.append((name, tensor))
      return
    }
    tensors[place].tensor = tensor
    findings.add(
      .error, .duplicateTensorName, tensor: name, "the name occurs twice in the pickle; the last tensor counts")
  }

  // MARK: Tensors

  /// The tensor that a value stands for; nil where it is none.
  private mutating func tensor(
    _ node: Pickle.Node, name: String, depth: Int
  ) throws(CheckpointError) -> PickledTensor? {
    guard case .call(let callee, let arguments) = pickle.value(node) else { return nil }
    return try tensor(callee, arguments, name: name, depth: depth)
  }

  private mutating func tensor(
    _ callee: Pickle.Node, _ arguments: Pickle.Node, name: String, depth: Int
  ) throws(CheckpointError) -> PickledTensor? {
    if meanings[callee] == nil { meanings[callee] = meaning(callee) }
    guard depth < 8, let meaning = meanings[callee] ?? nil else { return nil }
    let items = pickle.items(arguments, limit: 8)
    switch meaning {
    case .tensor(let isTyped): return try view(items, isTyped: isTyped, name: name)
    case .wrapper:
      guard let first = items.first else { throw malformed(name, "has nothing to wrap") }
      return try tensor(first, name: name, depth: depth + 1)
    case .typed:
      guard items.count >= 3 else { throw malformed(name, "lacks its parts") }
      return try tensor(items[0], items[2], name: name, depth: depth + 1)
    case .otherTensor:
      if !name.isEmpty {
        findings.add(
          .warning, .pickleTensorKind, tensor: name,
          "the tensor is sparse, quantised by PyTorch or without bytes of its own; it is not counted")
      }
      return nil
    case .dictionary, .storage, .dataType, .inert: return nil
    }
  }

  private func view(_ items: [Pickle.Node], isTyped: Bool, name: String) throws(CheckpointError) -> PickledTensor {
    guard items.count >= (isTyped ? 7 : 4), case .persistent(let reference) = pickle.value(items[0]) else {
      throw malformed(name, "lacks its storage, offset, shape or strides")
    }
    let parts = pickle.items(reference, limit: 5)
    guard parts.count == 5, case .text("storage") = pickle.value(parts[0]),
      case .storage(let stored)? = meaning(parts[1]), case .text(let key) = pickle.value(parts[2]),
      case .integer(let count) = pickle.value(parts[4]), count >= 0
    else { throw malformed(name, "has a storage that is none") }
    var type = stored
    if isTyped, case .dataType(let own)? = meaning(items[6]) { type = own }
    guard let type else { throw malformed(name, "has a storage or a type that is not known") }
    guard case .integer(let offset) = pickle.value(items[1]), offset >= 0, let shape = sizes(items[2]),
      let strides = sizes(items[3]), shape.count == strides.count
    else { throw malformed(name, "has an offset, a shape or strides that are none") }
    // A storage without a type counts bytes.
    let (length, overflows) = count.multipliedReportingOverflow(by: stored.map { $0.bitWidth / 8 } ?? 1)
    guard !overflows else { throw malformed(name, "has a storage of \(count) elements") }
    let tensor = PickledTensor(
      storage: key, storageLength: length, dataType: type, offset: offset, shape: Shape(shape), strides: strides)
    guard tensor.range != nil else {
      throw CheckpointError(
        .pickleTensorRange, file: path, tensor: name, message: "the tensor passes the end of its storage",
        help: "The writer of this file is at fault: save it again.")
    }
    return tensor
  }

  /// A shape, or strides: at most 64 sizes, as torch has it.
  private func sizes(_ node: Pickle.Node) -> [Int]? {
    var list = node
    if case .call(let callee, let arguments) = pickle.value(node), case .inert? = meaning(callee) {
      // torch.Size((2, 3))
      guard let inner = pickle.items(arguments, limit: 1).first else { return nil }
      list = inner
    }
    guard case .items = pickle.value(list) else { return nil }
    var sizes: [Int] = []
    for item in pickle.items(list, limit: 65) {
      guard case .integer(let size) = pickle.value(item), size >= 0 else { return nil }
      sizes.append(size)
    }
    return sizes.count <= 64 ? sizes : nil
  }

  private func meaning(_ node: Pickle.Node) -> PickledGlobal? {
    guard case .global(let module, let name) = pickle.value(node) else { return nil }
    return PickledGlobal(module: module, name: name)
  }

  private func malformed(_ name: String, _ what: String) -> CheckpointError {
    CheckpointError(
      .pickleStructure, file: path, tensor: name, message: "the tensor \(what)",
      help: "The writer of this file is at fault: save it again.")
  }

  /// What the pickle holds instead of a dictionary.
  private func words(for node: Pickle.Node) -> String {
    switch pickle.value(node) {
    case .call(let callee, _):
      if case .global(let module, let name) = pickle.value(callee) { return "what \(module).\(name) would give" }
      return "what a call would give"
    case .global(let module, let name): return "\(module).\(name) itself"
    case .items: return "a list"
    case .none: return "None"
    default: return "a single value"
    }
  }
}
