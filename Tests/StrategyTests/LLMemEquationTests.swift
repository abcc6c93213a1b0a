import Strategy
import Testing
import Units

/// Peaks worked by hand from published sizes. `page` is 2 MiB = 2,097,152 bytes; `up` rounds up to it.
/// Chunks of 32 Mi = 33,554,432 elements, sequences of 512, batch 1, no base.
@Suite("LLMem's equations")
struct LLMemEquationTests {
  static let page = 2_097_152

  static func peak(_ model: LLMemModel, _ layout: Layout, base: ByteCount = .zero) -> PeakOutcome {
    LLMemEstimator(model: model, sequenceLength: 512, base: base, chunkSize: 33_554_432)
      .peak(of: layout, batchSize: 1)
  }

  static func bytes(_ outcome: PeakOutcome) throws -> Int {
    guard case .estimate(let estimate) = outcome else { throw NoEstimate() }
    #expect(estimate.terms.reduce(.zero) { $0 + $1.bytes } == estimate.peak)
    return estimate.peak.bytes
  }

  struct NoEstimate: Error {}

  /// OPT-1.3b: vocabulary 50,272, hidden 2,048, 24 layers, 2,050 positions, a tied head.
  ///
  ///     embed_p  50,272 * 2,048                                   =   102,957,056
  ///     a layer  4 * (2,048 * 2,048 + 2,048)                      =    16,785,408
  ///              8,192 * 2,048 + 8,192, and 8,192 * 2,048 + 2,048 =    33,564,672
  ///              2 norms * 2 * 2,048                              =         8,192   sum 50,358,272
  ///     other_p  2,050 * 2,048 + 24 * 50,358,272 + 2 * 2,048      = 1,212,801,024
  ///     chunks   ceil(other_p / 33,554,432) = 37, 37 * 33,554,432 = 1,241,513,984
  ///     with embed_p                                                1,344,471,040
  ///     m_p      6 * that = 8,066,826,240 = 3,846.6 pages         -> 3,847 pages
  ///     m_p16    2 * that = 2,688,942,080 = 1,282.2 pages         -> 1,283 pages
  ///     m_p32    4 * that = 5,377,884,160 = 2,564.4 pages         -> 2,565 pages
  ///     m_os     tokens 8 * 102,957,056 = 392.7 pages             ->   393
  ///              positions 8 * 4,198,400 = 16.02 pages            ->    17
  ///              24 * 4 projections of 8 * 4,194,304 = 16 pages   -> 1,536
  ///              24 * 2 projections of 8 * 16,777,216 = 64 pages  -> 3,072   sum 5,018 pages
  ///     m_out    (2 + 24) * 512 * 2,048 * 2 = 54,525,952          ->    26 pages
  ///     m_lm     512 * 50,272 * 2 = 51,478,528 = 24.5 pages       ->    25
  ///              2 of 511 * 50,272 * 2 = 51,377,984 = 24.5 pages  ->    50   sum 75 pages
  ///              and lm_p = 2 * 102,957,056                       = 205,914,112 bytes
  ///
  ///     one GPU  3,847 + 5,018 + 26 + 75                          = 8,966 pages + lm_p
  ///     ADP      1,283 + (2,565 + 5,018) / 4 + 26 + 75            = 3,279.75 pages + lm_p
  ///     TP       (3,847 + 5,018) / 4 + 26 + 75 + m_back, of 24 * 512 * 2,048 * 2 * 3/4 = 37,748,736 = 18 pages
  ///                                                               = 2,335.25 pages + lm_p
  ///     DP+TP    3,279.75 - 1,283 * 2/4 + m_back, of 24 * 512 * 2,048 * 2 * 1/2 = 25,165,824 = 12 pages
  ///                                                               = 2,650.25 pages + lm_p
  @Test func tiedModelByHand() throws {
    let model = PublishedModel.all[0].model
    #expect(model.embeddingParameters == 102_957_056)
    #expect(model.otherParameters == 1_212_801_024)
    let head = 205_914_112
    #expect(try Self.bytes(Self.peak(model, Layout(.single, ParallelDegrees()))) == 8966 * Self.page + head)
    #expect(try Self.bytes(Self.peak(model, Layout(.ddp, ParallelDegrees(data: 4)))) == 19_008_978_944)
    #expect(try Self.bytes(Self.peak(model, PublishedModel.adp)) == 7_084_048_384)
    #expect(try Self.bytes(Self.peak(model, PublishedModel.tp)) == 5_103_288_320)
    #expect(try Self.bytes(Self.peak(model, PublishedModel.dpTP)) == 5_763_891_200)
    let base = ByteCount.mebibytes(1058)
    #expect(try Self.bytes(Self.peak(model, PublishedModel.tp, base: base)) == 5_103_288_320 + 1_109_393_408)
  }

