/// What an allocation is for.
public enum Category: String, CaseIterable, Sendable {
  case parameters, gradients, optimizerStates, activations, weightCasts, temporaries, inputs, buffers, communication
  case workspaces
}
