import Strategy
import Testing
import Units

@Suite("Hardware tables")
struct HardwareTests {
  @Test func everyRowIsPlausible() {
    #expect(Set(GPU.all.map(\.id)).count == GPU.all.count)
    for gpu in GPU.all {
      #expect(gpu.id.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "-" }, "\(gpu.id)")
      #expect(gpu.usableMemory <= gpu.memory, "\(gpu.id)")
      #expect(Double(gpu.usableMemory.bytes) > 0.94 * Double(gpu.memory.bytes), "\(gpu.id)")
      #expect(gpu.rates.fp16 >= gpu.rates.fp32, "\(gpu.id)")
      #expect(gpu.rates.bf16 == nil || gpu.rates.bf16 == gpu.rates.fp16, "\(gpu.id)")
      #expect(!gpu.source.isEmpty && !gpu.memorySource.isEmpty, "\(gpu.id)")
    }
  }

  @Test(arguments: [
    ("v100-16gb", "v100-16gb"), ("RTX 4090", "rtx-4090"), ("rtx4090", "rtx-4090"), ("4090", "rtx-4090"),
    ("H100_80GB", "h100-80gb"), ("a10", "a10"), ("mi300x", "mi300x"),
  ])
  func namesAreForgiving(name: String, id: String) throws {
    #expect(try GPU.named(name).id == id)
  }

  @Test func ambiguousNamesListTheRows() {
    #expect(throws: HardwareError(.ambiguousGPU, message: "", suggestions: [])) { try GPU.named("a100") }
    do throws(HardwareError) {
      _ = try GPU.named("a100")
    } catch {
      #expect(error.suggestions == ["a100-40gb", "a100-pcie-40gb", "a100-80gb", "a100-pcie-80gb"])
    }
  }

  @Test(arguments: [("h100-80g", "h100-80gb"), ("rtx-4080", "rtx-4090"), ("v100-16", "v100-16gb"), ("h20", "h200")])
  func unknownNamesSuggestTheNearest(name: String, nearest: String) {
    do throws(HardwareError) {
      _ = try GPU.named(name)
      Issue.record("'\(name)' was found")
    } catch {
      #expect(error == HardwareError(.unknownGPU, message: "", suggestions: []))
      #expect(error.suggestions.first == nearest)
    }
  }

  @Test(arguments: ["", "-", "no such gpu at all", String(repeating: "x", count: 100_000)])
  func nonsenseIsUnknown(name: String) {
    #expect(throws: HardwareError(.unknownGPU, message: "", suggestions: [])) { try GPU.named(name) }
  }

  @Test func interconnectsAreRead() throws {
    let infiniband = try Interconnect(parsing: "infiniband:400")
    let gpu = try GPU.named("h100-80gb")
    #expect(infiniband.kind == .infiniband && infiniband.gigabitsPerSecond?.provenance == .exact)
    #expect(infiniband.bytesPerSecondPerDirection(of: gpu) == 50e9)
    #expect(try Interconnect(parsing: "ethernet").gigabitsPerSecond?.provenance == .assumed)
    #expect(try Interconnect(parsing: "nvlink").bytesPerSecondPerDirection(of: gpu) == 450e9)
    #expect(try Interconnect(parsing: "nvlink").bytesPerSecondPerDirection(of: GPU.named("l4")) == nil)
    let pcie = try #require(try Interconnect(parsing: "pcie").bytesPerSecondPerDirection(of: gpu))
    #expect(abs(pcie - 63e9) < 0.1e9)
  }

  @Test(arguments: ["infiniband:", "infiniband:-1", "infiniband:1e9", "ethernet:0", "roce:nan", "pcie:4", "roce:1:2"])
  func ratesAreStrict(text: String) {
    #expect(throws: HardwareError(.malformedRate, message: "", suggestions: [])) { try Interconnect(parsing: text) }
  }

  @Test(arguments: ["", "token-ring", ":400", "nv link"])
  func unknownInterconnects(text: String) {
    #expect(throws: HardwareError(.unknownInterconnect, message: "", suggestions: [])) {
      try Interconnect(parsing: text)
    }
  }

  @Test func constantsLieInTheirRanges() {
    let constants =
      GPUArchitecture.allCases.flatMap {
        [
          DeviceConstant.cudaContext($0), DeviceConstant.cudaContext($0, loadsKernelsLazily: false),
          DeviceConstant.blasWorkspace($0),
        ]
      } + (1...4).map(DeviceConstant.collectiveBuffers) + [DeviceConstant.llmemBase]
    for constant in constants {
      #expect(constant.low <= constant.value && constant.value <= constant.high, "\(constant.source)")
    }
    #expect(DeviceConstant.blasWorkspace(.ampere).value == ByteCount(8_519_680))
    #expect(DeviceConstant.blasWorkspace(.hopper).value == .mebibytes(32))
  }
}
