import Testing

@testable import Report

@Suite struct JSONTests {
  @Test(
    arguments: [
      (.null, "null"), (true, "true"), (.integer(.max), "9223372036854775807"),
      (.integer(.min), "-9223372036854775808"), (.number(0.5), "0.5"), (.number(.nan), "null"),
      (.number(-.infinity), "null"), ([], "[]"), ([:], "{}"), ([1, 2], "[1, 2]"),
      ("a\"b\\c\n\r\t\u{1}\u{7F}é", #""a\"b\\c\n\r\t\u0001\u007fé""#),
    ] as [(JSONValue, String)])
  func values(value: JSONValue, text: String) {
    #expect(written(value) == text + "\n")
  }

  @Test func fieldsKeepTheirOrder() {
    #expect(
      written(["b": 1, "a": [["y": 1, "x": [1, 2]], ["y": ["z": 1]]]]) == """
        {
          "b": 1,
          "a": [
            {"y": 1, "x": [1, 2]},
            {
              "y": {"z": 1}
            }
          ]
        }

        """)
  }

  @Test(arguments: [0, 1, 3000])
  func rowsAreWrittenAsTheirArray(count: Int) {
    let rows = JSONRows(count) { [.init("index", .integer($0)), .init("shape", [1, 2])] }
    let array = (0..<count).map { JSONValue.object(rows.row($0)) }
    #expect(written(["rows": .rows(rows)]) == written(["rows": .array(array)]))
  }

  @Test func optionals() {
    #expect(JSONValue(nil as Int?) == .null)
    #expect(JSONValue(3 as Int?) == 3)
    #expect((["a": 1] as JSONValue)["a"] == 1)
    #expect((["a": 1] as JSONValue)["b"] == nil)
  }

  private func written(_ value: JSONValue) -> String { String(decoding: value.encoded(), as: UTF8.self) }
}
