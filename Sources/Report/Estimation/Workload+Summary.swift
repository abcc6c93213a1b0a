package import Architecture
internal import Graph
package import TrainingStep

extension Workload {
  /// `1 x 2048 tokens, bf16, adamw, attention sdpa, checkpointing none`.
  package func summary(reading inputs: Set<ModelDescription.Input>) -> String {
    "\(batch(of: inputs)), \(forward.precision.rawValue), \(optimizer.rawValue), attention \(forward.attention.rawValue), "
      + "checkpointing \(checkpointing.rawValue)"
  }

  /// A batch of these inputs in words: `8 x 77 tokens and 8 images`.
  private func batch(of inputs: Set<ModelDescription.Input>) -> String {
    var parts: [String] = []
    if inputs.contains(.text) { parts.append("\(forward.batchSize) x \(forward.sequenceLength) tokens") }
    if inputs.contains(.images) {
      let images = forward.imagesPerSample
      let count = images > 1 ? "\(forward.batchSize) x \(images)" : "\(forward.batchSize)"
      let size = forward.imageSize.map { " of \($0) pixels a side" } ?? ""
      parts.append("\(count) image\(count == "1" ? "" : "s")\(size)")
    }
    return parts.joined(separator: " and ")
  }
}
