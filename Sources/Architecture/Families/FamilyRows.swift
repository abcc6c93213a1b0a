/// Which rows of families a description may use.
package enum FamilyRows: String, CaseIterable, Sendable {
  case all
  /// All but the one that the configuration names: what is told of a model of an unknown family.
  case others
  /// None: parts are guessed from names and shapes.
  case none

  func rows(without declared: Family?) -> [Family] {
    switch self {
    case .all: Family.all
    case .others: Family.all.filter { $0.name != declared?.name }
    case .none: []
    }
  }
}
