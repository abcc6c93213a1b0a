/// The coarse part of a model to which a tensor belongs.
public enum Component: String, CaseIterable, Sendable {
  case embedding, attention, mlp, experts, norm, head, vision, adapter, quantization, buffer, other
}
