import Foundation
import Testing

@Suite struct LaunchTests {
  private func plan(_ arguments: String..., output: String) throws -> Program {
    try Program.run(
      ["plan", "tiny-llama", "--gpu-memory", "1GiB", "--batch-size", "1", "--output", output] + arguments
    )
  }

  @Test func filesOfTheWinner() throws {
    let folder = try TemporaryFolder()
    let place = folder.url.appendingPathComponent("a/b").path
    let answer = try plan("--emit", "accelerate", output: place)
    #expect(answer.status == 0, "\(answer.errors)")
    #expect(answer.output.contains("Launch files"))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: place).sorted()
        == ["README.md", "accelerate_config.yaml", "train.py"])
    let script = try folder.read("a/b/train.py")
    #expect(script.contains("MODEL = \"\(Samples.folder.resolvingSymlinksInPath().path)/tiny-llama\""))
  }

  @Test func theAnswerNamesThem() throws {
    let folder = try TemporaryFolder()
    let place = folder.url.path
    let answer = try plan("--emit", "slurm", "--format", "json", output: place)
    let document = try #require(
      try JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [String: Any])
    let launch = try #require(document["launch"] as? [String: Any])
    #expect(launch["engine"] as? String == "slurm")
    #expect(launch["folder"] as? String == place)
    #expect(launch["files"] as? [String] == ["accelerate_config.yaml", "train.py", "train.sbatch", "README.md"])
    #expect(launch["command"] as? String == "sbatch train.sbatch --data train.jsonl")
    #expect(FileManager.default.isExecutableFile(atPath: place + "/train.sbatch"))
    #expect(!FileManager.default.isExecutableFile(atPath: place + "/train.py"))
  }

  @Test func anotherFileIsKept() throws {
    let folder = try TemporaryFolder()
    let place = folder.url.path
    try folder.write("train.py", Array("mine".utf8))
    let refused = try plan("--emit", "accelerate", output: place)
    #expect(refused.status == 64)
    #expect(refused.errors.contains("\(place)/train.py: a file with other content is there"))
    #expect(refused.errors.contains("--force"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: place) == ["train.py"])
    #expect(try plan("--emit", "accelerate", "--force", output: place).status == 0)
    // The same files once more are no others.
    #expect(try plan("--emit", "accelerate", output: place).status == 0)
  }

  @Test func nothingBesideTheInput() throws {
    for place in ["tiny-llama", "tiny-llama/launch", "tiny-llama/../tiny-llama"] {
      let answer = try plan("--emit", "accelerate", output: place)
      #expect(answer.status == 64)
      #expect(answer.errors.contains("the folder belongs to the checkpoint"))
    }
    #expect(!FileManager.default.fileExists(atPath: Samples.folder.appendingPathComponent("tiny-llama/launch").path))
  }

  @Test func whatIsRefused() throws {
    let folder = try TemporaryFolder()
    let place = folder.url.path
    let titan = try plan("--emit", "torchtitan", output: place)
    #expect(titan.status == 64)
    #expect(titan.errors.contains("torchtitan has no model of these sizes"))
    #expect(titan.errors.contains("--emit accelerate, deepspeed, fsdp"))
    let noFolder = try Program.run("plan", "tiny-llama", "--gpu-memory", "1GiB", "--emit", "fsdp")
    #expect(noFolder.status == 64)
    #expect(noFolder.errors.contains("--emit needs --output"))
    let force = try Program.run("plan", "tiny-llama", "--gpu-memory", "1GiB", "--force")
    #expect(force.errors.contains("--force has no effect without --emit"))
    let graph = try Program.run(
      "plan", "tiny-encoder", "--gpu-memory", "1GiB", "--emit", "fsdp", "--output", place)
    #expect(graph.status != 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: place) == [])
  }

  /// Where nothing fits there is nothing to start.
  @Test func nothingFits() throws {
    let folder = try TemporaryFolder()
    let place = folder.url.appendingPathComponent("none").path
    let answer = try Program.run(
      "plan", "Llama-3-8B", "--gpus", "1", "--gpu-memory", "1GiB", "--model", "llmem", "--emit", "fsdp", "--output",
      place)
    #expect(answer.status == 1)
    #expect(!FileManager.default.fileExists(atPath: place))
  }
}
