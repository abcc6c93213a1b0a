internal import Graph
public import TrainingStep
public import Units

/// How long kernels run on a GPU: the longer of what their arithmetic and what their memory traffic takes.
public struct Roofline: Sendable {
  public let gpu: GPU
  public let rates: KernelRates

  public init(_ gpu: GPU) {
    self.gpu = gpu
    rates = .of(gpu.architecture)
  }

  /// Seconds from the end of one kernel to the start of the next, on a stream that never waits, with the filling and
  /// draining of the multiprocessors: about 3 microseconds (the time of an empty elementwise kernel in PyTorch's
  /// profiler).
  static let gap = 3e-6
  /// Elements that a tile of a product fills and drains its pipeline with, along k, at the rate of 16-bit products: it is
  /// latency, and no shorter where the arithmetic is slower.
  private static let ramp = 128.0
  /// Tiles of cuBLAS's kernels. A smaller one reads more for each operation, and reaches less of the peak by the 0.2th
  /// power of its size.
  private static let tiles: [(rows: Int, columns: Int)] = [
    (256, 128), (128, 256), (128, 128), (256, 64), (64, 256), (128, 64), (64, 128), (64, 64), (32, 64), (64, 32),
  ]
  /// Queries that attention needs to come half as near to its rate: 450 forward, 600 backward (arXiv 2307.08691, as its
  /// figures rise from 512 to 16k).
  private static let attentionRamp = (forward: 450.0, backward: 600.0)

  /// Peak operations a second in a type.
  public func peak(_ type: DataType) -> Double {
    switch type {
    case .float32, .float64, .complex64, .complex128: gpu.rates.fp32
    case .bfloat16: gpu.rates.bf16 ?? gpu.rates.fp32
    case .int8, .uint8: 2 * gpu.rates.fp16
    default: gpu.rates.fp16
    }
  }

  private var bandwidth: Double { gpu.memoryBandwidth * rates.bandwidth }

  /// Seconds of all kernels of a list, one behind the other.
  public func seconds(_ list: KernelList) -> Double {
    list.counts.reduce(0) { $0 + seconds($1.key) * Double($1.value) }
  }

  public func seconds(_ kernel: Kernel) -> Double {
    // Links decide, and who waits for them.
    if case .exchange = kernel.kind { return 0 }
    return max(arithmetic(kernel), kernel.bytes / bandwidth) + Self.gap
  }

  private func arithmetic(_ kernel: Kernel) -> Double {
    let type = kernel.dataType
    let share = type == .float32 ? rates.wideProducts : rates.products
    switch kernel.kind {
    case .streaming, .exchange: return 0
    // bitsandbytes looks every element up in a table: measured near a third of the bandwidth (bitsandbytes#1100 and
    // QLoRA's kernels, kDequantizeBlockwise). GPTQ's Triton kernels are taken alike: runs of fms-acceleration over either
    // are within 4 % of each other.
    case .decoding: return kernel.bytes / (gpu.memoryBandwidth * 0.35)
    case .product(let m, let n, let k, let batch):
      return product(m: m, n: n, k: k, batch: batch, rate: peak(type) * share)
    case .groupedProduct(let rows, let n, let k, let experts):
      let each = max(1, rows / max(1, experts))
      return product(m: each, n: n, k: k, batch: min(experts, max(1, rows)), rate: peak(type) * share)
    // Implicit products whose edges fit no tile.
    case .convolution: return kernel.operations / (peak(type) * share * 0.7)
    case .attention(let kernelKind, let pass, let queries, _, _):
      let (reached, ramp) =
        pass == .forward
        ? (rates.attentionForward, Self.attentionRamp.forward)
        : (rates.attentionBackward, Self.attentionRamp.backward)
      let length = Double(queries)
      let kind = kernelKind == .efficient ? rates.efficientAttention : 1
      return kernel.operations / (peak(type) * reached * kind * length / (length + ramp))
    }
  }

  /// Tiles run in waves over the multiprocessors; a wave that is not full takes as long as one that is. Few tiles of a
  /// long k are split along it. The fastest choice is what cuBLAS's heuristics look for.
  ///
  /// - Parameter rate: operations a second of all multiprocessors together.
  func product(m: Int, n: Int, k: Int, batch: Int, rate: Double) -> Double {
    let processors = Double(gpu.multiprocessors)
    let largest = Double(Self.tiles[0].rows * Self.tiles[0].columns)
    let ramp = Self.ramp * min(1, rate / (gpu.rates.fp16 * rates.products))
    var best = Double.infinity
    for tile in Self.tiles {
      let size = Double(tile.rows * tile.columns)
      let reached = exponent(size / largest)
      let count =
        Double(batch) * (Double(m) / Double(tile.rows)).rounded(.up) * (Double(n) / Double(tile.columns)).rounded(.up)
      for parts in [1.0, 2, 4, 8, 16, 32] {
        guard parts == 1 || (count < processors && Double(k) / parts >= 256) else { break }
        let waves = (count * parts / processors).rounded(.up)
        var seconds = waves * 2 * size * (Double(k) / parts + ramp) * processors / (rate * reached)
        if parts > 1 { seconds += parts * Double(m) * Double(n) * 8 * Double(batch) / bandwidth }
        best = min(best, seconds)
      }
    }
    return best
  }

  private func exponent(_ share: Double) -> Double {
    // share^0.2, for shares that are powers of two down to 1/16.
    [1.0: 1.0, 0.5: 0.870551, 0.25: 0.757858, 0.125: 0.659754, 0.0625: 0.574349][share] ?? 0.5
  }
}

extension Roofline {
  /// Seconds of a copy that moves so many bytes.
  func streaming(_ bytes: Double) -> Double {
    bytes > 0 ? bytes / (gpu.memoryBandwidth * rates.bandwidth) + Self.gap : 0
  }
}
