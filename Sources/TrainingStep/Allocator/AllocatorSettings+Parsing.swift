internal import Units

extension AllocatorSettings {
  /// Reads the value of `PYTORCH_CUDA_ALLOC_CONF` (or `PYTORCH_ALLOC_CONF`): `key:value,key:[size:value,>:value]`.
  ///
  /// Keys of torch 2.11 that do not change how much is reserved are read over; any other unknown key is an error, as
  /// it is in torch. `backend:cudaMallocAsync` is another allocator, which this one does not imitate.
  public init(parsing text: String) throws(AllocatorSettingsError) {
    self.init()
    var tokens = Tokens(text)
    while let key = tokens.next() {
      try tokens.expect(":", after: key)
      switch key {
      case "max_split_size_mb": maxSplitSize = try tokens.mebibytes(of: key, atLeast: 20)
      case "max_non_split_rounding_mb": maxNonSplitRounding = try tokens.mebibytes(of: key, atLeast: 20)
      case "large_segment_size_mb": largeSegmentSize = try tokens.mebibytes(of: key, atLeast: 20)
      case "garbage_collection_threshold": garbageCollectionThreshold = try tokens.fraction(of: key, mayBeOne: false)
      case "per_process_memory_fraction": perProcessMemoryFraction = try tokens.fraction(of: key, mayBeOne: true)
      case "expandable_segments": expandableSegments = try tokens.flag(of: key)
      case "roundup_power2_divisions": roundupPower2Divisions = try tokens.divisions(of: key)
      case "backend":
        let name = try tokens.value(of: key)
        guard name == "native" else { throw AllocatorSettingsError(.unknownBackend, key: key, value: name) }
      case _ where Self.withoutEffect.contains(key): _ = try tokens.value(of: key)
      default: throw AllocatorSettingsError(.unknownKey, key: key, value: "")
      }
      if let separator = tokens.next(), separator != "," {
        throw AllocatorSettingsError(.malformed, key: key, value: separator)
      }
    }
  }

  /// Options of host memory, locks and sharing between processes.
  private static let withoutEffect: Set<String> = [
    "pinned_use_background_threads", "pinned_use_cuda_host_register", "pinned_use_hip_host_register",
    "pinned_num_register_threads", "pinned_reserve_segment_size_mb", "release_lock_on_cudamalloc",
    "release_lock_on_hipmalloc", "graph_capture_record_stream_reuse",
  ]
}

/// The option string cut at `,`, `:`, `[` and `]`, without white space.
private struct Tokens {
  private var tokens: [String] = []
  private var position = 0

  init(_ text: String) {
    var word = ""
    for character in text where !character.isWhitespace {
      if ",:[]".contains(character) {
        if !word.isEmpty { tokens.append(word) }
        tokens.append(String(character))
        word = ""
      } else {
        word.append(character)
      }
    }
    if !word.isEmpty { tokens.append(word) }
  }

  mutating func next() -> String? {
    guard position < tokens.count else { return nil }
    position += 1
    return tokens[position - 1]
  }

  mutating func expect(_ token: String, after key: String) throws(AllocatorSettingsError) {
    let found = next() ?? ""
    guard found == token else { throw AllocatorSettingsError(.malformed, key: key, value: found) }
  }

  mutating func value(of key: String) throws(AllocatorSettingsError) -> String {
    guard let value = next(), !",:[]".contains(value) else {
      throw AllocatorSettingsError(.malformed, key: key, value: "")
    }
    return value
  }

  /// A mebibyte count under 2^32, so that no sum of sizes overflows.
  mutating func mebibytes(of key: String, atLeast least: Int) throws(AllocatorSettingsError) -> ByteCount {
    let text = try value(of: key)
    guard let count = Int(text), count >= least, count < 1 << 32 else {
      throw AllocatorSettingsError(.badValue, key: key, value: text)
    }
    return .mebibytes(count)
  }

  mutating func fraction(of key: String, mayBeOne: Bool) throws(AllocatorSettingsError) -> Double {
    let text = try value(of: key)
    guard let share = Double(text), share > 0, share < 1 || (mayBeOne && share == 1) else {
      throw AllocatorSettingsError(.badValue, key: key, value: text)
    }
    return share
  }

  mutating func flag(of key: String) throws(AllocatorSettingsError) -> Bool {
    let text = try value(of: key)
    guard text == "True" || text == "False" else { throw AllocatorSettingsError(.badValue, key: key, value: text) }
    return text == "True"
  }

  /// A count of divisions: 0 or a power of two.
  private func power(_ text: String, of key: String) throws(AllocatorSettingsError) -> Int {
    guard let count = Int(text), count >= 0, count <= 1 << 20, count.nonzeroBitCount <= 1 else {
      throw AllocatorSettingsError(.badValue, key: key, value: text)
    }
    return count
  }

  /// `4`, or `[256:1,512:2,>:8]`: sizes in MiB and their divisions. The first entry holds for smaller sizes, too,
  /// and `>` for the last size named and all above it, as in `parseRoundUpPower2Divisions`.
  mutating func divisions(of key: String) throws(AllocatorSettingsError) -> [Int] {
    let count = AllocatorSettings.intervals
    guard position < tokens.count, tokens[position] == "[" else {
      return [Int](repeating: try power(try value(of: key), of: key), count: count)
    }
    position += 1
    var divisions = [Int](repeating: 0, count: count)
    var last: Int?
    while true {
      let size = try value(of: key)
      try expect(":", after: key)
      let parts = try power(try value(of: key), of: key)
      if size == ">" {
        for index in (last ?? 0)..<count { divisions[index] = parts }
      } else {
        guard let mebibytes = Int(size), mebibytes > 0, mebibytes.nonzeroBitCount == 1 else {
          throw AllocatorSettingsError(.badValue, key: key, value: size)
        }
        let index = min(mebibytes.trailingZeroBitCount, count - 1)
        for smaller in (last == nil ? 0 : index)...index { divisions[smaller] = parts }
        last = index
      }
      guard let separator = next(), separator == "," || separator == "]" else {
        throw AllocatorSettingsError(.malformed, key: key, value: size)
      }
      if separator == "]" { return divisions }
    }
  }
}
