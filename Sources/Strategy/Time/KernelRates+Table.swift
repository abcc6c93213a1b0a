extension KernelRates {
  /// What kernels reach on an architecture.
  ///
  /// The best that a search over shapes finds (stas00/ml-engineering, compute/accelerator: 86.9 % on the A100 SXM,
  /// 81.1 % PCIe, 80.3 % H100, 77.6 % B200, 51.4 % MI300X) is more than the shapes of a model see one after the other:
  /// on the A100 PCIe the products of four models (183 shapes, MooreThreads/SimuMax, configs/system) fit the tiles of
  /// ``Roofline`` with 78 %, 0.96 of that best, to 4 % in the mean; on the B200 (514 shapes) with 52 %. Where only the
  /// best was read, 0.96 of it is taken, and 0.9 on the H100, whose clock falls further under load.
  public static func of(_ architecture: GPUArchitecture) -> KernelRates {
    switch architecture {
    case .volta:
      KernelRates(
        products: 0.72, attention: (0.30, 0.22), efficientAttention: 1, bandwidth: 0.83,
        source: "cuBLAS on V100, about 90 to 100 TFLOP/s of 125; no flash kernel there: CUTLASS's")
    case .turing:
      KernelRates(
        products: 0.42, attention: (0.25, 0.18), efficientAttention: 1, bandwidth: 0.80,
        source: "T4 at its 70 W: about 25 to 30 TFLOP/s of 65 in long runs")
    case .ampere:
      KernelRates(
        products: 0.835, attention: (0.62, 0.52), bandwidth: 0.82,
        source:
          "0.96 of 86.9 % (ml-engineering); attention: FlashAttention-2 (arXiv 2307.08691, figures 4 to 6) and SimuMax")
    case .ampereGA10x:
      KernelRates(
        products: 0.82, attention: (0.55, 0.45), bandwidth: 0.85,
        source: "between the A100's share and all of the rate, which GeForce cards pass by their clocks and an A10 of "
          + "150 W falls short of; no table was read")
    case .ada:
      KernelRates(
        products: 0.80, attention: (0.55, 0.45), bandwidth: 0.85,
        source: "as GA10x: an RTX 4090 comes nearer, an L4 of 72 W does not; no table was read")
    case .hopper:
      KernelRates(
        products: 0.72, attention: (0.38, 0.30), bandwidth: 0.80,
        source:
          "0.9 of 80.3 % (ml-engineering); attention: sdpa at 290 to 304 of 989 TFLOP/s (pytorch/benchmark d5f0a12), "
          + "FlashAttention-2 at about 350 (arXiv 2407.08608)")
    case .blackwell:
      KernelRates(
        products: 0.52, attention: (0.40, 0.35), bandwidth: 0.67,
        source: "SimuMax's B200: 514 products, 32 attentions, 0.666 of the bandwidth")
    case .blackwellGB20x:
      KernelRates(
        products: 0.80, attention: (0.50, 0.42), bandwidth: 0.80, source: "taken as of Ada; no table was read")
    case .cdna2:
      KernelRates(
        products: 0.60, attention: (0.25, 0.18), bandwidth: 0.75,
        source: "taken between CDNA3 and NVIDIA; no table was read")
    case .cdna3:
      KernelRates(
        products: 0.49, attention: (0.28, 0.20), bandwidth: 0.75, source: "0.96 of 51.4 % (ml-engineering, MI300X)")
    }
  }
}
