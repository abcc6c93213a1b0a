internal import Strategy

extension StepTime {
  var json: JSONValue {
    [
      "seconds": .number(seconds), "tokensPerSecond": .init(tokensPerSecond), "mfu": .number(mfu),
      "parts": .object(parts.map { .init($0.name, .number($0.seconds)) }), "host": .number(host),
    ]
  }

  /// For people.
  var facts: [Page.Fact] {
    var facts = [Page.Fact("Step", .text(Quantity.seconds(seconds)), .derived, note: note)]
    if let tokensPerSecond {
      facts.append(Page.Fact("Tokens per second", .count(Int(tokensPerSecond.rounded())), .derived, note: "all GPUs"))
    }
    facts.append(Page.Fact("Model FLOPs used", .text("\(Quantity.decimal(100 * mfu, places: 1))%"), .derived))
    return facts
  }

  private var note: String {
    let device = parts.filter { $0.seconds >= 0.005 * seconds }
      .map { "\($0.name) \(Quantity.seconds($0.seconds))" }.joined(separator: ", ")
    return host >= seconds ? "the host launches slower than the GPU runs: \(device)" : device
  }
}

extension Quantity {
  /// `1.25 s`, `38 ms`.
  static func seconds(_ seconds: Double) -> String {
    seconds >= 1 ? "\(decimal(seconds, places: 2)) s" : "\(decimal(1000 * seconds, places: 1)) ms"
  }
}
