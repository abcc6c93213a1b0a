public import Architecture
public import ArgumentParser
public import Graph
public import Strategy
public import TrainingStep
public import Units

// The words of the flags are the raw values of the types that they become.

extension TrainingTask: ExpressibleByArgument {}
extension ForwardSettings.Precision: ExpressibleByArgument {}
extension ForwardSettings.Attention: ExpressibleByArgument {}
extension ForwardSettings.Loop: ExpressibleByArgument {}
extension ForwardSettings.Loss: ExpressibleByArgument {}
extension ForwardSettings.Kernels: ExpressibleByArgument {}
extension Optimizer: ExpressibleByArgument {}
extension Checkpointing: ExpressibleByArgument {}
extension StrategyKind: ExpressibleByArgument {}
extension PlanObjective: ExpressibleByArgument {}
extension Offload: ExpressibleByArgument {}
extension PipelineSchedule: ExpressibleByArgument {}
extension LaunchEngine: ExpressibleByArgument {}

extension ByteCount: ExpressibleByArgument {
  /// `24GiB`, `80GB`, `512MiB`, or a plain number of bytes.
  public init?(argument: String) {
    guard let size = try? ByteCount(parsing: argument), size > .zero else { return nil }
    self = size
  }
}

extension NodeLinks: ExpressibleByArgument {
  /// `nvlink`, `infiniband:400`, `infiniband:200,roce:200`.
  public init?(argument: String) {
    guard let links = try? NodeLinks(parsing: argument) else { return nil }
    self = links
  }

  public static var allValueStrings: [String] { Interconnect.allValueStrings }
}

extension Interconnect: ExpressibleByArgument {
  /// `nvlink`, `infiniband:400`.
  public init?(argument: String) {
    guard let link = try? Interconnect(parsing: argument) else { return nil }
    self = link
  }

  public static var allValueStrings: [String] { Kind.allCases.map(\.rawValue) }
}
