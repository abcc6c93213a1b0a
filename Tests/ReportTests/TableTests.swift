import Testing
import Units

@testable import Report

@Suite struct TableTests {
  private let table = Table(
    columns: [
      .init("Name", key: "name", isFlexible: true), .init("Count", key: "count", .right), .init("Note", key: "note"),
      .init("Size", key: "bytes", .right),
    ],
    rows: [
      [.text("a"), .count(1234567), .empty, .bytes(.gibibytes(3))],
      [.text("long, \"quoted\" name"), .unknown, .text("x|y"), .bytes(ByteCount(12))],
      [.text("層"), .index(1234), .text("last"), .empty],
    ],
    total: [.text("total"), .empty, .empty, .bytes(ByteCount(3 << 30))])

  @Test func text() {
    #expect(
      table.text(style: .plain) == """
        Name                     Count  Note      Size
        a                    1,234,567        3.00 GiB
        long, "quoted" name          ?  x|y       12 B
        層                        1234  last
        total                                 3.00 GiB

        """)
  }

  @Test func aNarrowTerminalShortensNames() {
    let long = Table(
      columns: [.init("Name", key: "name", isFlexible: true), .init("N", key: "n", .right)],
      rows: [[.text("model.layers.0.self_attn.q_proj.weight"), .count(1)]])
    #expect(
      long.text(style: TextStyle(hasColour: false, width: 30)) == """
        Name                         N
        model.layers.…q_proj.weight  1

        """)
    #expect(long.text(style: TextStyle(hasColour: false, width: 5)).contains("model.laye…oj.weight"))
  }

  @Test func markdown() {
    #expect(
      table.markdown == #"""
        | Name | Count | Note | Size |
        | --- | ---: | --- | ---: |
        | a | 1,234,567 |  | 3.00 GiB |
        | long, "quoted" name | ? | x\|y | 12 B |
        | 層 | 1234 | last |  |
        | **total** |  |  | **3.00 GiB** |

        """#)
  }

  @Test func csv() {
    #expect(
      table.csv
        == "name,count,note,bytes\r\na,1234567,,3221225472\r\n\"long, \"\"quoted\"\" name\",,x|y,12\r\n層,1234,last,\r\n"
    )
  }
}
