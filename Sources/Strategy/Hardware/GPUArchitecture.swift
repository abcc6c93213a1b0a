/// The instruction set that kernels are compiled for: CUDA's compute capability, or the name LLVM gives to AMD's.
public enum GPUArchitecture: String, CaseIterable, Sendable {
  case volta = "sm_70"
  case turing = "sm_75"
  case ampere = "sm_80"
  case ampereGA10x = "sm_86"
  case ada = "sm_89"
  case hopper = "sm_90"
  case blackwell = "sm_100"
  case blackwellGB20x = "sm_120"
  case cdna2 = "gfx90a"
  case cdna3 = "gfx942"

  /// Whether ROCm runs it rather than CUDA.
  public var isAMD: Bool {
    switch self {
    case .cdna2, .cdna3: true
    default: false
    }
  }
}
