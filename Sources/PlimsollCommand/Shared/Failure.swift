internal import Checkpoint
internal import Report

/// Why a command has no answer, and the exit code that says so.
struct Failure: Error {
  var status: ExitStatus
  var report: ErrorReport

  init(_ status: ExitStatus, _ report: ErrorReport) {
    self.status = status
    self.report = report
  }

  init(_ error: CheckpointError) {
    self.init(error.isMissingInput ? .unreadableInput : .malformedInput, ErrorReport(error))
  }

  /// The one place where an error of any kind becomes an exit code and a text.
  init(_ error: any Error) {
    switch error {
    case let failure as Failure: self = failure
    case let error as CheckpointError: self.init(error)
    default: self.init(.internalFault, ErrorReport(code: "internal-fault", message: "\(error)"))
    }
  }
}
