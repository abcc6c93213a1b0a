internal import Graph
internal import Units

/// What an update costs, by optimizer: passes over each parameter's elements, and kernels to launch.
public struct OptimizerWork: Sendable {
  /// Reads and writes of tensors of the parameter's type (the parameter, its gradient, states of its type, temporaries).
  var passes: Double
  /// Bytes of states in a type of their own that are read and written for each element.
  var stateBytes = 0.0
  /// Kernels for each parameter.
  var launchesEach = 0.0
  /// Kernels for each group of a hundred parameters that run as one.
  var launchesTogether = 0.0
  /// Where it comes from.
  public var source: String

  public static func of(_ optimizer: Optimizer) -> OptimizerWork {
    switch optimizer {
    // mul_, lerp_, mul_, addcmul_, sqrt, div_, add_, addcdiv_ (`_multi_tensor_adam`), each over all tensors.
    case .adamW:
      OptimizerWork(passes: 2 + 3 + 2 + 4 + 2 + 2 + 2 + 4, launchesTogether: 8, source: "torch/optim/adam.py, foreach")
    case .adamWLoop: OptimizerWork(passes: 21, launchesEach: 12, source: "torch/optim/adam.py, one by one")
    // Reads parameter, gradient and moments, writes all but the gradient.
    case .adamWFused: OptimizerWork(passes: 7, launchesTogether: 1, source: "fused_adam_utils.cuh")
    case .sgd: OptimizerWork(passes: 3, launchesTogether: 1, source: "torch/optim/sgd.py, foreach")
    case .sgdMomentum: OptimizerWork(passes: 8, launchesTogether: 3, source: "torch/optim/sgd.py, foreach")
    case .adamW8bit, .pagedAdamW8bit:
      OptimizerWork(
        passes: 3, stateBytes: 4, launchesEach: 1, source: "bitsandbytes, kOptimizerStatic8bit2StateBlockwise")
    case .lion: OptimizerWork(passes: 3, stateBytes: 8, launchesEach: 1, source: "bitsandbytes, kOptimizer32bit1State")
    case .lion8bit:
      OptimizerWork(
        passes: 3, stateBytes: 2, launchesEach: 1, source: "bitsandbytes, kOptimizerStatic8bit1StateBlockwise")
    // Squares, two means, their product, update, root mean square, clip, scale, parameter.
    case .adafactor: OptimizerWork(passes: 22, launchesEach: 25, source: "transformers/optimization.py, Adafactor")
    case .muon: OptimizerWork(passes: 21, launchesEach: 30, source: "torch/optim/_muon.py")
    // The gradient to the low rank and back, Adam between.
    case .galoreAdamW: OptimizerWork(passes: 8, launchesEach: 16, source: "galore-torch, adamw.py")
    }
  }

  /// `_zeropower_via_newtonschulz`: five times X·Xᵀ, its square, and their product with X.
  fileprivate static func orthogonalization(_ parameter: StepWork.Trained) -> [Kernel] {
    let sides = parameter.shape.dimensions.sorted()
    guard parameter.isHiddenMatrix, sides.count == 2 else { return [] }
    let (short, long) = (sides[0], sides[1])
    let once: [Kernel] = [
      .product(m: short, n: short, k: long, .bfloat16), .product(m: short, n: short, k: short, .bfloat16),
      .product(m: short, n: long, k: short, .bfloat16),
    ]
    return Array(repeating: once, count: 5).flatMap { $0 }
  }
}

extension StepWork {
  /// The kernels of an update of what a rank updates.
  ///
  /// - Parameter share: the part of every parameter that is this rank's.
  public func update(_ workload: Workload, share: Double = 1) -> KernelList {
    var result = KernelList()
    let work = OptimizerWork.of(workload.optimizer)
    var together = 0.0
    for (parameter, count) in trained.sorted(by: { $0.key.elements < $1.key.elements }) {
      let width = Double(parameter.dataType.bitWidth) / 8
      let bytes = parameter.elements * share * (work.passes * width + work.stateBytes)
      let launches = max(1, Int(work.launchesEach.rounded()))
      if work.launchesEach > 0 {
        result.add(.streaming(parameter.dataType, bytes: bytes / Double(launches)), count: launches * count)
      } else {
        together += bytes * Double(count)
      }
      if workload.optimizer == .muon {
        for kernel in OptimizerWork.orthogonalization(parameter) { result.add(kernel, count: count) }
      }
    }
    if work.launchesEach == 0, together > 0 {
      let groups = max(1, trained.values.reduce(0, +) / 100)
      let launches = max(1, Int(work.launchesTogether.rounded())) * groups
      result.add(.streaming(.float32, bytes: together / Double(launches)), count: launches)
    }
    if workload.clipsGradients {
      // A norm of each gradient, and all of them scaled.
      result.add(.streaming(.float32, bytes: 3 * share * sum(\.gradientBytes)))
    }
    result.calls = result.launches
    return result
  }

  /// What each micro-step but the first adds to gradients that are there already.
  public var accumulation: KernelList {
    var result = KernelList()
    for (parameter, count) in trained {
      result.add(.streaming(parameter.dataType, bytes: 3 * parameter.bytes), count: count)
    }
    return result
  }
}
