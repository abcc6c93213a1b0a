/// What an allocation is for.
public enum Category: String, CaseIterable, Sendable {
  case parameters, gradients, optimizerStates, activations, weightCasts, temporaries, inputs, buffers, communication
  case workspaces
}

extension Category {
  /// For people.
  package var title: String {
    switch self {
    case .parameters: "parameters"
    case .gradients: "gradients"
    case .optimizerStates: "optimizer states"
    case .activations: "activations"
    case .weightCasts: "autocast's copies of weights"
    case .temporaries: "temporaries"
    case .inputs: "inputs"
    case .buffers: "buffers"
    case .communication: "communication"
    case .workspaces: "library workspaces"
    }
  }
}
