import Report
import Strategy
import Testing
import TrainingStep

@Suite("Launch files of schedulers")
struct SchedulerTests {
  @Test func slurm() throws {
    let request = try LaunchCase.request(.fsdp, ParallelDegrees(data: 32), nodes: 4)
    let script = try LaunchCase.text("train.sbatch", .slurm, request)
    for line in [
      "#!/bin/bash\n", "#SBATCH --nodes=4\n", "#SBATCH --gpus-per-node=8\n", "#SBATCH --ntasks-per-node=1\n",
      "accelerate launch --config_file accelerate_config.yaml --machine_rank \"$SLURM_NODEID\"",
      "--main_process_ip \"$MASTER_ADDR\" --main_process_port \"$MASTER_PORT\"",
    ] {
      #expect(script.contains(line), "\(line)")
    }
    let files = try LaunchFiles(request, for: .slurm)
    #expect(files.files.map(\.name) == ["accelerate_config.yaml", "train.py", "train.sbatch", "README.md"])
    #expect(files.files.filter(\.isExecutable).map(\.name) == ["train.sbatch"])
    #expect(files.command == ["sbatch train.sbatch --data train.jsonl"])
    let checked = try #require(try Tool.run("bash", ["-n", "-c", script]))
    #expect(checked.code == 0, "\(checked.output)")
  }

  /// accelerate splits no matrices here, so torchrun starts torch's own script.
  @Test func slurmAroundTorchrun() throws {
    let request = try LaunchCase.request(.tp, ParallelDegrees(data: 2, tensor: 4), nodes: 2)
    let script = try LaunchCase.text("train.sbatch", .slurm, request)
    #expect(script.contains("torchrun --nnodes 2 --node-rank \"$SLURM_NODEID\" --nproc-per-node 4"))
    #expect(script.contains("--rdzv-backend c10d --rdzv-id plimsoll --rdzv-endpoint \"$MASTER_ADDR\":\"$MASTER_PORT\""))
    #expect(try LaunchFiles(request, for: .slurm).files.map(\.name) == ["train.py", "train.sbatch", "README.md"])
  }

  @Test func skyPilot() throws {
    let request = try LaunchCase.request(.zero3, ParallelDegrees(data: 16), nodes: 2)
    let task = try LaunchCase.document("task.yaml", .skypilot, request)
    #expect(task["num_nodes"] as? Int == 2)
    #expect((task["resources"] as? [String: String])?["accelerators"] == "H100:8")
    #expect((task["file_mounts"] as? [String: String])?["/checkpoint"] == "/models/Llama-3-8B")
    #expect(task["setup"] as? String == "pip install torch transformers accelerate deepspeed\n")
    let run = try #require(task["run"] as? String)
    #expect(run.contains("--machine_rank \"$SKYPILOT_NODE_RANK\""))
    #expect(run.contains("train.py --model /checkpoint --data train.jsonl"))
    let checked = try #require(try Tool.run("bash", ["-n", "-c", run]))
    #expect(checked.code == 0, "\(checked.output)")
  }

  @Test(arguments: [
    ("v100-16gb", "V100:8"), ("a100-80gb", "A100-80GB:8"), ("a100-40gb", "A100:8"), ("l4", "L4:8"), ("h200", "H200:8"),
  ])
  func rentedGPUs(_ id: String, _ accelerators: String) throws {
    let request = try LaunchCase.request(.ddp, ParallelDegrees(data: 8)) { $0.cluster.gpu = try? GPU.named(id) }
    let task = try LaunchCase.document("task.yaml", .skypilot, request)
    #expect((task["resources"] as? [String: String])?["accelerators"] == accelerators)
  }
}
