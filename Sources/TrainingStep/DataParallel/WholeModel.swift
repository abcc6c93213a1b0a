internal import Graph

/// The parameters and the wrapped modules of a whole model, where the graph may have one layer for several.
struct WholeModel {
  /// In the model's order.
  let parameters: [ModelParameter]
  /// The keys of each module's parameters: the graph's modules, then those of layers that were left out.
  let modules: [[Int]]
  /// By place among the graph's values, what a parameter stands for.
  private let keys: [Int: Family]
  /// By place among the graph's wrapped modules.
  private let moduleFamilies: [Int: Family]

  /// A part of a layer, and the same parts of the layers that it stands for.
  private struct Family {
    /// Itself, then the others, as they lie in the model.
    var members: [Int]
    /// The same part of the block behind, where it lies in the first one.
    var successor: Int?
    /// Whether it lies in the block that stands for others.
    var isRepeated: Bool
  }

  /// - Parameter wrapped: nil where the engine wraps no modules.
  init(_ graph: Graph, _ wrapped: WrappedModules?, repeating layers: LayerRepetition?) {
    let parameters = graph.parameters(repeating: layers)
    self.parameters = parameters
    let sections = graph.sections.values
    let places = graph.values.indices.filter { graph.values[$0].owner.index == $0 }
    let own = Dictionary(grouping: parameters, by: \.place).mapValues { $0.map(\.key) }
    let keys = Self.families(places.filter { own[$0] != nil }, layers) {
      sections[$0]
    } members: {
      own[$0] ?? []
    }
    self.keys = keys
    let given = wrapped?.modules ?? []
    let repeated = given.indices.filter { place in
      given[place].section.flatMap { layers?.part($0) } == .second
    }
    let offsets = Dictionary(uniqueKeysWithValues: zip(repeated, 0...))
    moduleFamilies = Self.families(Array(given.indices), layers) {
      given[$0].section
    } members: { place in
      guard let offset = offsets[place], let copies = layers?.copies else { return [place] }
      return [place] + (0..<copies).map { given.count + $0 * repeated.count + offset }
    }
    modules =
      given.map(\.parameters)
      + (0..<(layers?.copies ?? 0)).flatMap { copy in
        repeated.map { module in
          given[module].parameters.map { place in
            guard let family = keys[place], family.isRepeated else { return place }
            return family.members[copy + 1]
          }
        }
      }
  }

  /// - Parameters:
  ///   - places: in the model's order.
  ///   - section: of a place.
  private static func families(
    _ places: [Int], _ layers: LayerRepetition?, section: (Int) -> Int?, members: (Int) -> [Int]
  ) -> [Int: Family] {
    func lie(in part: LayerRepetition.Part) -> [Int] {
      places.filter { place in section(place).flatMap { layers?.part($0) } == part }
    }
    let (first, second) = (lie(in: .first), lie(in: .second))
    var families: [Int: Family] = [:]
    for place in places { families[place] = Family(members: members(place), successor: nil, isRepeated: false) }
    for place in second { families[place]?.isRepeated = true }
    for (place, next) in zip(first, second) { families[place]?.successor = next }
    return families
  }

  // MARK: - What stands for what

  /// The parameter that one of the graph is in a copy of its block (0 for the block itself); nil where it stands for
  /// others and none is named.
  func parameter(_ place: Int, ofCopy number: Int?) -> Int? { Self.member(keys[place], number) }

  func module(_ place: Int, ofCopy number: Int?) -> Int? { Self.member(moduleFamilies[place], number) }

  private static func member(_ family: Family?, _ number: Int?) -> Int? {
    guard let family, family.isRepeated else { return family?.members.first }
    return number.map { family.members[$0] }
  }

  /// Whether a parameter of the second block is what another is in the first.
  func parameter(_ place: Int, follows earlier: Int) -> Bool { keys[earlier]?.successor == place }

  func module(_ place: Int, follows earlier: Int) -> Bool { moduleFamilies[earlier]?.successor == place }
}
