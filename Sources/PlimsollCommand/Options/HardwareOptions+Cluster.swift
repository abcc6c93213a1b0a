internal import Report
internal import Strategy
internal import Units

extension HardwareOptions {
  /// The row that `--gpu` names.
  func row() throws(Failure) -> GPU? {
    guard let gpu else { return nil }
    do throws(HardwareError) {
      return try GPU.named(gpu)
    } catch {
      throw Failure(
        .wrongUsage, ErrorReport(code: error.code.rawValue, message: error.message, help: error.help))
    }
  }

  /// The links within a node and between nodes.
  var links: (within: Interconnect?, between: Interconnect?) {
    (interconnect.first { !$0.kind.isNetwork }, interconnect.first { $0.kind.isNetwork })
  }
}
