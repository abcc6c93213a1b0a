extension TrainingScript {
  private var isClassifier: Bool { request.model.task == .sequenceClassification }
  private var isMasked: Bool { request.model.task == .maskedLM }
  /// A classifier reads one text a sample, which is rarely as long as planned.
  private var pads: Bool { forward.isPadded || isClassifier }

  /// Samples as they are planned: blocks of packed text, or padded texts with a mask.
  var data: [String] {
    var lines = [
      "def read_samples(arguments, vocabulary):",
      "    \"\"\"Samples of SEQUENCE_LENGTH tokens; random ones without a file, which is enough to try memory and speed.\"\"\"",
      "    if arguments.data is None:",
      "        tokens = torch.randint(vocabulary, (64, SEQUENCE_LENGTH), generator=torch.Generator().manual_seed(0))",
      "        return [sample(row\(extra(mask: "torch.ones_like(row)", label: "0", word: "0"))) for row in tokens] * \(repeats)",
      "    tokenizer = AutoTokenizer.from_pretrained(arguments.model)",
      "    with open(arguments.data, encoding=\"utf-8\") as lines:",
      "        rows = [json.loads(line) for line in lines if line.strip()]",
    ]
    if pads {
      lines += [
        "    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token",
        "    texts = tokenizer(",
        "        [row[\"text\"] for row in rows], padding=\"max_length\", truncation=True, max_length=SEQUENCE_LENGTH,",
        "        return_tensors=\"pt\",",
        "    )",
        "    return [",
        "        sample(texts[\"input_ids\"][i]\(extra(mask: "texts[\"attention_mask\"][i]", label: "row[\"label\"]", word: "tokenizer.mask_token_id")))",
        "        for i, row in enumerate(rows)",
        "    ]",
      ]
    } else {
      lines += [
        "    end = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]",
        "    stream = [token for row in rows for token in tokenizer(row[\"text\"])[\"input_ids\"] + end]",
        "    length = len(stream) // SEQUENCE_LENGTH * SEQUENCE_LENGTH",
        "    blocks = torch.tensor(stream[:length]).view(-1, SEQUENCE_LENGTH)",
        "    return [sample(row\(extra(mask: "", label: "", word: "tokenizer.mask_token_id"))) for row in blocks]",
      ]
    }
    return lines + ["", ""] + sample
  }

  /// How often 64 samples are repeated so that all ranks have several steps of them.
  private var repeats: Int { 1 + request.globalBatchSize / 16 }

  /// The arguments of `sample` after the tokens.
  private func extra(mask: String, label: String, word: String) -> String {
    (pads ? ", \(mask)" : "") + (isClassifier ? ", \(label)" : "") + (isMasked ? ", \(word)" : "")
  }

  private var sample: [String] {
    let mask = pads ? ", mask" : ""
    let maskField = pads ? ", \"attention_mask\": mask" : ""
    if isClassifier {
      return [
        "def sample(tokens\(mask), label):",
        "    return {\"input_ids\": tokens\(maskField), \"labels\": torch.tensor(label)}",
      ]
    }
    if isMasked {
      return [
        "def sample(tokens\(mask), mask_token):",
        "    \"\"\"A token in seven or so is hidden, and asked for.\"\"\"",
        "    hidden = torch.rand(SEQUENCE_LENGTH) < 0.15",
        "    inputs, labels = tokens.masked_fill(hidden, mask_token), tokens.masked_fill(~hidden, -100)",
        "    return {\"input_ids\": inputs\(maskField), \"labels\": labels}",
      ]
    }
    let labels = pads ? "tokens.masked_fill(mask == 0, -100)" : "tokens"
    return [
      "def sample(tokens\(mask)):", "    return {\"input_ids\": tokens\(maskField), \"labels\": \(labels)}",
    ]
  }
}
