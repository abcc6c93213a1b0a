import FoundationEssentials
import Glibc

/// A folder that goes away with the last reference to it.
final class TemporaryFolder: Sendable {
  let path: String

  init() {
    let base = FileManager.default.temporaryDirectory.path
    path = "\(base)/plimsoll-tests-\(getpid())-\(UInt64.random(in: .min ... .max))"
    mkdir(path, 0o755)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a file, followed by a hole of `hole` bytes. Folders in `name` are made.
  @discardableResult
  func write(_ name: String, _ bytes: some Sequence<UInt8>, hole: Int = 0) throws -> String {
    if let slash = name.lastIndex(of: "/") {
      try FileManager.default.createDirectory(atPath: file(String(name[..<slash])), withIntermediateDirectories: true)
    }
    let descriptor = open(file(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Problem(name: name) }
    defer { close(descriptor) }
    let bytes = Array(bytes)
    guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count,
      ftruncate(descriptor, off_t(bytes.count + hole)) == 0
    else { throw Problem(name: name) }
    return file(name)
  }

  @discardableResult
  func write(_ name: String, text: String) throws -> String { try write(name, text.utf8) }

  func link(_ name: String, to target: String) throws {
    guard symlink(target, file(name)) == 0 else { throw Problem(name: name) }
  }

  func remove(_ name: String) throws {
    guard unlink(file(name)) == 0 else { throw Problem(name: name) }
  }

  func pipe(_ name: String) throws {
    guard mkfifo(file(name), 0o644) == 0 else { throw Problem(name: name) }
  }

  func folder(_ name: String) throws {
    try FileManager.default.createDirectory(atPath: file(name), withIntermediateDirectories: true)
  }

  struct Problem: Error {
    var name: String
  }
}
