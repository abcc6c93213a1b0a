internal import Strategy

/// A plan, and the files that start its winner.
package struct LaunchedPlan: Answer {
  package static let command = PlanAnswer.command

  let plan: any Answer
  let launch: LaunchFiles
  let folder: String

  package init(_ plan: any Answer, _ launch: LaunchFiles, folder: String) {
    self.plan = plan
    self.launch = launch
    self.folder = folder
  }

  package var holds: Bool { plan.holds }

  package var fields: [JSONValue.Field] {
    plan.fields + [
      .init(
        "launch",
        [
          "engine": .string(launch.engine.rawValue), "folder": .string(folder),
          "files": .array(launch.files.map { .string($0.name) }),
          "command": .string(launch.command.joined(separator: "\n")),
        ])
    ]
  }

  package var page: Page {
    let names = launch.files.map(\.name).joined(separator: ", ")
    return Page(
      plan.page.blocks + [
        .facts([
          Page.Fact("Launch files", .text("\(folder) (\(names))")),
          Page.Fact(
            "Start with",
            .text("cd \(ShellText.word(folder)) && \(launch.command.joined(separator: " ").withoutBreaks)")),
        ])
      ])
  }
}

extension String {
  /// A command over several lines as one.
  fileprivate var withoutBreaks: String {
    split(separator: "\\").joined().split(separator: " ").joined(separator: " ")
  }
}
