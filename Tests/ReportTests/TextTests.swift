import Testing
import Units

@testable import Report

@Suite struct TextTests {
  @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567")])
  func groupedNumbers(number: Int, text: String) {
    #expect(Quantity.grouped(number) == text)
  }

  @Test func extremeNumbers() {
    #expect(Quantity.grouped(.min) == "-9,223,372,036,854,775,808")
    #expect(ByteCount(.max).description == "8.00 EiB")
  }

  @Test(arguments: [
    (0, "0 B"), (1023, "1023 B"), (1024, "1.00 KiB"), (16_060_522_496, "14.96 GiB"), (1 << 40, "1.00 TiB"),
    (-1536, "-1.50 KiB"), (1_072_693_248, "1,023.00 MiB"),
  ])
  func humanSizes(bytes: Int, text: String) {
    #expect(ByteCount(bytes).description == text)
  }

  @Test(arguments: [
    ("plain.name", "plain.name"), ("a\nb\tc\rd", #"a\nb\tc\rd"#), ("\u{1B}[31m", #"\u{1b}[31m"#),
    ("a\u{202E}b", #"a\u{202e}b"#), ("\u{2028}", #"\u{2028}"#), ("größe 層", "größe 層"),
  ])
  func escapes(name: String, shown: String) {
    #expect(PlainText.escaped(name) == shown)
  }

  @Test func shortening() {
    #expect(PlainText.shortened("abcdefghij", to: 10) == "abcdefghij")
    #expect(PlainText.shortened("abcdefghij", to: 5) == "ab…ij")
  }

  @Test func anErrorIsTwoLinesAtMost() {
    let report = ErrorReport(
      code: "a-rule", file: "a\nb", message: String(repeating: "long\n", count: 1000), help: "do\nthis")
    let text = report.text(style: .plain)
    #expect(text.hasPrefix(#"plimsoll: error: a\nb: long\n"#))
    #expect(text.hasSuffix("\n  hint: do\\nthis\n"))
    #expect(text.filter(\.isNewline).count == 2)
    #expect(text.count < 700)
  }
}
