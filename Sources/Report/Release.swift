/// The program's release, as `--version` prints it and every JSON document carries it.
package enum Release {
  package static let version = "0.1.0"
}
