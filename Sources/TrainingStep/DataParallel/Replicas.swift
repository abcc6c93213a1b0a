internal import Graph
internal import Units

/// torch's `DistributedDataParallel`: every rank has all, and sends gradients in buckets
/// (torch/csrc/distributed/c10d/reducer.cpp).
struct Replicas: DataParallelEngine {
  /// The first bucket is smaller, so that sending begins early (`kDefaultFirstBucketBytes`, `kDefaultBucketBytesCap` in
  /// reducer.hpp).
  private static let limits = (first: 1 << 20, others: 25 << 20)

  /// Whether `.grad` lies in the bucket (`gradient_as_bucket_view`), or is copied there.
  private let usesBucketView: Bool
  private let buckets: [ByteCount]
  /// The parameters whose gradients it sends, by place.
  private let sent: Set<Int>
  /// Parameters whose `.grad` lies in a bucket.
  private var held: Set<Int> = []

  init(usesBucketView: Bool, _ parameters: [ModelParameter]) {
    self.usesBucketView = usesBucketView
    sent = Set(parameters.map(\.place))
    buckets = Self.buckets(of: parameters.filter(\.trains).reversed())
  }

  /// `compute_bucket_assignment_by_size`: a bucket for each type is filled until it reaches its limit.
  private static func buckets(of parameters: [ModelParameter]) -> [ByteCount] {
    var open: [DataType: (bytes: Int, isFirst: Bool)] = [:]
    var result: [ByteCount] = []
    for parameter in parameters {
      var (bytes, isFirst) = open[parameter.dataType] ?? (0, true)
      bytes += parameter.bytes.bytes
      if bytes >= (isFirst ? limits.first : limits.others) {
        result.append(ByteCount(bytes))
        (bytes, isFirst) = (0, false)
      }
      open[parameter.dataType] = (bytes, isFirst)
    }
    return result + open.values.map(\.bytes).filter { $0 > 0 }.sorted().map { ByteCount($0) }
  }

  mutating func begin(_ memory: inout Memory) {
    for bytes in buckets {
      _ = memory.allocate(
        bytes, cause: "bucket", module: "", category: usesBucketView ? .gradients : .communication)
    }
  }

  func holdsGradient(of parameter: Int) -> Bool { held.contains(parameter) }

  mutating func accumulated(_ parameter: Int, _ gradients: inout [Int: Tensor], _ memory: inout Memory) {
    guard usesBucketView, sent.contains(parameter), let gradient = gradients.removeValue(forKey: parameter) else {
      return
    }
    memory.release(gradient.storage)
    held.insert(parameter)
  }

  mutating func dropGradients(_ memory: inout Memory) { held = [] }
}
