package import Architecture

/// The answer of `plimsoll audit --explain-architecture`: what each module was taken for, as a file that can be corrected
/// and given back.
package struct ArchitectureExplanation: Answer {
  package static let command = "audit"

  let model: ModelDescription

  package init(_ model: ModelDescription) { self.model = model }

  package var fields: [JSONValue.Field] {
    [
      .init("family", .string(model.family)), .init("layers", .init(model.layersPath)),
      .init(
        "roles",
        .object(model.parts.map { .init($0.pattern, .object(Array($0.fields.dropFirst()))) })),
    ]
  }

  package var page: Page { Page([]) }

  /// The file and nothing else, whatever the form.
  package func rendered(as form: OutputForm, style: TextStyle) -> [UInt8] { JSONValue.object(fields).encoded() }
}

extension ModelDescription {
  /// Where its parts come from, where a file said them.
  var architectureSource: JSONValue { architectureFile.map { ["file": .string($0)] } ?? .null }
}

extension ModelDescription.Part {
  var fields: [JSONValue.Field] {
    [
      .init("pattern", .string(pattern)), .init("role", .init(role?.rawValue)),
      .init("shape", shape.map { JSONValue($0.dimensions) } ?? .null), .init("tensors", .integer(tensorCount)),
      .init("because", .init(reason)),
    ]
  }
}
