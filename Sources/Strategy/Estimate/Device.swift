public import Units

/// The GPU that a rank runs on, as far as it is known.
public struct Device: Sendable {
  /// The row of the table; nil where only a memory was given.
  public var gpu: GPU?
  /// What a process may take there, driver context included.
  public var memory: ByteCount
  /// GPUs that take part in the run.
  public var ranks: Int

  public init(gpu: GPU?, memory: ByteCount, ranks: Int) {
    self.gpu = gpu
    self.memory = memory
    self.ranks = ranks
  }

  /// What the driver and the libraries take outside of torch's allocator, each with its name.
  var outside: [(what: String, size: DeviceConstant)] {
    let context = gpu.map { ("driver context", DeviceConstant.cudaContext($0.architecture, loadsKernelsLazily: true)) }
    let buffers = ranks > 1 ? ("collectives' buffers", DeviceConstant.collectiveBuffers(ranks: ranks)) : nil
    return [context, buffers].compactMap { $0 }
  }

  /// cuBLAS keeps a workspace for the thread that runs the forward pass and one for autograd's, in the allocator's
  /// memory (aten/src/ATen/cuda/CublasHandlePool.cpp).
  var workspace: DeviceConstant? { gpu.map { DeviceConstant.blasWorkspace($0.architecture) } }

  /// What one product takes beside it, on GPUs of AMD.
  var productWorkspace: DeviceConstant? { gpu.flatMap { DeviceConstant.productWorkspace($0.architecture) } }
}
