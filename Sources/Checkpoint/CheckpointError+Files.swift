internal import Glibc

extension CheckpointError {
  static func cannotOpen(_ path: String, _ number: Int32) -> CheckpointError {
    switch number {
    case ENOENT, ENOTDIR:
      CheckpointError(
        .fileMissing, file: path,
        message: isLink(path) ? "is a link to a file that is not there" : "no such file or folder",
        help: isLink(path)
          ? "The download may have been moved or cleaned up; download the checkpoint again." : "Check the spelling.",
        isMissingInput: true)
    case ELOOP:
      CheckpointError(
        .linkLoop, file: path, message: "is a link that leads back to itself",
        help: "Remove the link and download again.",
        isMissingInput: true)
    case EACCES, EPERM:
      CheckpointError(
        .fileUnreadable, file: path, message: "permission denied",
        help: "Check the permissions of the file and its folders.",
        isMissingInput: true)
    default:
      CheckpointError(
        .fileUnreadable, file: path, message: "cannot be opened: \(String(cString: strerror(number)))",
        isMissingInput: true)
    }
  }

  static func cannotRead(_ path: String, _ number: Int32) -> CheckpointError {
    CheckpointError(
      .fileUnreadable, file: path, message: "cannot be read: \(String(cString: strerror(number)))",
      isMissingInput: true)
  }

  static func notRegular(_ path: String, mode: mode_t) -> CheckpointError {
    let what =
      switch mode & S_IFMT {
      case S_IFDIR: "a folder"
      case S_IFIFO: "a pipe"
      case S_IFCHR, S_IFBLK: "a device"
      case S_IFSOCK: "a socket"
      default: "something else"
      }
    return CheckpointError(
      .notRegularFile, file: path, message: "is \(what), where a regular file is expected", isMissingInput: true)
  }

  private static func isLink(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
  }
}