  /// CodeGen-2B: vocabulary 51,200, hidden 2,560, 32 layers, no learned positions, a head of its own with a bias,
  /// logits in fp32.
  ///
  ///     embed_p  51,200 * 2,560                                   =   131,072,000
  ///     a layer  7,680 * 2,560 + 2,560 * 2,560 + 2 * 10,240 * 2,560 = 78,643,200
  ///              biases 10,240 + 2,560, a norm of 2 * 2,560       =        17,920   sum 78,661,120
  ///     other_p  32 * 78,661,120 + 2 * 2,560 + 131,072,000 + 51,200 = 2,648,284,160
  ///     chunks   ceil(other_p / 33,554,432) = 79, 79 * 33,554,432 = 2,650,800,128
  ///     with embed_p                                                2,781,872,128 = 1,326.5 pages
  ///     m_p      7,959 pages; m_p16 2,653; m_p32 5,306
  ///     m_os     tokens and head, 8 * 131,072,000 = 500 pages each -> 1,000
  ///              32 * (75 + 25 + 100 + 100)                       ->  9,600   sum 10,600 pages
  ///     m_out    (1 + 32) * 512 * 2,560 * 2 = 86,507,520 = 41.25  ->     42 pages
  ///     m_lm     512 * 51,200 * 4 = 104,857,600                   ->     50
  ///              2 of 511 * 51,200 * 4 = 104,652,800 = 49.9       ->    100
  ///              lm_p 2 * 131,072,000 = 262,144,000               =    125   sum 275 pages
  ///
  ///     one GPU  7,959 + 10,600 + 42 + 275                        = 18,876 pages
  ///     ADP      2,653 + (5,306 + 10,600) / 4 + 317               = 6,946.5 pages
  ///     TP       (7,959 + 10,600) / 4 + 317 + m_back, of 32 * 512 * 2,560 * 2 * 3/4 = 62,914,560 = 30 pages
  ///                                                               = 4,986.75 pages
  ///     DP+TP    6,946.5 - 2,653 / 2 + m_back, of 32 * 512 * 2,560 * 2 * 1/2 = 41,943,040 = 20 pages
  ///                                                               = 5,640 pages
  @Test func untiedModelByHand() throws {
    let model = PublishedModel.codegen2B.model
    #expect(model.otherParameters == 2_648_284_160)
    #expect(try Self.bytes(Self.peak(model, Layout(.ddp, ParallelDegrees(data: 4)))) == 39_585_841_152)
    #expect(try Self.bytes(Self.peak(model, PublishedModel.adp)) == 14_567_866_368)
    #expect(try Self.bytes(Self.peak(model, PublishedModel.tp)) == 10_457_972_736)
    #expect(try Self.bytes(Self.peak(model, PublishedModel.dpTP)) == 11_827_937_280)
  }

  /// Parameters of 5: chunks of 8 hold one each and leave 4 * 3 = 12 empty, chunks of 10 hold two and leave none.
  @Test func chunksWasteLeast() {
    var chunks = GeminiChunks()
    (chunks.smallest, chunks.range, chunks.step) = (7, 8, 2)
    #expect(chunks.bestSize(for: [5, 5, 5, 5]) == 10)
    #expect(chunks.bestSize(for: []) == 7)
  }

  /// One parameter of 1,000 among 20 of 1 lies beyond the mean and three deviations: it does not set the size.
  @Test func largestParametersHaveChunksOfTheirOwn() {
    var chunks = GeminiChunks()
    (chunks.smallest, chunks.range, chunks.step) = (4, 0, 1)
    #expect(chunks.bestSize(for: Array(repeating: 1, count: 20) + [1000]) == 4)
  }

  @Test(arguments: [
    Layout(.fsdp, ParallelDegrees(data: 4)), Layout(.pp, ParallelDegrees(pipeline: 4)),
    Layout(.tp, ParallelDegrees(data: 0, tensor: 2)), Layout(.ddp, ParallelDegrees(data: .max, tensor: .max)),
  ])
  func otherLayoutsHaveNoEquation(layout: Layout) {
    guard case .impossible = Self.peak(PublishedModel.santacoder.model, layout) else {
      Issue.record("an answer for \(layout)")
      return
    }
  }

  @Test func sizesBeyondAnyMemoryAreRefused() {
    let huge = LLMemModel(
      embeddingParameters: .max, otherParameters: .max, headBytes: .max, operatorParameterCounts: [.max, .max],
      embeddingLayerCount: 1, layerCount: .max, hiddenSize: .max, vocabularySize: .max, computesHeadInFP32: true,
      parameterCounts: [.max])
    for base in [ByteCount.zero, ByteCount(.max), ByteCount(-1)] {
      let estimator = LLMemEstimator(model: huge, sequenceLength: .max, base: base)
      guard case .impossible = estimator.peak(of: PublishedModel.adp, batchSize: .max) else {
        Issue.record("an answer for a model of 2^63 parameters")
        return
      }
    }
  }
}
