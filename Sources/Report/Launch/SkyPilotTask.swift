internal import Strategy

/// `task.yaml`: what SkyPilot rents, sets up and runs (sky/utils/schemas.py, 0.14.1).
struct SkyPilotTask: Sendable {
  static let name = "task.yaml"
  /// Where the checkpoint is copied to on each machine.
  static let checkpoint = "/checkpoint"

  let request: LaunchRequest
  let inner: LaunchEngine
  let gpu: GPU

  var text: String {
    let script = "train.py --model \(Self.checkpoint) --data train.jsonl"
    let command = LaunchCommand(request)
    return CommentedFields([
      .init("name", "plimsoll"),
      .init("num_nodes", .integer(request.nodes)),
      .init(
        "resources",
        CommentedFields([
          .init(
            "accelerators", .string("\(gpu.rentalName):\(request.gpusPerNode)"), "of each machine: \(gpu.productName)")
        ])),
      .init("workdir", ".", "this folder, with train.py and train.jsonl, goes to every machine"),
      .init(
        "file_mounts", CommentedFields([.init(Self.checkpoint, .string(request.checkpoint))]),
        "the checkpoint; a bucket's address works too"),
      .init("setup", lines: ["pip install \(command.packages(.skypilot).joined(separator: " "))"]),
      .init(
        "run",
        lines: [
          "# The first machine's address is where all processes meet.",
          "MASTER_ADDR=$(echo \"$SKYPILOT_NODE_IPS\" | head -n 1)",
        ]
          + command.onEachMachine(
            inner, rank: "\"$SKYPILOT_NODE_RANK\"", address: "\"$MASTER_ADDR\"", port: "29500", script: script)),
    ]).yaml(heading: [
      "The run that plimsoll planned, \(request.layout.summary), on rented machines: sky launch -c plimsoll \(Self.name)"
    ])
  }
}

extension GPU {
  /// What SkyPilot's catalogs call the GPU.
  fileprivate var rentalName: String {
    let names = [
      "v100-16gb": "V100", "v100-32gb": "V100-32GB", "a100-40gb": "A100", "a100-pcie-40gb": "A100",
      "a100-pcie-80gb": "A100-80GB", "a6000": "RTXA6000", "rtx-3090": "RTX3090", "rtx-4090": "RTX4090",
      "rtx-5090": "RTX5090", "h100-80gb": "H100", "h100-pcie-80gb": "H100",
    ]
    return names[id] ?? id.uppercased()
  }
}
