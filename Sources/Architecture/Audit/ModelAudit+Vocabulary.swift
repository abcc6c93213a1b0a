internal import Checkpoint
internal import Units

/// Positions and tokens against the tables that they are looked up in.
extension ModelAudit {
  mutating func positions() {
    guard let family, model.isRecognised, let said = settings.size(family.keys.positions),
      let table = model.modules[.positionEmbedding], let shape = table.weight, shape.rank == 2,
      table.features != nil
    else { return }
    // RoBERTa counts the rows that no position uses, OPT does not.
    let rows = shape[0] - family.positionOffset
    guard said.value != rows, said.value != shape[0] else { return }
    findings.add(
      .warning, .positionsMismatch, file: settings.file, tensor: "\(table.path).weight",
      "\(said.key) is \(said.value), but the tensors show \(rows) (rows of \(table.path).weight)")
  }

  /// Tokens that tokenizer and configuration name against the rows of the input embedding.
  mutating func tokens() {
    guard let rows = model.vocabularySize, rows.provenance == .exact, model.modules[.inputEmbedding] != nil else {
      return
    }
    for token in declaredTokens where token.id >= rows.value {
      findings.add(
        .warning, .tokenOutOfVocabulary, file: token.file,
        "`\(token.key)` is token \(token.id), and the embedding has \(rows.value) rows")
    }
    guard let tokenizer = checkpoint.tokenizerExtent() else { return }
    if tokenizer.count > rows.value {
      findings.add(
        .warning, .tokenOutOfVocabulary, file: tokenizer.file,
        "the tokenizer has tokens up to \(tokenizer.count - 1), and the embedding has \(rows.value) rows")
    } else if tokenizer.isWhole, tokenizer.count < rows.value {
      findings.add(
        .note, .vocabularyPadded, file: tokenizer.file,
        "the tokenizer has \(tokenizer.count) tokens, and the embedding \(rows.value - tokenizer.count) rows more")
    }
  }

  /// Tokens of the text model: those of the document itself and of its text section.
  private var declaredTokens: [(key: String, id: Int, file: String)] {
    let text = ["text_config", "llm_config"].compactMap { configuration?.section($0) }
    let own = text.isEmpty ? [configuration].compactMap(\.self) : text
    var tokens: [(key: String, id: Int, file: String)] = []
    for document in own + [checkpoint.generationConfiguration].compactMap(\.self) {
      for key in ["bos_token_id", "eos_token_id", "pad_token_id"] {
        let ids = document.integers(key) ?? [document.integer(key)].compactMap(\.self)
        tokens += ids.map { (key, $0, document.file) }
      }
    }
    return tokens
  }
}
