/// How an engine passes what lies on a drive through host memory: a row for each.
public struct DriveBuffers: Hashable, Sendable {
  /// Elements of trained parameters that stay in host memory (`max_in_cpu`).
  public var kept: Int
  /// Elements of all buffers that parameters pass through (`buffer_count` times `buffer_size`).
  public var parameters: Int
  /// Buffers that states pass through, each as large as what is updated in one go.
  public var states: Int
  /// Elements of all buffers that activations pass through; nil where those stay on the GPU.
  public var activations: Int?
  /// Whether what is updated in one go is updated in the backward pass, once its gradients are there; else gradients wait
  /// on the drive until all are.
  public var updatesInBackward: Bool
  /// Where it comes from.
  public var source: String

  /// deepspeed/runtime/zero/offload_config.py.
  public static let infinity = DriveBuffers(
    kept: 1_000_000_000, parameters: 5 * 100_000_000, states: 4, activations: nil, updatesInBackward: false,
    source: "ZeRO-Infinity, arXiv 2104.07857; deepspeed/runtime/zero/offload_config.py of 0.19.6")

  /// The configuration that its authors publish (Crispig/Ratel, config.json).
  public static let fuyou = DriveBuffers(
    kept: 100_000_000, parameters: 6 * 1_200_000_000, states: 8, activations: 4 * 1_200_000_000,
    updatesInBackward: true, source: "Fuyou, arXiv 2403.06504; config.json of its authors' code (Crispig/Ratel)")
}
