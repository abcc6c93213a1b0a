internal import Graph
internal import Units

/// The operators of onnxruntime's own domain (version 1, as of onnxruntime 1.23), which its optimiser and quantiser write.
enum Microsoft {
  static let all: [OperatorRow] =
    attention + normalization + matrices + convolutions + quantization + generation + others

  static let domain = OperatorDomain.microsoft

  /// Results that are all like the first input.
  static func likeFirst(_ count: Int) -> OperatorRule.ShapeFunction {
    { call throws(Unresolved) in
      let fact = Fact.tensor(call.type(0), try call.shape(0))
      return [Fact](repeating: fact, count: count)
    }
  }

  /// The shape of an input of this rank.
  static func shape(_ call: Call, _ input: Int, rank: Int) throws(Unresolved) -> [Dimension] {
    let shape = try call.shape(input)
    guard shape.count == rank else { throw .defect("input \(input) has rank \(shape.count), not \(rank)") }
    return shape
  }

  /// An extent divided into equal parts.
  static func part(_ extent: Dimension, of parts: Int, _ what: String) throws(Unresolved) -> Dimension {
    guard parts > 0 else { throw .defect("\(what) is \(parts)") }
    if let number = extent.constant, number % parts != 0 {
      throw .defect("\(number) is no multiple of \(parts), \(what)")
    }
    return extent.quotient(.constant(parts))
  }

  /// The extent that an input states by its only element; an unknown one where its value is not known.
  static func stated(_ call: Call, _ input: Int, _ place: String, _ what: String) -> Dimension {
    if call.has(input), let value = try? call.integers(input), value.count == 1, let extent = value[0] { return extent }
    return call.unknown(place, what)
  }

  // MARK: - Others

  private static let others: [OperatorRow] =
    rows(
      ["BiasGelu", "FastGelu", "Gelu", "QuickGelu", "BiasSoftmax", "BiasAdd", "Inverse", "Trilu", "SampleOp"],
      domain: domain, storage: .reusable, shape: likeFirst(1))
    + rows(["ComplexMul", "ComplexMulConj"], domain: domain) { call throws(Unresolved) in
      [.tensor(call.type(0), try call.broadcast([try call.shape(0), try call.shape(1)]))]
    }
    + rows(["BitmaskDropout", "BitmaskBiasDropout"], domain: domain) { call throws(Unresolved) in
      let shape = try call.shape(0)
      return [.tensor(call.type(0), shape), .tensor(.uint32, [shape.product.quotientRoundedUp(32)])]
    }
    + [
      row("BiasDropout", domain: domain) { call throws(Unresolved) in
        let shape = try call.shape(0)
        return [.tensor(call.type(0), shape), .tensor(.bool, shape)]
      },
      row("BiasSplitGelu", domain: domain) { call throws(Unresolved) in
        var shape = try call.shape(0)
        guard let last = shape.popLast() else { throw .defect("its input is a scalar") }
        return [.tensor(call.type(0), shape + [try part(last, of: 2, "the parts")])]
      },
      row("ExpandDims", domain: domain, storage: .view, shape: expandDimensions),
      row("IsAllFinite", domain: domain) { _ throws(Unresolved) in [.scalar(.bool)] },
      row("MurmurHash3", domain: domain) { call throws(Unresolved) in
        [.tensor(try call.flag("positive", default: true) ? .uint32 : .int32, try call.shape(0))]
      },
      row("CDist", domain: domain) { call throws(Unresolved) in
        let (a, b) = (try shape(call, 0, rank: 2), try shape(call, 1, rank: 2))
        guard a[1].isEqual(b[1]) != false else { throw .defect("\(call.text([a, b])) have rows of different lengths") }
        return [.tensor(call.type(0), [a[0], b[0]])]
      },
      row("Pad", domain: domain, shape: pad),
      row("GridSample", domain: domain) { call throws(Unresolved) in
        let (image, grid) = (try shape(call, 0, rank: 4), try shape(call, 1, rank: 4))
        return [.tensor(call.type(0), [image[0], image[1], grid[1], grid[2]])]
      },
      row("CropAndResize", domain: domain) { call throws(Unresolved) in
        let (image, regions) = (try shape(call, 0, rank: 4), try shape(call, 1, rank: 2))
        var size = (try? call.integers(3)) ?? []
        if size.count != 2 { size = [nil, nil] }
        let spatial = (0..<2).map { size[$0] ?? call.unknown("\($0 + 2)", "the size of a crop") }
        return [.tensor(call.type(0), [regions[0], image[1]] + spatial)]
      },
      row("Rfft", domain: domain, shape: transform), row("Irfft", domain: domain, shape: inverseTransform),
      row("UnfoldTensor", domain: domain, shape: unfold), row("GatherND", domain: domain, shape: gather),
      row("TorchEmbedding", domain: domain) { call throws(Unresolved) in
        let weight = try shape(call, 0, rank: 2)
        return [.tensor(call.type(0), try call.shape(1) + [weight[1]])]
      },
      row("WordConvEmbedding", domain: domain) { call throws(Unresolved) in
        guard let filters = try call.shape(1).first, let words = try call.shape(0).first else {
          throw .defect("its words or filters are a scalar")
        }
        return [.tensor(call.type(1), [words, filters])]
      },
      row("Range", domain: domain, shape: range),
      row("Tokenizer", domain: domain) { call throws(Unresolved) in
        let shape = try call.shape(0)
        return [.tensor(.string, shape + [call.unknown("\(shape.count)", "the number of tokens of a text")])]
      },
      row("DynamicTimeWarping", domain: domain) { call throws(Unresolved) in
        [.tensor(.int32, [2, call.unknown("1", "the length of a path")])]
      },
    ]

