internal import Checkpoint
internal import Units

/// Fills layers, modules and placements, in one pass over the tensors.
struct Assembly {
  /// Modules of one block, or beside the blocks.
  struct Modules {
    var modules: [Role: ModuleParameters] = [:]
    var others: [ModuleParameters] = []
  }

  private let choice: FamilyChoice
  private let table: PatternTable
  private let weightSet: WeightSet
  private let packed: PackedWeights
  /// For each pattern: what its tensors' placements say.
  private let components: [Component]
  /// For each column: its blocks, and what stands beside them.
  private var blocks: [[Modules]]
  private var beside: [Modules]
  /// The shape of the input embedding.
  private let embedding: Shape?
  /// Blocks of the principal column that are no layers of the model.
  private var extraBlocks: Set<Int> = []

  private(set) var placements: [ModelDescription.Placement] = []
  private(set) var outside = Modules()
  private(set) var layers: [ModelDescription.Layer] = []
  private(set) var otherStacks: [ModelDescription.Stack] = []

  init(_ choice: FamilyChoice, _ table: PatternTable, _ weightSet: WeightSet, _ packed: PackedWeights) {
    self.packed = packed
    self.choice = choice
    self.table = table
    self.weightSet = weightSet
    components = table.patterns.indices.map {
      Self.component(of: $0, choice.assignment, table, isAdapter: weightSet.kind == .adapter)
    }
    embedding = choice.assignment.roles.firstIndex(of: .inputEmbedding).map {
      weightSet.tensors[table.patterns[$0].example].shape
    }
    blocks = choice.assignment.stacks.map { [Modules](repeating: Modules(), count: $0.blocks.count) }
    beside = [Modules](repeating: Modules(), count: choice.assignment.stacks.count)
  }

  mutating func run() {
    let assignment = choice.assignment
    placements.reserveCapacity(weightSet.tensors.count)
    // The block in which a pattern was last seen: the experts after the first add nothing to it.
    var lastSeen = [Int32](repeating: -1, count: table.patterns.count)
    let isTransposed = choice.isTransposed
    let helpers = table.patterns.map { $0.part == .buffer || $0.part == .quantization }
    let inBlock = table.patterns.indices.map { assignment.stackOf[$0] >= 0 && table.patterns[$0].stackPath != nil }
    for position in weightSet.tensors.indices {
      let number = Int(table.patternOf[position])
      let block = table.blockOf[position]
      // A name may hold a `#` of its own, which is no index.
      let isInBlock = inBlock[number] && block >= 0
      let isHelper = helpers[number]
      placements.append(
        ModelDescription.Placement(
          component: components[number], layer: isInBlock ? Int(block) : nil, isParameter: !isHelper))
      guard !isHelper, lastSeen[number] != block || block < 0 else { continue }
      lastSeen[number] = block
      let tensor = weightSet.tensors[position]
      let packed = packed.weights[position]
      let pattern = table.patterns[number]
      let stack = assignment.stackOf[number]
      let role = assignment.roles[number]
      if isInBlock {
        guard let slot = assignment.stacks[stack].slot(of: block) else { continue }
        Self.add(tensor, packed, pattern, role, to: &blocks[stack][slot], isTransposed: isTransposed)
        if stack == assignment.principal, predictsMore(pattern, tensor) { extraBlocks.insert(slot) }
      } else if stack >= 0, stack != assignment.principal {
        Self.add(tensor, packed, pattern, role, to: &beside[stack], isTransposed: isTransposed)
      } else {
        Self.add(tensor, packed, pattern, role, to: &outside, isTransposed: isTransposed)
      }
    }
    finish(assignment)
  }

  /// Whether a block that owns this is a multi-token-prediction block (DeepSeek-V3, GLM-4.5): it joins the hidden
  /// state to an embedding that it keeps a copy of. A layer of the model owns no embedding.
  private func predictsMore(_ pattern: TensorPattern, _ tensor: StoredTensor) -> Bool {
    if pattern.module == "eh_proj" { return true }
    return pattern.tally.tensors == 1 && tensor.shape.rank == 2 && tensor.shape == embedding
  }

