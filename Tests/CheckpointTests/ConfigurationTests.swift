import Checkpoint
import Testing
import Units

@Suite struct ConfigurationTests {
  /// A model of one tensor beside the configuration given.
  private func open(_ configuration: some Sequence<UInt8>) throws -> Checkpoint {
    let folder = TemporaryFolder()
    try folder.write("model.safetensors", vectors("layers.1.w"))
    try folder.write("config.json", configuration)
    return try Checkpoint.open(folder.path)
  }

  /// A small good configuration, with one member more.
  private func llama(_ more: String = "") -> String.UTF8View {
    let good = #""model_type":"llama","hidden_size":64,"num_hidden_layers":2,"num_attention_heads":4,"vocab_size":100"#
    return "{\(good)\(more.isEmpty ? "" : ",")\(more)}".utf8
  }

  @Test func aGoodOneHasNoFindings() throws {
    let checkpoint = try open(llama(#""num_key_value_heads":2,"torch_dtype":"bfloat16","head_dim":null"#))
    #expect(checkpoint.findings == [])
    #expect(checkpoint.configuration?.integer("hidden_size") == 64)
    #expect(checkpoint.configuration?.declaredDataType == .bfloat16)
    #expect(checkpoint.configuration?.presence(of: "head_dim") == .null)
    #expect(checkpoint.configuration?.presence(of: "x") == .missing)
  }

  @Test func valuesAreExact() throws {
    let text = #"""
      {"model_type":"x","max":9223372036854775807,"min":-9223372036854775808,"over":9223372036854775808,
       "big":1180591620717411303424,"u64":18446744073709551615,"under":-9223372036854775809,"half":2.5,"exp":1e3,
       "true":true,"null":null,"list":[1,2,3],"mixed":[1,"2"],"text":"a\u0000b\ud83d\ude00","nested":{"deep":{"x":7}}}
      """#
    let checkpoint = try open(text.utf8)
    let configuration = try #require(checkpoint.configuration)
    #expect(checkpoint.findings == [])
    #expect(configuration.integer("max") == .max)
    #expect(configuration.integer("min") == .min)
    for key in ["over", "big", "u64", "under", "half", "exp", "true", "text", "missing"] {
      #expect(configuration.integer(key) == nil)
    }
    #expect(configuration.number("over") == 0x1p63)
    #expect(configuration.number("big") == 0x1p70)
    #expect(configuration.number("u64") == 0x1p64)
    #expect(configuration.number("under") == -0x1p63)
    #expect(configuration.number("half") == 2.5)
    #expect(configuration.number("exp") == 1000)
    #expect(configuration.boolean("true") == true)
    #expect(configuration.integers("list") == [1, 2, 3])
    #expect(configuration.integers("mixed") == nil)
    #expect(configuration.string("text") == "a\0b\u{1F600}")
    #expect(configuration.section("nested")?.section("deep")?.integer("x") == 7)
    #expect(configuration.integer(anyOf: "missing", "half", "max") == .max)
  }

  @Test func theLastOfTwoValuesCounts() throws {
    let checkpoint = try open(llama(#""hidden_size":128"#))
    #expect(checkpoint.findings.map(\.rule) == ["config-duplicate-key"])
    #expect(checkpoint.configuration?.integer("hidden_size") == 128)
  }

  @Test func theSameKeyInTwoObjectsIsFine() throws {
    #expect(try open(llama(#""a":{"hidden_size":1},"b":[{"hidden_size":1},{"hidden_size":2}]"#)).findings == [])
  }

  @Test(arguments: ["NaN", "Infinity", "-Infinity"]) func whatPythonWritesIsReadAndNoted(_ word: String) throws {
    let checkpoint = try open(llama(#""rms_norm_eps":"# + word))
    #expect(checkpoint.findings.map(\.rule) == ["config-not-a-number"])
    let value = try #require(checkpoint.configuration?.number("rms_norm_eps"))
    #expect(!value.isFinite)
  }

  @Test func aKeyWithNULDoesNotShadowAnother() throws {
    let checkpoint = try open(llama(#""hidden_size\u0000x":7"#))
    #expect(checkpoint.findings.map(\.rule) == ["config-key-with-nul"])
    #expect(checkpoint.configuration?.integer("hidden_size") == 64)
  }

  @Test(arguments: [
    (#""num_hidden_layers":-1"#, "config-out-of-range"), (#""num_hidden_layers":0"#, "config-out-of-range"),
    (#""num_hidden_layers":1000000000000000000"#, "config-out-of-range"),
    (#""num_hidden_layers":1180591620717411303424"#, "config-out-of-range"),
    (#""num_hidden_layers":2.5"#, "config-wrong-type"), (#""num_hidden_layers":"2""#, "config-wrong-type"),
    (#""num_hidden_layers":true"#, "config-wrong-type"), (#""num_hidden_layers":2.0"#, "config-wrong-type"),
    (#""intermediate_size":-5"#, "config-out-of-range"), (#""text_config":{"hidden_size":0}"#, "config-out-of-range"),
    (#""num_attention_heads":7"#, "config-heads"), (#""num_key_value_heads":8"#, "config-key-value-heads"),
    (#""num_key_value_heads":3"#, "config-key-value-heads"), (#""torch_dtype":"float99""#, "config-unknown-dtype"),
    (#""dtype":"torch.float99""#, "config-unknown-dtype"), (#""dtype":16"#, "config-wrong-type"),
  ]) func sizesThatCannotBe(_ member: String, _ rule: String) throws {
    let key = member.split(separator: "\"").first ?? ""
    let rules = try open(llama(member)).findings.map(\.rule)
    // Overriding a member of the good configuration repeats its key.
    let repeats = String(decoding: llama(), as: UTF8.self).contains("\"\(key)\"")
    #expect(rules == (repeats ? ["config-duplicate-key", rule] : [rule]))
  }

  @Test(arguments: [
    #""head_dim":16,"d":{"num_attention_heads":7}"#, #""num_key_value_heads":null"#, #""intermediate_size":[1,2]"#,
    #""torch_dtype":"auto""#, #""dtype":"torch.float16""#, #""num_experts":0"#,
    #""quantization_config":{"dtype":"nf4"}"#,
  ]) func oddButFine(_ member: String) throws {
    #expect(try open(llama(member)).findings == [])
  }

  @Test func headsNeedNotDivideWithAHeadSizeOfTheirOwn() throws {
    let text = #"{"model_type":"x","hidden_size":64,"num_attention_heads":7,"head_dim":16}"#
    #expect(try open(text.utf8).findings == [])
  }

  @Test func noModelType() throws {
    #expect(try open("{}".utf8).findings.map(\.rule) == ["config-no-model-type"])
    #expect(try open(#"{"_class_name":"UNet2DConditionModel"}"#.utf8).findings == [])
  }

  @Test(arguments: [
    ("[]", "config-not-object"), ("null", "config-not-object"), ("", "config-empty"), ("{", "config-not-json"),
    (#"{"model_type": "lla"#, "config-not-json"), ("{'a':1}", "config-not-json"), (#"{"a":01}"#, "config-not-json"),
    (#"{"a":1} x"#, "config-not-json"), (#"{"a":1,}"#, "config-not-json"), ("{\"a\":\"\n\"}", "config-not-json"),
    (#"{"a":"# + String(repeating: "[", count: 10_000), "config-too-deep"),
    (String(repeating: "[", count: 1_000_000), "config-not-object"),
  ]) func textThatCannotBeRead(_ text: String, _ rule: String) throws {
    let checkpoint = try open(text.utf8)
    #expect(checkpoint.configuration == nil)
    #expect(checkpoint.findings.map(\.rule) == [rule])
    #expect(checkpoint.findings.map(\.severity) == [.error])
    #expect(checkpoint.findings.map(\.file) == ["config.json"])
  }

  @Test func notUTF8() throws {
    let findings = try open([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D]).findings
    #expect(findings.map(\.rule) == ["config-not-utf8"])
    #expect(findings.first?.message.contains("line 1, column 3 (byte 2)") == true)
  }

  @Test func tooLong() throws {
    let folder = TemporaryFolder()
    try folder.write("model.safetensors", vectors("a"))
    try folder.write("config.json", "{}".utf8, hole: 16 << 20)
    #expect(try Checkpoint.open(folder.path).findings.map(\.rule) == ["config-too-large"])
  }

  @Test func aPipeInsteadOfADocument() throws {
    let folder = TemporaryFolder()
    try folder.write("model.safetensors", vectors("a"))
    try folder.pipe("config.json")
    #expect(try Checkpoint.open(folder.path).findings.map(\.rule) == ["config-unreadable"])
  }

  @Test func aWebPageIsRecognised() throws {
    let findings = try open("<html></html>".utf8).findings
    #expect(findings.first?.message.contains("web page") == true)
  }
}
