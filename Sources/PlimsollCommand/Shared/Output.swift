internal import Glibc
internal import Report

/// Where an answer goes.
enum Output {
  /// Writes to a file, or to standard output where there is none.
  ///
  /// A reader that goes away early (`| head`) is no error. A file appears complete or not at all.
  static func write(_ bytes: [UInt8], to path: String?) throws {
    guard let path else {
      let error = writeAll(bytes, to: STDOUT_FILENO)
      guard error == 0 || error == EPIPE else {
        throw Failure(
          .internalFault, ErrorReport(code: "output-failed", message: "cannot write the answer: \(reason(error))"))
      }
      return
    }
    let error = replaceFile(at: path, with: bytes)
    guard error == 0 else {
      throw Failure(
        .wrongUsage,
        ErrorReport(
          code: "output-not-writable", file: path, message: "cannot be written: \(reason(error))",
          help: "--output wants a file in a folder that exists"))
    }
  }

  /// Writes to standard error. Where that fails there is nowhere left to say so.
  static func writeError(_ text: String) {
    _ = writeAll(Array(text.utf8), to: STDERR_FILENO)
  }

  /// Writes beside the target and renames; returns 0 or an error number.
  private static func replaceFile(at path: String, with bytes: [UInt8]) -> Int32 {
    var status = stat()
    let exists = stat(path, &status) == 0
    if exists, status.st_mode & S_IFMT != S_IFREG {
      // A pipe or a device cannot be replaced, only written to.
      let descriptor = open(path, O_WRONLY | O_CLOEXEC)
      guard descriptor >= 0 else { return errno }
      let error = writeAll(bytes, to: descriptor)
      return close(descriptor) == 0 || error != 0 ? error : errno
    }
    let target = exists ? resolved(path) : path
    var template = Array("\(folder(of: target)).plimsoll-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { return errno }
    let mask = umask(0)
    umask(mask)
    var error = writeAll(bytes, to: descriptor)
    if error == 0, fchmod(descriptor, exists ? status.st_mode & 0o7777 : 0o666 & ~mask) != 0 { error = errno }
    if close(descriptor) != 0, error == 0 { error = errno }
    if error == 0, rename(template, target) != 0 { error = errno }
    if error != 0 { unlink(template) }
    return error
  }

  private static func folder(of path: String) -> Substring {
    path.lastIndex(of: "/").map { path[...$0] } ?? ""
  }

  /// Behind a link stands the file that is meant.
  private static func resolved(_ path: String) -> String {
    guard let name = realpath(path, nil) else { return path }
    defer { free(name) }
    return String(cString: name)
  }

  private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
    bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count > 0 {
          rest = rest.dropFirst(count)
        } else if errno != EINTR {
          return errno
        }
      }
      return 0
    }
  }

  private static func reason(_ error: Int32) -> String {
    strerror(error).map { String(cString: $0) } ?? "error \(error)"
  }
}
