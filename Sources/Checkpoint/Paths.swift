internal import Glibc
internal import Units

/// `name` within `folder`, as the user would type it.
package func joined(_ folder: String, _ name: String) -> String {
  if folder.isEmpty || folder == "." { return name }
  return folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
}

/// A path's folder (empty for the current one) and its last part.
package func splitPath(_ path: String) -> (folder: String, name: String) {
  guard let slash = path.lastIndex(of: "/") else { return ("", path) }
  let folder = slash == path.startIndex ? "/" : String(path[..<slash])
  return (folder, String(path[path.index(after: slash)...]))
}

/// The path with every link resolved; nil where it leads nowhere.
package func resolvedPath(_ path: String) -> String? {
  guard let real = realpath(path.isEmpty ? "." : path, nil) else { return nil }
  defer { free(real) }
  return String(cString: real)
}

package func isFolder(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

package func isLink(_ path: String) -> Bool {
  var status = stat()
  return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
}

/// Whether something of this name is there, a dangling link included.
package func exists(_ path: String) -> Bool {
  var status = stat()
  return lstat(path, &status) == 0
}

/// The names in a folder, in natural order, without `.` and `..`.
package func folderEntries(_ path: String) throws(CheckpointError) -> [String] {
  guard let stream = opendir(path) else { throw .cannotOpen(path, errno) }
  defer { closedir(stream) }
  var names: [String] = []
  while let entry = readdir(stream) {
    let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    if name != ".", name != ".." { names.append(name) }
  }
  return names.sorted(by: NaturalOrder.precedes)
}