  private static func add(
    _ tensor: StoredTensor, _ packed: PackedWeights.Weight?, _ pattern: TensorPattern, _ role: Role?,
    to target: inout Modules, isTransposed: Bool
  ) {
    if pattern.adapter == .other { return }
    let path = String(Substring(tensor.name.utf8.dropLast(pattern.suffixLength)))
    guard let role, role != .other else {
      // Weight and bias of one module are neighbours in natural order, or nearly.
      if let known = target.others.suffix(32).lastIndex(where: { $0.path == path }) {
        merge(tensor, packed, pattern, path, &target.others[known], isTransposed: isTransposed)
      } else {
        target.others.append(ModuleParameters(path: path, weight: nil, bias: nil))
        merge(tensor, packed, pattern, path, &target.others[target.others.count - 1], isTransposed: isTransposed)
      }
      return
    }
    merge(
      tensor, packed, pattern, path,
      &target.modules[role, default: ModuleParameters(path: path, weight: nil, bias: nil)],
      isTransposed: isTransposed)
  }

  private static func merge(
    _ tensor: StoredTensor, _ packed: PackedWeights.Weight?, _ pattern: TensorPattern, _ path: String,
    _ module: inout ModuleParameters, isTransposed: Bool
  ) {
    switch (pattern.part, pattern.adapter) {
    case (_, .down?): mergeAdapter(&module, input: tensor.shape)
    case (_, .up?): mergeAdapter(&module, output: tensor.shape)
    case (.bias, _):
      if module.bias == nil { module.bias = tensor.shape }
    case (.weight, _):
      guard module.weight == nil else { return }
      module.weight = tensor.shape
      module.path = path
      module.isTransposed = isTransposed && tensor.shape.rank == 2 && pattern.stackPath != nil
    case (.packedWeight, _):
      module.path = path
      guard module.weight == nil else { return }
      module.weight = packed?.shape
      module.grouped = packed?.grouped
    case (.quantization, _), (.buffer, _): break
    }
  }

  /// The two factors of a low-rank update give the shape of the weight that they adapt.
  private static func mergeAdapter(_ module: inout ModuleParameters, input: Shape? = nil, output: Shape? = nil) {
    var shape = module.weight?.dimensions ?? [0, 0]
    if let input, input.rank == 2 { shape[1] = input[1] }
    if let output, output.rank == 2 { shape[0] = output[0] }
    module.weight = Shape(shape)
  }

  private mutating func finish(_ assignment: RoleAssignment) {
    for (number, stack) in assignment.stacks.enumerated() {
      let all = zip(stack.blocks, blocks[number]).map { index, block in
        ModelDescription.Layer(
          index: index, path: "\(stack.path)\(index)", modules: block.modules, others: block.others)
      }
      let path = String(stack.path.dropLast())
      guard number == assignment.principal else {
        otherStacks.append(ModelDescription.Stack(path: path, layers: all, modules: beside[number].modules))
        outside.others += beside[number].others
        continue
      }
      layers = all.enumerated().filter { !extraBlocks.contains($0.offset) }.map(\.element)
      let extra = all.enumerated().filter { extraBlocks.contains($0.offset) }.map(\.element)
      if !extra.isEmpty { otherStacks.append(ModelDescription.Stack(path: path, layers: extra, modules: [:])) }
    }
  }
}

extension Assembly {
  private static func component(
    of number: Int, _ assignment: RoleAssignment, _ table: PatternTable, isAdapter: Bool
  ) -> Component {
    let pattern = table.patterns[number]
    if pattern.part == .quantization { return .quantization }
    if pattern.part == .buffer { return .buffer }
    if isAdapter || pattern.adapter != nil { return .adapter }
    let isPrincipal = assignment.stackOf[number] >= 0 && assignment.stackOf[number] == assignment.principal
    if !isPrincipal, pattern.text.isPerception { return .vision }
    if let role = assignment.roles[number], role != .other { return role.component }
    return hint(pattern.text)
  }

  /// The component that a name speaks of.
  private static func hint(_ name: String) -> Component {
    let name = name.lowercased()
    for (word, component) in hints where name.contains(word) { return component }
    return .other
  }

  private static let hints: KeyValuePairs<String, Component> = [
    "norm": .norm, ".ln_": .norm, "expert": .experts, "moe": .experts, "attn": .attention, "attention": .attention,
    "mlp": .mlp, "ffn": .mlp, "feed_forward": .mlp, "embed": .embedding, ".wte": .embedding, "lm_head": .head,
    "classifier": .head, "score": .head,
  ]
}