  private static func expandDimensions(_ call: Call) throws(Unresolved) -> [Fact] {
    var shape = try call.shape(0)
    guard let axis = try? call.numbers(1) else {
      let message = "which axis is new"
      return [.tensor(call.type(0), (0...shape.count).map { call.unknown("\($0)", message) })]
    }
    guard let place = axis.first else { throw .defect("its axis is an empty tensor") }
    shape.insert(.one, at: try call.axis(place, rank: shape.count + 1))
    return [.tensor(call.type(0), shape)]
  }

  /// Extents grow by what is put before and behind; the amounts are those before every axis, then those behind.
  private static func pad(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0)
    let amounts = try? call.integers(1)
    if let amounts, amounts.count != 2 * shape.count {
      throw .defect("\(amounts.count) amounts for a tensor of rank \(shape.count)")
    }
    return [
      .tensor(
        call.type(0),
        shape.enumerated().map { axis, extent in
          guard let amounts, let before = amounts[axis], let behind = amounts[axis + shape.count] else {
            return call.unknown("\(axis)", "the amount of padding")
          }
          return extent + before + behind
        })
    ]
  }

  /// Of real signals along the last axis, half the frequencies as pairs.
  private static func transform(_ call: Call) throws(Unresolved) -> [Fact] {
    var shape = try call.shape(0)
    guard let last = shape.popLast() else { throw .defect("its input is a scalar") }
    let frequencies = try call.flag("onesided", default: true) ? last.quotient(2) + 1 : last
    return [.tensor(call.type(0), shape + [frequencies, 2])]
  }

  private static func inverseTransform(_ call: Call) throws(Unresolved) -> [Fact] {
    var shape = try call.shape(0)
    guard shape.count >= 2 else {
      throw .defect("its input has rank \(shape.count), and a signal of pairs has 2 or more")
    }
    shape.removeLast()
    let frequencies = shape.removeLast()
    return [
      .tensor(call.type(0), shape + [try call.flag("onesided", default: true) ? (frequencies - 1) * 2 : frequencies])
    ]
  }

  /// Windows along an axis; their elements become the last axis.
  private static func unfold(_ call: Call) throws(Unresolved) -> [Fact] {
    var shape = try call.shape(0)
    let axis = try call.axis(try call.integer("dim", default: -1), rank: shape.count)
    let (size, step) = (try call.requiredInteger("size"), try call.integer("step", default: 1))
    guard size > 0, step > 0 else { throw .defect("windows of \(size) by steps of \(step)") }
    shape[axis] = (shape[axis] - .constant(size)).quotient(.constant(step)) + 1
    return [.tensor(call.type(0), shape + [.constant(size)])]
  }

  /// Slices of the first input by their places, which are the last axis of the second.
  private static func gather(_ call: Call) throws(Unresolved) -> [Fact] {
    let (data, indices) = (try call.shape(0), try call.shape(1))
    guard let depth = indices.last else { throw .defect("its indices are a scalar") }
    guard let number = depth.constant else { throw .data("the rank depends on '\(depth)'") }
    guard (0...data.count).contains(number) else {
      throw .defect("places of \(number) axes in a tensor of rank \(data.count)")
    }
    return [.tensor(call.type(0), indices.dropLast() + data.dropFirst(number))]
  }

  private static func range(_ call: Call) throws(Unresolved) -> [Fact] {
    let message = "the number of steps"
    let operands = [0, 1, 2].map { input -> Scalar? in
      input == 2 && !call.has(2) ? .integer(1) : (try? call.elements(input))?.first
    }
    if let start = operands[0]?.dimension, let limit = operands[1]?.dimension,
      let step = operands[2]?.dimension?.constant
    {
      guard step != 0 else { throw .defect("its step is zero") }
      let distance = step > 0 ? limit - start : start - limit
      let stride = step > 0 ? Dimension.constant(step) : -Dimension.constant(step)
      return [.tensor(call.type(0), [Dimension.larger(distance.quotientRoundedUp(stride), 0)])]
    }
    guard let start = operands[0]?.double, let limit = operands[1]?.double, let step = operands[2]?.double, step != 0,
      let count = Int(exactly: ((limit - start) / step).rounded(.up))
    else { return [.tensor(call.type(0), [call.unknown("0", message)])] }
    return [.tensor(call.type(0), [.constant(max(count, 0))])]
  }
}
