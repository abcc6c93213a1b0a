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
}
