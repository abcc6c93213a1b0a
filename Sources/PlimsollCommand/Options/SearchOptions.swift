internal import ArgumentParser
internal import Strategy
internal import TrainingStep

/// What a plan searches for, and what it leaves as it is.
struct SearchOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What ranks first: the most tokens a second, the least memory, the most samples a step, or the fewest GPUs that do "
        + "it (default: throughput).",
      valueName: "o"))
  var objective: PlanObjective?

  @Option(
    help: ArgumentHelp(
      "Leave a choice as it is; may be repeated: strategy=fsdp, data=4, tensor=2, pipeline=1, context=1, expert=1, "
        + "batch=8, checkpointing=none, offload=none, sequence-parallel=true, shard=8.",
      valueName: "choice=value"))
  var fix: [String] = []

  @Flag(help: "Try what cannot be the fastest too, and list it.")
  var all = false

  /// The flags that were given, for a command that has nothing to search for.
  var given: [String] {
    (objective == nil ? [] : ["--objective"]) + (fix.isEmpty ? [] : ["--fix"]) + (all ? ["--all"] : [])
  }

  func choices() throws -> PlanChoices {
    var choices = PlanChoices()
    for text in fix {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2, let read = Self.readers[parts[0]] else {
        throw ValidationError("--fix \(text): one of \(Self.readers.keys.sorted().joined(separator: ", ")) and a value")
      }
      guard read(parts[1], &choices) else {
        throw ValidationError("--fix \(text): '\(parts[1])' is no value of \(parts[0])")
      }
    }
    return choices
  }

  func validate() throws { _ = try choices() }

  private typealias Reader = @Sendable (String, inout PlanChoices) -> Bool

  private static let readers: [String: Reader] = [
    "strategy": { text, choices in take(StrategyKind(rawValue: text), &choices.strategy) },
    "data": { text, choices in take(degree(text), &choices.data) },
    "tensor": { text, choices in take(degree(text), &choices.tensor) },
    "pipeline": { text, choices in take(degree(text), &choices.pipeline) },
    "context": { text, choices in take(degree(text), &choices.context) },
    "expert": { text, choices in take(degree(text), &choices.expert) },
    "batch": { text, choices in take(degree(text), &choices.batchSize) },
    "shard": { text, choices in take(degree(text), &choices.shardDegree) },
    "checkpointing": { text, choices in take(Checkpointing(rawValue: text), &choices.checkpointing) },
    "offload": { text, choices in take(Offload(rawValue: text), &choices.offload) },
    "sequence-parallel": { text, choices in take(Bool(text), &choices.isSequenceParallel) },
  ]

  private static func take<Value>(_ value: Value?, _ choice: inout Value?) -> Bool {
    choice = value
    return value != nil
  }

  private static func degree(_ text: String) -> Int? {
    Int(text).flatMap { (1...Limits.count).contains($0) ? $0 : nil }
  }
}
