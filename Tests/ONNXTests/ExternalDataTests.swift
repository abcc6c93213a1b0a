import Testing
import Units

@testable import ONNX

/// Weights in files of their own: found where they may be, and nowhere else.
@Suite struct ExternalDataTests {
  private func open(
    _ entries: KeyValuePairs<String, String>, dims: [Int] = [2], in folder: TemporaryFolder
  ) throws -> (storage: TensorDefinition.Storage?, findings: [String]) {
    let bytes = Bytes.model(Bytes.graph(initializers: [Bytes.external(entries, dims: dims)]))
    let model = try Model.open(folder.write("m/model.onnx", bytes))
    return (model.graph.initializers.first?.storage, model.findings.map { "\($0.severity) \($0.rule)" })
  }

  private func folder() throws -> TemporaryFolder {
    let folder = TemporaryFolder()
    try folder.write("m/w.bin", [UInt8](repeating: 0, count: 64))
    try folder.write("m/sub/w.bin", [UInt8](repeating: 0, count: 64))
    try folder.write("outside.bin", [UInt8](repeating: 0, count: 64))
    return folder
  }

  @Test func ranges() throws {
    let folder = try folder()
    let path = folder.file("m/w.bin")
    let sound: [(KeyValuePairs<String, String>, FileRange)] = [
      (["location": "w.bin"], FileRange(offset: 0, length: 8)),
      (["location": "w.bin", "offset": "56"], FileRange(offset: 56, length: 8)),
      (["location": "w.bin", "offset": "8", "length": "8", "checksum": "0"], FileRange(offset: 8, length: 8)),
    ]
    for (entries, range) in sound {
      let (storage, findings) = try open(entries, in: folder)
      #expect(storage == .external(path: path, range))
      #expect(findings == [])
    }
    #expect(try open(["location": "sub/w.bin"], in: folder).findings == [])
  }

  @Test(
    arguments: [
      (["location": ""], "error external-location"), ([:], "error external-location"),
      (["location": "/etc/passwd"], "error external-location"), (["location": "../m/w.bin"], "error external-location"),
      (["location": "sub/../w.bin"], "error external-location"), (["location": "..\\w.bin"], "error external-location"),
      (["location": ".."], "error external-location"), (["location": "w.bin\u{0}"], "error external-location"),
      (["location": "absent"], "error external-missing"), (["location": "sub"], "error external-missing"),
      (["location": "pipe"], "error external-missing"), (["location": "device"], "error external-missing"),
      (["location": "out"], "error external-link"), (["location": "away/outside.bin"], "error external-link"),
      (["location": "w.bin", "offset": "57"], "error external-range"),
      (["location": "w.bin", "offset": "-1"], "error external-range"),
      (["location": "w.bin", "offset": "abc"], "error external-range"),
      (["location": "w.bin", "offset": ""], "error external-range"),
      (["location": "w.bin", "offset": "9223372036854775807"], "error external-range"),
      (["location": "w.bin", "offset": "99999999999999999999"], "error external-range"),
      (["location": "w.bin", "length": "-1"], "error external-range"),
    ] as [([String: String], String)])
  func refused(_ entries: [String: String], _ finding: String) throws {
    let folder = try folder()
    try folder.pipe("m/pipe")
    try folder.link("m/device", to: "/dev/zero")
    try folder.link("m/out", to: "../outside.bin")
    try folder.link("m/away", to: "..")
    let pairs = Bytes.model(
      Bytes.graph(
        initializers: [
          Bytes.tensor(
            "w", [2],
            entries.sorted { $0.key < $1.key }.flatMap { Wire.bytes(13, Wire.text(1, $0.key) + Wire.text(2, $0.value)) }
              + Wire.number(14, 1))
        ]))
    let model = try Model.open(folder.write("m/model.onnx", pairs))
    #expect(model.findings.map { "\($0.severity) \($0.rule)" } == [finding])
    guard case .external(path: nil, _) = model.graph.initializers.first?.storage else {
      Issue.record("the location was followed")
      return
    }
  }

  @Test func lessThanTheTensorNeeds() throws {
    #expect(try open(["location": "w.bin", "length": "4"], in: folder()).findings == ["error external-length"])
    #expect(try open(["location": "w.bin", "order": "C"], in: folder()).findings == ["note external-key"])
    #expect(
      try open(["location": "w.bin"], dims: [1 << 40, 1 << 40], in: folder()).findings == ["error tensor-too-large"])
  }

  @Test func aMissingFileIsReportedOnce() throws {
    let folder = try folder()
    let tensors = (0..<10).map { _ in Bytes.external(["location": "absent"]) }
    let model = try Model.open(folder.write("m/model.onnx", Bytes.model(Bytes.graph(initializers: tensors))))
    #expect(model.findings.count { $0.rule == "external-missing" } == 1)
  }

  @Test func aLinkWithinTheFolder() throws {
    let folder = try folder()
    try folder.link("m/link.bin", to: "w.bin")
    let (storage, findings) = try open(["location": "link.bin"], in: folder)
    #expect(findings == ["note external-link"])
    #expect(storage == .external(path: folder.file("m/link.bin"), FileRange(offset: 0, length: 8)))
  }

  /// The Hugging Face cache keeps every file as a link into `blobs`.
  @Test func theCacheOfHuggingFace() throws {
    let folder = TemporaryFolder()
    let bytes = Bytes.model(Bytes.graph(initializers: [Bytes.external(["location": "model.onnx.data"])]))
    try folder.write("hub/blobs/aa", bytes)
    try folder.write("hub/blobs/bb", [UInt8](repeating: 0, count: 8))
    try folder.folder("hub/snapshots/1/onnx")
    try folder.link("hub/snapshots/1/onnx/model.onnx", to: "../../../blobs/aa")
    try folder.link("hub/snapshots/1/onnx/model.onnx.data", to: "../../../blobs/bb")
    let model = try Model.open(folder.file("hub/snapshots/1/onnx/model.onnx"))
    #expect(model.findings == [])
    #expect(
      model.graph.initializers.first?.storage
        == .external(path: folder.file("hub/snapshots/1/onnx/model.onnx.data"), FileRange(offset: 0, length: 8)))
  }

  /// A folder that is itself reached by a link is the folder that the user named.
  @Test func aLinkedFolder() throws {
    let folder = try folder()
    _ = try open(["location": "w.bin"], in: folder)
    try folder.link("alias", to: "m")
    let model = try Model.open(folder.file("alias/model.onnx"))
    #expect(model.findings == [])
  }
}
