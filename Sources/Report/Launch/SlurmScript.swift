internal import Strategy

/// `train.sbatch`: one task a machine, which starts a process for each of its GPUs.
struct SlurmScript: Sendable {
  static let name = "train.sbatch"
  let request: LaunchRequest
  let inner: LaunchEngine

  var text: String {
    let head = [
      "#!/bin/bash",
      "# The run that plimsoll planned, \(request.layout.summary), as a batch job: sbatch \(Self.name)",
      "#SBATCH --job-name=plimsoll",
      "#SBATCH --nodes=\(request.nodes)",
      "# One task a machine: accelerate or torchrun starts the processes of its GPUs.",
      "#SBATCH --ntasks-per-node=1",
      "#SBATCH --gpus-per-node=\(request.gpusPerNode)",
      "# Cores that read the data; and the whole machine, as the plan takes its memory for itself.",
      "#SBATCH --cpus-per-task=\(8 * request.gpusPerNode)",
      "#SBATCH --exclusive",
      "#SBATCH --time=24:00:00",
      "#SBATCH --output=%x-%j.log",
      "", "set -euo pipefail", "cd \"$SLURM_SUBMIT_DIR\"", "",
      "# Where the processes find each other: the first machine of the job, and a port of its own for each job.",
      "export MASTER_ADDR=$(scontrol show hostnames \"$SLURM_JOB_NODELIST\" | head -n 1)",
      "export MASTER_PORT=$((20000 + SLURM_JOB_ID % 10000))", "",
      "# Variables of a machine's task are read there, hence the single quotes.",
      "srun --kill-on-bad-exit=1 bash -c '",
    ]
    return (head + command + ["' train \"$@\""]).joined(separator: "\n") + "\n"
  }

  private var command: [String] {
    LaunchCommand(request).onEachMachine(
      inner, rank: "\"$SLURM_NODEID\"", address: "\"$MASTER_ADDR\"", port: "\"$MASTER_PORT\"", script: "train.py \"$@\""
    )
  }
}
