/// The optimizers that can be simulated, by what they allocate.
public enum Optimizer: String, CaseIterable, Sendable {
  /// `torch.optim.AdamW(foreach=True)`.
  case adamW = "adamw"
  case adamWFused = "adamw-fused"
  /// `foreach=False`: one parameter after the other.
  case adamWLoop = "adamw-loop"
  case sgd
  case sgdMomentum = "sgd-momentum"
  /// `transformers.Adafactor` without a first moment.
  case adafactor
}
