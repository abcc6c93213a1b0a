internal import Units

/// The peaks of the four methods (arXiv 2404.10933, sections 4.1 to 4.3).
extension LLMemEstimator.Parts {
  /// One GPU and CDP: `m_base + m_p + m_os + m_out + m_lm`.
  func replicated(_ base: ByteCount) -> PeakEstimate {
    estimate(base, parameters: parameters, optimizerStates: optimizerStates)
  }

  /// ADP: `m_base + m_p16 + (m_p32 + m_os) / gpu_n + m_out + m_lm`.
  func sharded(_ base: ByteCount, over gpus: Int) -> PeakEstimate {
    estimate(
      base, parameters: halfParameters + masterParameters.share(of: gpus),
      optimizerStates: optimizerStates.share(of: gpus))
  }

  /// TP: `m_base + (m_p + m_os) / gpu_n + m_out + m_lm + m_back`.
  func tensorParallel(_ base: ByteCount, over gpus: Int) -> PeakEstimate {
    estimate(
      base, parameters: parameters.share(of: gpus), optimizerStates: optimizerStates.share(of: gpus),
      backward: backward)
  }

  /// DP+TP: the peak of ADP `- m_p16 * tp_n / gpu_n + m_back`.
  func dataAndTensorParallel(_ base: ByteCount, over gpus: Int, tensor: Int) -> PeakEstimate {
    // tp_n divides gpu_n, so that tp_n / gpu_n is one over the data degree.
    let saved = ByteCount(halfParameters.bytes / (gpus / tensor))
    return estimate(
      base, parameters: halfParameters - saved + masterParameters.share(of: gpus),
      optimizerStates: optimizerStates.share(of: gpus), backward: backward)
  }

  private func estimate(
    _ base: ByteCount, parameters: ByteCount, optimizerStates: ByteCount, backward: ByteCount? = nil
  ) -> PeakEstimate {
    var terms = [
      PeakEstimate.Term("base", base), PeakEstimate.Term("parameters", parameters),
      PeakEstimate.Term("optimizerStates", optimizerStates), PeakEstimate.Term("outputs", outputs),
      PeakEstimate.Term("head", head),
    ]
    if let backward { terms.append(PeakEstimate.Term("backwardGathers", backward)) }
    return PeakEstimate(peak: terms.reduce(.zero) { $0 + $1.bytes }, terms: terms)
  }
}

extension ByteCount {
  /// One GPU's part of a size that several share, rounded up to whole bytes.
  func share(of gpus: Int) -> ByteCount { ByteCount(bytes / gpus + (bytes % gpus == 0 ? 0 : 1)) }
}
