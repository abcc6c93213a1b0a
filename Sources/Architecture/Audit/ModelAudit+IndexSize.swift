internal import Checkpoint
internal import Units

/// The total size of an index without shards against the sizes and the type that the configuration declares.
extension ModelAudit {
  mutating func indexSize() {
    guard model.isRecognised, let family, let total = checkpoint.unbackedBytes?.bytes, total > 0,
      let type = configuration?.declaredDataType, type.isFullWidth, let elements = elementsByRole(family)
    else { return }
    let width = type.bitWidth / 8
    let expected = elements.values.reduce(0) { Tally.sum($0, $1) }
    let (bytes, overflow) = expected.multipliedReportingOverflow(by: width)
    guard !overflow, bytes != total else { return }
    let difference = total - bytes
    if let islands = islands(of: difference, width, elements), let first = islands.first {
      let others = islands.count > 1 ? ", or another \(islands.count - 1) of the same size" : ""
      findings.add(
        .note, .dtypeIsland, file: settings.file, tensor: weightSet.tensors[first.example].name,
        "the index's `total_size` is that of \(type.rawValue) to the byte, if every \(first.text) is F32\(others)",
        help: "transformers keeps such parts in F32: take the stored bytes, not the count of parameters.")
    } else if let hidden = model.hiddenSize?.value, difference > 0, difference % (hidden * width) == 0,
      difference / (hidden * width) < 4096
    {
      findings.add(
        .note, .indexSizeMismatch, file: settings.file,
        "the index's `total_size` is that of the configuration with \(difference / (hidden * width)) rows more in the embeddings"
      )
    } else {
      findings.add(
        .warning, .indexSizeMismatch, file: settings.file,
        "the index's `total_size` is \(total) bytes; the configuration's sizes in \(type.rawValue) make \(bytes)")
    }
  }

  /// The parts that in four bytes an element instead of two would make up the difference, the way out of the MLP
  /// first: that is the one that transformers keeps in F32 (`_keep_in_fp32_modules` of T5).
  private func islands(of difference: Int, _ width: Int, _ elements: [Role: Int]) -> [TensorPattern]? {
    guard width == 2, let family, let assignment = RoleAssignment(family, table, stacks: stacks) else { return nil }
    let parts = table.patterns.indices.filter { number in
      assignment.roles[number].map { elements[$0].map { 2 * $0 == difference } ?? false } ?? false
    }
    return parts.filter { assignment.roles[$0] == .down }.map { table.patterns[$0] }
      + parts.filter { assignment.roles[$0] != .down }.map { table.patterns[$0] }
  }

  /// The elements of each part by the configuration; nil where a tensor is stored whose shape it does not give.
  private func elementsByRole(_ family: Family) -> [Role: Int]? {
    guard let assignment = RoleAssignment(family, table, stacks: stacks) else { return nil }
    var elements: [Role: Int] = [:]
    for (number, pattern) in table.patterns.enumerated() {
      guard pattern.part == .weight || pattern.part == .bias, let role = assignment.roles[number],
        assignment.stackOf[number] == assignment.principal,
        let shape = model.expectedShape(of: role, settings), let whole = shape.elementCount?.count,
        let last = shape.dimensions.first
      else { return nil }
      let count = pattern.part == .bias ? last : whole
      let (all, overflow) = count.multipliedReportingOverflow(by: pattern.tally.tensors)
      guard !overflow else { return nil }
      elements[role] = Tally.sum(elements[role] ?? 0, all)
    }
    return elements
  }
}

extension ModelDescription {
  /// The shape that a part of a decoder or an encoder has by the configuration; nil where that does not tell.
  fileprivate func expectedShape(of role: Role, _ settings: Settings) -> Shape? {
    guard let hidden = hiddenSize?.value, hidden < 1 << 20 else { return nil }
    switch role {
    case .inputEmbedding, .head: return vocabularySize.map { [$0.value, hidden] }
    case .finalNorm, .inputNorm, .postAttentionNorm, .preMLPNorm, .postMLPNorm: return [hidden]
    case .queryNorm, .keyNorm: return headDimension.map { [$0.value] }
    case .router: return settings.size(ConfigurationKeys().experts).map { [$0.value, hidden] }
    case .expertGate, .expertUp, .expertDown:
      return settings.size(["moe_intermediate_size", "intermediate_size"]).map { [$0.value, hidden] }
    case .relativePositionBias:
      guard let buckets = settings.size(["relative_attention_num_buckets"]), let heads = headCount else { return nil }
      return [buckets.value, heads.value]
    default: return linearShape(of: role)
    }
  }
}
