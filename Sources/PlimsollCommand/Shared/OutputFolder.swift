internal import Checkpoint
internal import Glibc
internal import Report

/// A folder that files are written to: made if it is missing, and never the input's own.
struct OutputFolder {
  var path: String
  /// The folder that was read.
  var input: String

  /// Writes all of the files or, where one of them is there with other content, none.
  func write(_ files: [LaunchFile], replacing: Bool) throws {
    let place = Self.resolvedParent(of: path)
    guard place != input, !place.hasPrefix(input == "/" ? "/" : input + "/") else {
      throw refusal(
        "output-beside-input", path, "the folder belongs to the checkpoint", "nothing is written beside an input")
    }
    if !replacing {
      for file in files where exists(joined(path, file.name)) && !isSame(file) {
        throw refusal(
          "output-exists", joined(path, file.name), "a file with other content is there", "--force replaces it")
      }
    }
    try makeFolder(path)
    for file in files {
      let name = joined(path, file.name)
      try Output.write(Array(file.text.utf8), to: name)
      if file.isExecutable { chmod(name, 0o755) }
    }
  }

  private func isSame(_ file: LaunchFile) -> Bool {
    guard let stream = fopen(joined(path, file.name), "rb") else { return false }
    defer { fclose(stream) }
    let expected = Array(file.text.utf8)
    // One byte more shows a file that goes on.
    var bytes = [UInt8](repeating: 0, count: expected.count + 1)
    let count = fread(&bytes, 1, bytes.count, stream)
    return count == expected.count && bytes.prefix(count).elementsEqual(expected)
  }

  private func makeFolder(_ folder: String) throws {
    guard !folder.isEmpty, !isFolder(folder) else { return }
    let parent = splitPath(folder).folder
    if parent != folder { try makeFolder(parent) }
    guard mkdir(folder, 0o777) == 0 || isFolder(folder) else {
      let reason = strerror(errno).map { String(cString: $0) } ?? "error \(errno)"
      throw refusal("output-not-writable", folder, "cannot be made: \(reason)", "--output with --emit wants a folder")
    }
  }

  /// The path with the links of what exists of it resolved.
  private static func resolvedParent(of path: String) -> String {
    if let real = resolvedPath(path) { return real }
    let (parent, name) = splitPath(path)
    return parent == path ? path : joined(resolvedParent(of: parent), name)
  }

  private func refusal(_ code: String, _ file: String, _ message: String, _ help: String) -> Failure {
    Failure(.wrongUsage, ErrorReport(code: code, file: file, message: message, help: help))
  }
}
