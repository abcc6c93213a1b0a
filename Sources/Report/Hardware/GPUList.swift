package import Strategy
internal import Units

/// The answer of `plimsoll gpus`: the table of GPUs.
package struct GPUList: Answer {
  package static let command = "gpus"

  let gpus: [GPU]

  package init(_ gpus: [GPU]) { self.gpus = gpus }

  package var fields: [JSONValue.Field] { [.init("gpus", .array(gpus.map(\.json)))] }

  package var page: Page {
    var table = Table(columns: [
      Table.Column("Name", key: "name"), Table.Column("Product", key: "product"),
      Table.Column("Memory", key: "memory", .right), Table.Column("GB/s", key: "bandwidth", .right),
      Table.Column("bf16 TFLOP/s", key: "bf16", .right), Table.Column("fp16", key: "fp16", .right),
      Table.Column("fp32", key: "fp32", .right), Table.Column("Peer link GB/s", key: "peerLink", .right),
      Table.Column("PCIe", key: "pcie", .right),
    ])
    for gpu in gpus {
      func tera(_ rate: Double?) -> Cell { rate.map { .text(Quantity.decimal($0 / 1e12, places: 1)) } ?? .empty }
      table.rows.append([
        .text(gpu.id), .text(gpu.productName), .bytes(gpu.memory),
        .text(Quantity.decimal(gpu.memoryBandwidth / 1e9, places: 0)), tera(gpu.rates.bf16), tera(gpu.rates.fp16),
        tera(gpu.rates.fp32),
        gpu.peerLink.map { .text(Quantity.decimal($0.bytesPerSecondBothWays / 1e9, places: 0)) } ?? .empty,
        .text("gen \(gpu.pcieGeneration)"),
      ])
    }
    return Page([
      .table(table),
      .paragraph(
        "Dense rates, both directions of the links together; --format json gives the source of each row."),
    ])
  }
}

extension GPU {
  fileprivate var json: JSONValue {
    [
      "name": .string(id), "product": .string(productName), "memory": .integer(memory.bytes),
      "usableMemory": .integer(usableMemory.bytes), "memoryBandwidth": .number(memoryBandwidth),
      "bf16": .init(rates.bf16), "fp16": .number(rates.fp16), "fp32": .number(rates.fp32), "tf32": .init(rates.tf32),
      "peerLink": peerLink.map { link in
        [
          "name": .string(link.name), "bytesPerSecondPerDirection": .number(link.bytesPerSecondPerDirection),
          "pairsOnly": .boolean(link.isPairBridge),
        ]
      } ?? .null,
      "pcieGeneration": .integer(pcieGeneration), "source": .string(source), "memorySource": .string(memorySource),
    ]
  }
}
