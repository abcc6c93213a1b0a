internal import Graph
internal import Units

/// Fourier transforms and what they are windowed and banked with.
enum Signal {
  static let all: [OperatorRow] =
    [row("DFT", shape: transform), row("STFT", shape: shortTime), row("MelWeightMatrix", shape: mel)]
    + rows(["BlackmanWindow", "HannWindow", "HammingWindow"]) { call throws(Unresolved) in
      let size = try call.single(0) ?? call.unknown("0", "the size of the window is not known")
      return [.tensor(try call.type(attribute: "output_datatype", default: .float32), [size])]
    }

  /// DFT 17 (`axis` an attribute, 1 unless given) and 20 (`axis` an input, -2 unless given): `[…, length, …, 1 or 2]`
  /// becomes `[…, length, …, 2]`, one-sided `floor(length / 2) + 1` long, and one-sided and inverse a real
  /// `[…, length, …, 1]` for `2 · (extent - 1)` unless a length is given.
  private static func transform(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0, ranks: 2...Call.highestRank)
    let isOneSided = try call.flag("onesided")
    let isInverse = try call.flag("inverse")
    let parts: Dimension = isOneSided && isInverse ? 1 : 2
    var axis: Int?
    if call.has(2) {
      axis = try call.single(2)?.constant
      guard axis != nil else {
        // Any axis but the last may be the one.
        let signal = shape.dropLast().indices.map { call.unknown("\($0)", "the axis of the transform is not known") }
        return [.tensor(call.type(0), signal + [parts])]
      }
    }
    let named = try call.integer("axis", default: call.version < 20 ? 1 : -2)
    let place = try call.axis(axis ?? named, rank: shape.count)
    guard place < shape.count - 1 else { throw .defect("axis \(place) holds the parts of a complex number") }
    var length = isOneSided && isInverse ? (shape[place] - 1) * 2 : shape[place]
    if call.has(1) {
      length = try call.single(1) ?? call.unknown("length", "the length of the transform is not known")
    }
    if isOneSided, !isInverse { length = length.quotient(2) + 1 }
    return [.tensor(call.type(0), shape.dropLast().replacing(place, with: length) + [parts])]
  }

  /// STFT 17: signal `[batch, length, 1 or 2]`, result `[batch, frames, bins, 2]` with
  /// `frames = floor((length - frame) / step) + 1` and `bins = floor(frame / 2) + 1` where one-sided.
  private static func shortTime(_ call: Call) throws(Unresolved) -> [Fact] {
    let signal = try call.shape(0, ranks: 3...3)
    var frame: Dimension?
    if call.has(3) { frame = try call.single(3) }
    if call.has(2) {
      let window = try call.shape(2, ranks: 1...1)
      if let frame { try call.agree(frame, window[0], "the window and the frame differ in length") }
      frame = frame ?? window[0]
    } else if !call.has(3) {
      // Neither is given: the frame is the signal.
      frame = signal[1]
    }
    let length = frame ?? call.unknown("frame", "the length of a frame is not known")
    let step = try call.single(1) ?? call.unknown("step", "the step between frames is not known")
    guard step.isAtLeast(1) != false else { throw .defect("the step between frames is \(step)") }
    if signal[1].isAtLeast(length) == false {
      throw .defect("a frame of \(length) is longer than the signal of \(signal[1])")
    }
    let bins = try call.flag("onesided", default: true) ? length.quotient(2) + 1 : length
    return [.tensor(call.type(0), [signal[0], (signal[1] - length).quotient(step) + 1, bins, 2])]
  }

  /// MelWeightMatrix 17: `[floor(dft_length / 2) + 1, num_mel_bins]`.
  private static func mel(_ call: Call) throws(Unresolved) -> [Fact] {
    let bins = try call.single(0) ?? call.unknown("1", "the number of mel bins is not known")
    let length = try call.single(1) ?? call.unknown("length", "the length of the transform is not known")
    return [
      .tensor(try call.type(attribute: "output_datatype", default: .float32), [length.quotient(2) + 1, bins])
    ]
  }
}
