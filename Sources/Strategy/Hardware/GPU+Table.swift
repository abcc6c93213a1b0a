internal import Units

/// The rows of `plimsoll gpus`.
///
/// Rates are dense: where a datasheet prints the rate with sparsity, half of it. GeForce and RTX rates are those with
/// fp32 accumulation, which is what torch computes with.
///
/// Memory is the total of `nvidia-smi`, driver R510 or later, which counts the driver's own reserve (earlier drivers
/// left it out: 16,160 MiB for a V100 of 16 GB). What a process can have is less: the usable figure is the smallest
/// total capacity seen in torch's out-of-memory messages for that product, in GiB with two digits.
extension GPU {
  public static let all: [GPU] = [
    GPU(
      id: "v100-16gb", productName: "Tesla V100-SXM2-16GB", architecture: .volta,
      multiprocessors: 80,
      memory: .mebibytes(16_384), usableMemory: gibibytes(15.78), memoryBandwidth: 900e9,
      rates: Rates(fp32: 15.7e12, tf32: nil, fp16: 125e12, bf16: nil),
      peerLink: .nvlink2, pcieGeneration: 3, source: "NVIDIA V100 datasheet, SXM2",
      memorySource: "nvidia-smi 16384MiB (R510 on; arXiv 2404.10933 says 16,384 MB), 16160MiB before; torch 15.78 GiB"),
    GPU(
      id: "v100-32gb", productName: "Tesla V100-SXM2-32GB", architecture: .volta,
      multiprocessors: 80,
      memory: .mebibytes(32_768), usableMemory: gibibytes(31.73), memoryBandwidth: 900e9,
      rates: Rates(fp32: 15.7e12, tf32: nil, fp16: 125e12, bf16: nil),
      peerLink: .nvlink2, pcieGeneration: 3, source: "NVIDIA V100 datasheet, SXM2",
      memorySource: "nvidia-smi 32768MiB (R510 on), 32510MiB before; torch 31.73 GiB"),
    GPU(
      id: "t4", productName: "Tesla T4", architecture: .turing,
      multiprocessors: 40,
      memory: .mebibytes(15_360), usableMemory: gibibytes(14.56), memoryBandwidth: 320e9,
      rates: Rates(fp32: 8.1e12, tf32: nil, fp16: 65e12, bf16: nil),
      peerLink: nil, pcieGeneration: 3, source: "NVIDIA T4 datasheet; bandwidth of its product brief",
      memorySource: "nvidia-smi 15360MiB (R510 on), 15109MiB before; torch 14.56 GiB"),
    GPU(
      id: "a10", productName: "NVIDIA A10", architecture: .ampereGA10x,
      multiprocessors: 72,
      memory: .mebibytes(23_028), usableMemory: gibibytes(22.05), memoryBandwidth: 600e9,
      rates: Rates(fp32: 31.2e12, tf32: 62.5e12, fp16: 125e12, bf16: 125e12),
      peerLink: nil, pcieGeneration: 4, source: "NVIDIA A10 datasheet",
      memorySource: "nvidia-smi 23028MiB (modal-labs/modal-client#2797), ECC on; torch 22.05 GiB"),
    GPU(
      id: "a100-40gb", productName: "NVIDIA A100-SXM4-40GB", architecture: .ampere,
      multiprocessors: 108,
      memory: .mebibytes(40_960), usableMemory: gibibytes(39.38), memoryBandwidth: 1555e9,
      rates: .a100, peerLink: .nvlink3, pcieGeneration: 4, source: "NVIDIA A100 datasheet, SXM",
      memorySource: "nvidia-smi 40960MiB (modal-labs/modal-client#2797), 40536MiB before R510; torch 39.38 GiB"),
    GPU(
      id: "a100-pcie-40gb", productName: "NVIDIA A100-PCIE-40GB", architecture: .ampere,
      multiprocessors: 108,
      memory: .mebibytes(40_960), usableMemory: gibibytes(39.38), memoryBandwidth: 1555e9,
      rates: .a100, peerLink: .nvlink3Bridge, pcieGeneration: 4, source: "NVIDIA A100 datasheet, PCIe",
      memorySource: "nvidia-smi 40960MiB, 40536MiB before R510; torch 39.38 GiB"),
    GPU(
      id: "a100-80gb", productName: "NVIDIA A100-SXM4-80GB", architecture: .ampere,
      multiprocessors: 108,
      memory: .mebibytes(81_920), usableMemory: gibibytes(79.14), memoryBandwidth: 2039e9,
      rates: .a100, peerLink: .nvlink3, pcieGeneration: 4, source: "NVIDIA A100 datasheet, SXM",
      memorySource: "nvidia-smi 81920MiB (modal-labs/modal-client#2797), 81251MiB before R510; torch 79.14 GiB"),
    GPU(
      id: "a100-pcie-80gb", productName: "NVIDIA A100 80GB PCIe", architecture: .ampere,
      multiprocessors: 108,
      memory: .mebibytes(81_920), usableMemory: gibibytes(79.14), memoryBandwidth: 1935e9,
      rates: .a100, peerLink: .nvlink3Bridge, pcieGeneration: 4, source: "NVIDIA A100 datasheet, PCIe",
      memorySource: "nvidia-smi 81920MiB; torch 79.14 GiB"),
    GPU(
      id: "a6000", productName: "NVIDIA RTX A6000", architecture: .ampereGA10x,
      multiprocessors: 84,
      memory: .mebibytes(49_140), usableMemory: gibibytes(47.40), memoryBandwidth: 768e9,
      rates: Rates(fp32: 38.7e12, tf32: 77.4e12, fp16: 154.8e12, bf16: 154.8e12),
      peerLink: .ampereBridge, pcieGeneration: 4, source: "NVIDIA RTX A6000 datasheet; GA102 white paper",
      memorySource: "nvidia-smi 49140MiB, ECC off (46068MiB with ECC); torch 47.40 GiB"),
    GPU(
      id: "l4", productName: "NVIDIA L4", architecture: .ada,
      multiprocessors: 58,
      memory: .mebibytes(23_034), usableMemory: gibibytes(22.03), memoryBandwidth: 300e9,
      rates: Rates(fp32: 30.3e12, tf32: 60e12, fp16: 121e12, bf16: 121e12),
      peerLink: nil, pcieGeneration: 4, source: "NVIDIA L4 datasheet",
      memorySource: "nvidia-smi 23034MiB (modal-labs/modal-client#2797); torch 22.03 GiB"),
    GPU(
      id: "l40s", productName: "NVIDIA L40S", architecture: .ada,
      multiprocessors: 142,
      memory: .mebibytes(46_068), usableMemory: gibibytes(44.34), memoryBandwidth: 864e9,
      rates: Rates(fp32: 91.6e12, tf32: 183e12, fp16: 362e12, bf16: 362e12),
      peerLink: nil, pcieGeneration: 4, source: "NVIDIA L40S datasheet",
      memorySource: "nvidia-smi 46068MiB (modal-labs/modal-client#2797), ECC on; torch 44.34 GiB"),
    GPU(
      id: "rtx-3090", productName: "NVIDIA GeForce RTX 3090", architecture: .ampereGA10x,
      multiprocessors: 82,
      memory: .mebibytes(24_576), usableMemory: gibibytes(23.56), memoryBandwidth: 936e9,
      rates: Rates(fp32: 35.6e12, tf32: 35.6e12, fp16: 71e12, bf16: 71e12),
      peerLink: .ampereBridge, pcieGeneration: 4, source: "NVIDIA GA102 white paper",
      memorySource: "nvidia-smi 24576MiB; torch 23.56 GiB"),
    GPU(
      id: "rtx-4090", productName: "NVIDIA GeForce RTX 4090", architecture: .ada,
      multiprocessors: 128,
      memory: .mebibytes(24_564), usableMemory: gibibytes(23.52), memoryBandwidth: 1008e9,
      rates: Rates(fp32: 82.6e12, tf32: 82.6e12, fp16: 165.2e12, bf16: 165.2e12),
      peerLink: nil, pcieGeneration: 4, source: "NVIDIA Ada GPU architecture white paper",
      memorySource: "nvidia-smi 24564MiB; torch 23.52 GiB"),
    GPU(
      id: "rtx-5090", productName: "NVIDIA GeForce RTX 5090", architecture: .blackwellGB20x,
      multiprocessors: 170,
      memory: .mebibytes(32_607), usableMemory: gibibytes(31.36), memoryBandwidth: 1792e9,
      rates: Rates(fp32: 104.8e12, tf32: 104.8e12, fp16: 209.5e12, bf16: 209.5e12),
      peerLink: nil, pcieGeneration: 5, source: "NVIDIA RTX Blackwell GPU architecture white paper",
      memorySource: "nvidia-smi 32607MiB; torch 31.36 GiB"),
    GPU(
      id: "h100-80gb", productName: "NVIDIA H100 80GB HBM3", architecture: .hopper,
      multiprocessors: 132,
      memory: .mebibytes(81_559), usableMemory: gibibytes(79.18), memoryBandwidth: 3350e9,
      rates: .h100, peerLink: .nvlink4, pcieGeneration: 5, source: "NVIDIA H100 datasheet, SXM5",
      memorySource: "nvidia-smi 81559MiB (modal-labs/modal-client#2797); torch 79.18 GiB"),
    GPU(
      id: "h100-pcie-80gb", productName: "NVIDIA H100 PCIe", architecture: .hopper,
      multiprocessors: 114,
      memory: .mebibytes(81_559), usableMemory: gibibytes(79.18), memoryBandwidth: 2000e9,
      rates: Rates(fp32: 51.2e12, tf32: 378e12, fp16: 756e12, bf16: 756e12),
      peerLink: .nvlink4Bridge, pcieGeneration: 5, source: "NVIDIA H100 datasheet, PCIe",
      memorySource: "nvidia-smi 81559MiB; torch 79.18 GiB"),
    GPU(
      id: "h200", productName: "NVIDIA H200", architecture: .hopper,
      multiprocessors: 132,
      memory: .mebibytes(143_771), usableMemory: gibibytes(139.72), memoryBandwidth: 4800e9,
      rates: .h100, peerLink: .nvlink4, pcieGeneration: 5, source: "NVIDIA H200 datasheet, SXM",
      memorySource: "nvidia-smi 143771MiB; torch 139.72 GiB"),
    GPU(
      id: "b200", productName: "NVIDIA B200", architecture: .blackwell,
      multiprocessors: 148,
      memory: .mebibytes(183_359), usableMemory: gibibytes(178.35), memoryBandwidth: 7700e9,
      rates: Rates(fp32: 75e12, tf32: 1125e12, fp16: 2250e12, bf16: 2250e12),
      peerLink: .nvlink5, pcieGeneration: 5,
      source: "NVIDIA HGX B200 datasheet, an eighth; bandwidth: 7680-bit bus at 3996 MHz (pytorch/ao#4002)",
      memorySource: "nvidia-smi 183359MiB; torch 178.35 GiB (pytorch/ao#4002)"),
    GPU(
      id: "mi250x", productName: "AMD Instinct MI250X, one of its two dies", architecture: .cdna2,
      multiprocessors: 110,
      memory: ByteCount(68_702_699_520), usableMemory: ByteCount(68_702_699_520), memoryBandwidth: 1638e9,
      rates: Rates(fp32: 47.9e12, tf32: nil, fp16: 191.5e12, bf16: 191.5e12),
      peerLink: PeerLink(
        name: "Infinity Fabric", bytesPerSecondPerDirection: 200e9, topology: .modules(between: 100e9)),
      pcieGeneration: 4, hostLink: 36e9,
      source:
        "AMD Instinct MI250X data sheet, half of the module: ROCm shows each die as a device; links of a node: Frontier "
        + "user guide (200 GB/s within a module, 50 to 100 between modules, of which rings take the wider, 36 to the host)",
      memorySource: "KFD topology size_in_bytes 68702699520; torch 63.98 GiB"),
    GPU(
      id: "mi300x", productName: "AMD Instinct MI300X", architecture: .cdna3,
      multiprocessors: 304,
      memory: ByteCount(206_141_652_992), usableMemory: ByteCount(206_141_652_992), memoryBandwidth: 5300e9,
      rates: Rates(fp32: 163.4e12, tf32: 653.7e12, fp16: 1307.4e12, bf16: 1307.4e12),
      peerLink: PeerLink(
        name: "Infinity Fabric, 7 links", bytesPerSecondPerDirection: 448e9, topology: .mesh(others: 7)),
      pcieGeneration: 5,
      source: "AMD Instinct MI300X data sheet",
      memorySource: "rocm-smi VRAM Total Memory 206141652992 (ROCm/ROCm#4750); torch 191.98 GiB"),
  ]

