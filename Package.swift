// swift-tools-version: 6.2
import PackageDescription

/// Warnings of ours are errors; a global compiler flag would reach the dependencies too.
let strict: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
]
let strictC: [CSetting] = [
  .enableWarning("all"), .enableWarning("extra"), .enableWarning("conversion"), .treatAllWarnings(as: .error),
]

/// A module of the street. Data flows one way, so a module depends only on those to its left.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(of name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.init(stringLiteral: name)] + dependencies,
    path: "Tests/\(name)Tests", swiftSettings: strict)
}

let package = Package(
  name: "plimsoll",
  products: [
    .executable(name: "plimsoll", targets: ["PlimsollCommand"]),
    .executable(name: "plimsoll-accuracy", targets: ["PlimsollAccuracy"]),
    .library(name: "PlimsollCheckpoint", targets: ["Units", "Checkpoint", "Architecture"]),
    .library(name: "PlimsollMemory", targets: ["Graph", "TrainingStep", "Strategy"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    // A reader of YAML for the tests.
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    .target(name: "CScanner", path: "CParsers/CScanner", cSettings: strictC),
    .target(name: "CSafetensors", dependencies: ["CScanner"], path: "CParsers/CSafetensors", cSettings: strictC),
    .target(name: "CZip", dependencies: ["CScanner"], path: "CParsers/CZip", cSettings: strictC),
    .target(name: "CPickle", dependencies: ["CScanner"], path: "CParsers/CPickle", cSettings: strictC),
    .target(name: "CGGUF", dependencies: ["CScanner"], path: "CParsers/CGGUF", cSettings: strictC),
    .target(
      name: "CDocument", dependencies: ["CScanner"], path: "CParsers/CDocument", cSettings: strictC,
      linkerSettings: [.linkedLibrary("json-c")]),
    .target(
      name: "COnnx", path: "CParsers/COnnx", exclude: ["onnx.proto"], cSettings: strictC,
      linkerSettings: [.linkedLibrary("protobuf-c")]),

    module("Units"),
    module("Checkpoint", ["Units", "CScanner", "CSafetensors", "CZip", "CPickle", "CGGUF", "CDocument"]),
    module("Graph", ["Units", .product(name: "HeapModule", package: "swift-collections")]),
    module("ONNX", ["Units", "Checkpoint", "Graph", "COnnx"]),
    module("Architecture", ["Units", "Checkpoint", "Graph"]),
    module(
      "TrainingStep",
      [
        "Units", "Graph", .product(name: "HeapModule", package: "swift-collections"),
        .product(name: "OrderedCollections", package: "swift-collections"),
      ]),
    module("Strategy", ["Units", "Checkpoint", "Architecture", "Graph", "TrainingStep"]),
    module(
      "Report", ["Units", "Checkpoint", "Architecture", "Graph", "ONNX", "TrainingStep", "Strategy"]),
    .executableTarget(
      name: "PlimsollCommand",
      dependencies: [
        "Units", "Checkpoint", "Architecture", "Graph", "ONNX", "TrainingStep", "Strategy", "Report",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: strict),
    .executableTarget(
      name: "PlimsollAccuracy",
      dependencies: [
        "Units", "Checkpoint", "Architecture", "Graph", "ONNX", "TrainingStep", "Strategy", "Report",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: strict),

    tests(of: "Units"),
    tests(of: "Checkpoint", ["Units"]),
    tests(of: "Architecture", ["Units", "Checkpoint"]),
    tests(of: "Graph", ["Units"]),
    tests(of: "ONNX", ["Units", "Checkpoint", "Graph", "TrainingStep"]),
    tests(of: "TrainingStep", ["Units", "Graph"]),
    tests(of: "Strategy", ["Units", "Checkpoint", "Architecture", "Graph", "TrainingStep"]),
    tests(
      of: "Report",
      [
        "Units", "Checkpoint", "Architecture", "Graph", "TrainingStep", "Strategy",
        .product(name: "Yams", package: "Yams"),
      ]),
    .testTarget(
      name: "PlimsollCommandTests",
      dependencies: ["PlimsollCommand", "Units", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Tests/PlimsollCommandTests", swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c17
)
