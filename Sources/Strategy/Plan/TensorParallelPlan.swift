public import Architecture

/// What an engine splits over tensor-parallel ranks: a row of choices for each engine.
public struct TensorParallelPlan: Hashable, Sendable {
  /// What becomes of a matrix that holds several projections.
  public enum Fused: Hashable, Sendable {
    /// Each projection is split by itself.
    case eachSplit
    /// The rows are split as they lie, and what they give is gathered before it is taken apart.
    case gathered
  }

  /// Modules split by their outputs, and by their inputs.
  public var byOutputs: Set<Role>
  public var byInputs: Set<Role>
  public var fused: Fused
  /// Modules split by words; a vocabulary that does not divide is padded.
  public var byWords: Set<Role>
  /// Whether matrices are DTensors, whose sums over the ranks are new tensors; else they are summed in place.
  public var usesDTensors: Bool
  /// What is split, and where the engine says so.
  public var assumption: (value: String, source: String) {
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

  /// torch's styles, on the blocks.
  public static let torch = TensorParallelPlan(
    byOutputs: [.query, .key, .value, .gate, .up], byInputs: [.attentionOutput, .down], fused: .gathered, byWords: [],
    usesDTensors: true)

  /// Colossal-AI's, as LLMem's paper has it (arXiv 2404.10933).
  public static let colossalAI = TensorParallelPlan(
    byOutputs: [.query, .key, .value, .gate, .up], byInputs: [.attentionOutput, .down], fused: .eachSplit,
    byWords: [.inputEmbedding, .head], usesDTensors: false)
}
