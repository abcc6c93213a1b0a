internal import Graph

/// The parameters and the wrapped modules of a whole model, where the graph may have one layer for several.
struct WholeModel {
  /// In the model's order.
  let parameters: [ModelParameter]
  /// The keys of each module's parameters: the graph's modules, then those of layers that were left out.
  let modules: [[Int]]
  /// By place among the graph's values, what a parameter stands for.
  private let parameterCopies: [Int: Copies]
  /// The same by place among the graph's wrapped modules.
  private let moduleCopies: [Int: Copies]

  /// A part of a layer, with the same part of each layer that it stands for.
  private struct Copies {
    /// Itself, then the others as they lie in the model.
    var all: [Int]
    /// The same part of the block behind, where it lies in the first one.
    var successor: Int?

    /// The one in a copy of the block; nil where there are several and none is named.
    func member(_ number: Int?) -> Int? { all.count == 1 ? all[0] : number.map { all[$0] } }
  }

  /// - Parameter wrapped: nil where the engine wraps no modules.
  init(_ graph: Graph, _ wrapped: WrappedModules?, repeating layers: LayerRepetition?) {
    let parameters = graph.parameters(repeating: layers)
    self.parameters = parameters
    let sections = graph.sections.values
    let keys = Dictionary(grouping: parameters, by: \.place).mapValues { $0.map(\.key) }
    let ofParameters = Self.copies(
      keys.sorted { $0.key < $1.key }.map { (place: $0.key, all: $0.value, section: sections[$0.key]) }, layers)
    parameterCopies = ofParameters

    let given = wrapped?.modules ?? []
    let repeated = given.indices.filter { given[$0].section.flatMap { layers?.part($0) } == .second }
    let numbers = 0..<(layers?.copies ?? 0)
    var all = given.indices.map { [$0] }
    for (offset, module) in repeated.enumerated() {
      all[module] += numbers.map { given.count + $0 * repeated.count + offset }
    }
    moduleCopies = Self.copies(given.indices.map { (place: $0, all: all[$0], section: given[$0].section) }, layers)
    modules =
      given.map(\.parameters)
      + numbers.flatMap { number in
        repeated.map { module in
          given[module].parameters.map { ofParameters[$0]?.member(number + 1) ?? $0 }
        }
      }
  }

  /// - Parameter parts: in the model's order.
  private static func copies(
    _ parts: [(place: Int, all: [Int], section: Int?)], _ layers: LayerRepetition?
  ) -> [Int: Copies] {
    func places(in block: LayerRepetition.Part) -> [Int] {
      parts.filter { $0.section.flatMap { layers?.part($0) } == block }.map(\.place)
    }
    var copies = Dictionary(uniqueKeysWithValues: parts.map { ($0.place, Copies(all: $0.all)) })
    for (place, next) in zip(places(in: .first), places(in: .second)) { copies[place]?.successor = next }
    return copies
  }

  // MARK: - What stands for what

  /// The parameter that one of the graph is in a copy of its block (0 for the block itself); nil where it stands for
  /// others and none is named.
  func parameter(_ place: Int, ofCopy number: Int?) -> Int? { parameterCopies[place]?.member(number) }

  func module(_ place: Int, ofCopy number: Int?) -> Int? { moduleCopies[place]?.member(number) }

  /// Whether a parameter of the second block is what another is in the first.
  func parameter(_ place: Int, follows earlier: Int) -> Bool { parameterCopies[earlier]?.successor == place }

  func module(_ place: Int, follows earlier: Int) -> Bool { moduleCopies[earlier]?.successor == place }
}
