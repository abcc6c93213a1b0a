internal import ArgumentParser

/// What connects GPUs, as a flag takes it: `nvlink`, `infiniband:400`.
struct Interconnect: ExpressibleByArgument, Hashable {
  enum Kind: String, CaseIterable {
    case nvlink, pcie, infiniband, roce, ethernet

    var isBetweenNodes: Bool {
      switch self {
      case .nvlink, .pcie: false
      case .infiniband, .roce, .ethernet: true
      }
    }
  }

  var kind: Kind
  /// Gbit/s of each GPU's link; nil where the kind's usual rate is meant.
  var rate: Double?

  init?(argument: String) {
    let parts = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let kind = Kind(rawValue: String(parts[0])) else { return nil }
    self.kind = kind
    guard parts.count > 1 else { return }
    guard let rate = Double(parts[1]), rate > 0, rate < 1e6 else { return nil }
    self.rate = rate
  }

  static var allValueStrings: [String] { Kind.allCases.map(\.rawValue) }
}
