internal import Checkpoint
internal import Glibc

/// A file beside the model that holds weights. It is looked at, never opened.
enum ExternalFile {
  /// `path` as the user would type it.
  case found(path: String, length: Int)
  case refused

  /// Why a location is not followed, by the words of it alone; nil for one that stays below the folder.
  static func refusal(of location: String) -> String? {
    if location.isEmpty { return "is empty" }
    if location.utf8.contains(0) { return "holds a NUL" }
    if location.utf8.first == UInt8(ascii: "/") { return "is an absolute path" }
    if location.utf8.contains(UInt8(ascii: "\\")) { return "holds a backslash" }
    let parts = location.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    if parts.contains(where: { $0.elementsEqual("..".utf8) }) { return "leads upwards" }
    return nil
  }

  /// The folders, links resolved, in which the weights of the model at `path` may lie: the one that the user named, and
  /// the `blobs` that the model itself is a link into, as in the Hugging Face cache.
  static func allowedFolders(of path: String) -> (home: String?, blobs: String?) {
    let home = resolvedPath(splitPath(path).folder).map { $0.hasSuffix("/") ? $0 : $0 + "/" }
    guard isLink(path), let target = resolvedPath(path) else { return (home, nil) }
    let folder = splitPath(target).folder
    return (home, splitPath(folder).name == "blobs" ? folder + "/" : nil)
  }

  /// The length of the regular file at `path`, or what it is instead.
  static func length(of path: String) -> Result<Int, Absence> {
    var status = stat()
    guard stat(path, &status) == 0 else { return .failure(Absence(words: errno == ENOENT ? "is not there" : nil)) }
    guard status.st_mode & S_IFMT == S_IFREG else { return .failure(Absence(words: "is no regular file")) }
    return .success(Int(status.st_size))
  }

  struct Absence: Error {
    var words: String

    init(words: String?) { self.words = words ?? "cannot be opened: \(String(cString: strerror(errno)))" }
  }
}
