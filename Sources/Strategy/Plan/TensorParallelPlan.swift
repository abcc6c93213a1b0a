internal import Architecture

/// Whose tensor parallelism it is.
public enum TensorParallelEngine: Hashable, Sendable {
  /// The styles of torch.distributed.tensor.parallel, on the blocks.
  case torch
  /// Colossal-AI's, as LLMem's paper has it (arXiv 2404.10933).
  case colossalAI
}

/// What an engine splits over tensor-parallel ranks: a row of choices for each engine.
struct TensorParallelPlan: Sendable {
  /// What becomes of a matrix that holds several projections.
  enum Fused: Sendable {
    /// Each projection is split by itself.
    case eachSplit
    /// The rows are split as they lie, and what they give is gathered before it is taken apart.
    case gathered
  }

  /// Modules split by their outputs, and by their inputs.
  var byOutputs: Set<Role>
  var byInputs: Set<Role>
  var fused: Fused
  /// Modules split by words; a vocabulary that does not divide is padded.
  var byWords: Set<Role>
  /// Whether matrices are DTensors, whose sums over the ranks are new tensors; else they are summed in place.
  var usesDTensors: Bool
  /// What is split, and where the engine says so.
  var assumption: (value: String, source: String) {
    usesDTensors
      ? (
        "projections of attention and MLP by heads and features; embedding, norms and head whole on every rank",
        "ColwiseParallel and RowwiseParallel of torch.distributed.tensor.parallel (torch 2.11)"
      )
      : (
        "projections of attention and MLP by heads and features, embedding and head by words; norms whole on every rank",
        "Colossal-AI's 1D tensor parallelism, after Megatron-LM (arXiv 1909.08053)"
      )
  }

  private static let torch = TensorParallelPlan(
    byOutputs: [.query, .key, .value, .queryUp, .keyValueUp, .gate, .up], byInputs: [.attentionOutput, .down],
    fused: .gathered, byWords: [],
    usesDTensors: true)

  private static let colossalAI = TensorParallelPlan(
    byOutputs: [.query, .key, .value, .queryUp, .keyValueUp, .gate, .up], byInputs: [.attentionOutput, .down],
    fused: .eachSplit,
    byWords: [.inputEmbedding, .head], usesDTensors: false)

  init(_ engine: TensorParallelEngine) {
    switch engine {
    case .torch: self = .torch
    case .colossalAI: self = .colossalAI
    }
  }

  private init(
    byOutputs: Set<Role>, byInputs: Set<Role>, fused: Fused, byWords: Set<Role>, usesDTensors: Bool
  ) {
    self.byOutputs = byOutputs
    self.byInputs = byInputs
    self.fused = fused
    self.byWords = byWords
    self.usesDTensors = usesDTensors
  }
}