  private static func gibibytes(_ count: Double) -> ByteCount { ByteCount(Int(count * 1024 * 1024 * 1024)) }
}

extension GPU.Rates {
  fileprivate static let a100 = GPU.Rates(fp32: 19.5e12, tf32: 156e12, fp16: 312e12, bf16: 312e12)
  fileprivate static let h100 = GPU.Rates(fp32: 66.9e12, tf32: 494.7e12, fp16: 989.4e12, bf16: 989.4e12)
}

extension GPU.PeerLink {
  fileprivate static let nvlink2 = GPU.PeerLink(name: "NVLink 2, 6 links", bytesPerSecondPerDirection: 150e9)
  fileprivate static let nvlink3 = GPU.PeerLink(name: "NVLink 3, 12 links", bytesPerSecondPerDirection: 300e9)
  fileprivate static let nvlink4 = GPU.PeerLink(name: "NVLink 4, 18 links", bytesPerSecondPerDirection: 450e9)
  fileprivate static let nvlink5 = GPU.PeerLink(name: "NVLink 5, 18 links", bytesPerSecondPerDirection: 900e9)
  fileprivate static let nvlink3Bridge = GPU.PeerLink(
    name: "NVLink 3 bridge", bytesPerSecondPerDirection: 300e9, topology: .pair)
  fileprivate static let nvlink4Bridge = GPU.PeerLink(
    name: "NVLink 4 bridge", bytesPerSecondPerDirection: 300e9, topology: .pair)
  fileprivate static let ampereBridge = GPU.PeerLink(
    name: "NVLink 3 bridge, 4 links", bytesPerSecondPerDirection: 56.25e9, topology: .pair)
}
