internal import Units

extension DeviceConstant {
  /// What the driver takes for a process before its first tensor: the CUDA context and the kernels loaded with it.
  ///
  /// - Parameter loadsKernelsLazily: CUDA 11.7 and later load a kernel when it is first used (torch turns it on).
  public static func cudaContext(_ architecture: GPUArchitecture, loadsKernelsLazily: Bool = true) -> DeviceConstant {
    guard !architecture.isAMD else {
      return DeviceConstant(
        .mebibytes(284), low: .mebibytes(150), high: .mebibytes(600),
        source: "rocm-smi 297,771,008 bytes used on idle MI300X (ROCm/ROCm#4750); a process is not told apart")
    }
    guard loadsKernelsLazily else {
      return DeviceConstant(
        .mebibytes(1343), low: .mebibytes(1000), high: .mebibytes(1650),
        source: "V100, CUDA 11.2: 1,343 MiB (transformers' performance guide); over 1,000 MB (pytorch#107667)")
    }
    switch architecture {
    case .ampereGA10x:
      return DeviceConstant(
        .mebibytes(256), low: .mebibytes(200), high: .mebibytes(400),
        source: "RTX 3090, torch 2.7.1, CUDA 12.8: 256 MiB (InvokeAI#9413)")
    case .ada:
      return DeviceConstant(
        .mebibytes(426), low: .mebibytes(256), high: .mebibytes(600),
        source: "RTX 6000 Ada, torch 2.10, CUDA 13.0: 426 MiB (unsloth-zoo#1053)")
    default:
      return DeviceConstant(
        .mebibytes(400), low: .mebibytes(256), high: .mebibytes(650),
        source: "CUDA 11.7 on: 300 to 400 MB (pytorch#107667, #109888); no figure of this architecture was read")
    }
  }

  /// What one cuBLAS (hipBLAS) handle takes on one stream, through torch's allocator, so that it counts as allocated.
  /// The forward's thread and the backward's each have a handle.
  public static func blasWorkspace(_ architecture: GPUArchitecture) -> DeviceConstant {
    let source = "torch aten/src/ATen/cuda/CublasHandlePool.cpp, parseChosenWorkspaceSize"
    switch architecture {
    case .hopper: return DeviceConstant(.mebibytes(32), source: source + ": sm_90")
    case .cdna3: return DeviceConstant(.mebibytes(128), source: source + ": gfx942")
    case .cdna2: return DeviceConstant(.mebibytes(32), source: source + ": ROCm")
    default: return DeviceConstant(.kibibytes(4096 * 2 + 16 * 8), source: source + ": :4096:2:16:8")
    }
  }

  /// What a product takes while it runs, through torch's allocator; nil where it takes a handle's workspace. ROCm's products
  /// go to hipBLASLt where they can.
  public static func productWorkspace(_ architecture: GPUArchitecture) -> DeviceConstant? {
    guard architecture.isAMD else { return nil }
    return DeviceConstant(
      .mebibytes(76), low: .zero, high: .mebibytes(76),
      source: "torch aten/src/ATen/cuda/CUDABlas.cpp, hipBLASLt's default; taken to be there at the peak")
  }

  /// What one process takes for the buffers of its NCCL (RCCL) communicators, outside torch's allocator.
  public static func collectiveBuffers(ranks: Int) -> DeviceConstant {
    switch ranks {
    case ...1: DeviceConstant(.zero, source: "one process has no communicator")
    case 2:
      DeviceConstant(
        ByteCount(544_000_000), low: .mebibytes(256), high: ByteCount(1_000_000_000),
        source: "A100, NVLink, group of 2: 544 MB (nccl#964)")
    default:
      DeviceConstant(
        ByteCount(688_000_000), low: .mebibytes(256), high: ByteCount(3_280_000_000),
        source: "4 A100, NVLink: 688 MB (nccl#964); 8 H100 after the first all-to-all: 3.28 GB (nccl#1685)")
    }
  }

  /// LLMem's `m_base`: the context and the framework's start-up, which the paper measures and does not print.
  ///
  /// It can be worked back from the paper's table of one V100. With exact inventories the equations give its
  /// estimates of OPT-125m (16,314 MB), BLOOM-560m (16,578) and CodeGen-350M (16,236) for whole batch sizes when
  /// `m_base` is 1,090, 1,032 and 1,052 MiB (batches of 85, 10 and 32). Of the sets of batches that the table allows
  /// this agrees best; the next, about 1,733 MiB, lies 98 MiB apart. It is also what contexts took before kernels were
  /// loaded lazily. Their mean is the row: a figure of Volta, taken for every other GPU too.
  public static let llmemBase = DeviceConstant(
    .mebibytes(1058), low: .mebibytes(300), high: .mebibytes(1733),
    source: "worked back from the one-GPU estimates of arXiv 2404.10933 (V100, CUDA 11.7)")
}
