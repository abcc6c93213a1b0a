/// The optimizers that can be simulated, by what they allocate.
public enum Optimizer: String, CaseIterable, Sendable {
  /// `torch.optim.AdamW(foreach=True)`.
  case adamW = "adamw"
  case adamWFused = "adamw-fused"
  /// `foreach=False`: one parameter after the other.
  case adamWLoop = "adamw-loop"
  /// `bitsandbytes.optim.AdamW8bit`.
  case adamW8bit = "adamw-8bit"
  /// The same with its large states in memory that the driver moves between GPU and host.
  case pagedAdamW8bit = "paged-adamw-8bit"
  case sgd
  case sgdMomentum = "sgd-momentum"
  /// `transformers.Adafactor` without a first moment.
  case adafactor
  /// `bitsandbytes.optim.Lion`, with states in fp32.
  case lion
  case lion8bit = "lion-8bit"
  /// `torch.optim.Muon` for the matrices of the layers, ``adamW`` for everything else.
  case muon
  /// `galore_torch.GaLoreAdamW`: Adam on gradients that are projected to a few rows or columns.
  case galoreAdamW = "galore-adamw"
}

/// What GaLore projects, and onto how much.
public struct GradientProjection: Hashable, Sendable {
  /// Rows or columns that are left of a matrix, the shorter side permitting.
  public var rank: Int
  /// Parts of the names of the linear layers whose weights are projected; `all-linear` for every one.
  public var targets: [String]

  public init(rank: Int = 128, targets: [String] = ["attn", "mlp"]) {
    self.rank = rank
    self.targets = targets
  }
}
