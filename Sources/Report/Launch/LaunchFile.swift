/// A file that helps to start a run.
package struct LaunchFile: Hashable, Sendable {
  /// Its name in the folder.
  package var name: String
  package var text: String
  /// Whether it is a program that is started by its name.
  package var isExecutable = false

  init(_ name: String, _ text: String, isExecutable: Bool = false) {
    self.name = name
    self.text = text
    self.isExecutable = isExecutable
  }
}
