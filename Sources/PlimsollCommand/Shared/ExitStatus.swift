internal import ArgumentParser

/// The program's exit codes; those above 63 are those of `sysexits.h`.
enum ExitStatus: Int32 {
  /// Done, and what was asked holds.
  case yes = 0
  /// Done, and what was asked does not hold.
  case no = 1
  case wrongUsage = 64
  case malformedInput = 65
  case unreadableInput = 66
  case internalFault = 70

  var code: ExitCode { ExitCode(rawValue) }
}
