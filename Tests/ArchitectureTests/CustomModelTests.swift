import Architecture
import Checkpoint
import Testing
import Units

/// What is told of architectures that nobody has described.
@Suite struct CustomModelTests {
  @Test(arguments: CustomModel.all)
  func theStructureIsRight(of custom: CustomModel) {
    let set = custom.blueprint.weightSet()
    let model = ModelDescription(weightSet: set, configuration: custom.settings)
    #expect(!model.isRecognised && model.family == "generic")
    #expect(model.layerCount?.value == custom.layers)
    #expect(model.layers.count == custom.layers)
    #expect(model.hiddenSize?.value == custom.hidden)
    #expect(model.vocabularySize?.value == custom.vocabulary)
    #expect(model.expertCount?.value == custom.experts)
    let elements = set.tensors.reduce(0) { $0 + ($1.shape.elementCount?.count ?? 0) }
    #expect(model.parameterCount == Sourced(elements, .exact, source: "shapes of the stored tensors"))
    let towers = Dictionary(model.otherStacks.map { ($0.path, $0.layers.count) }) { $0 + $1 }
    #expect(towers == custom.towers)
    let roles = Dictionary(model.parts.map { ($0.pattern, $0.role) }) { first, _ in first }
    for (pattern, role) in custom.roles {
      #expect(roles[pattern].map { $0 ?? .other } == role, "\(pattern)")
    }
    #expect(model.parts.allSatisfy { ($0.role == nil) == ($0.reason == nil) })
    #expect(model.parts.reduce(0) { $0 + $1.tensorCount } == set.tensors.count)
  }
}
