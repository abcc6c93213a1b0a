internal import Glibc
internal import Report

/// What standard output and standard error can show.
enum Terminal {
  static var standardOutput: TextStyle { style(of: STDOUT_FILENO) }
  static var standardError: TextStyle { style(of: STDERR_FILENO) }

  /// Colour wants a terminal that is not dumb and a NO_COLOR that is unset or empty (no-color.org).
  private static func style(of descriptor: Int32) -> TextStyle {
    guard isatty(descriptor) == 1 else { return .plain }
    var size = winsize()
    let hasSize = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    return TextStyle(
      hasColour: environment("NO_COLOR").isEmpty && environment("TERM") != "dumb",
      width: hasSize ? Int(size.ws_col) : nil)
  }

  private static func environment(_ name: String) -> String {
    getenv(name).map { String(cString: $0) } ?? ""
  }
}
