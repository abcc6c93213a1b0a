import Architecture
import Checkpoint
import Graph
import Strategy
import Testing
import TrainingStep

/// Shapes under which attention in windows cannot run are refused with a reason.
@Suite("Attention in windows that cannot run")
struct WindowRefusalTests {
  /// Why a traced model cannot run under other settings of its configuration, or of its vision tower's.
  private static func reason(
    _ name: String, _ changes: [String: Configuration.Node] = [:], vision: [String: Configuration.Node] = [:],
    side: Int? = nil, images: Int = 0, batchSize: Int = 1, checkpointing: Checkpointing = .none,
    adapters: LowRankAdapters? = nil
  ) throws -> String? {
    let model = try #require(TracedModel.all[name])
    var root = model.configuration.root
    for (key, value) in changes { root[key] = value }
    if case .object(var tower)? = root["vision_config"] {
      for (key, value) in vision { tower[key] = value }
      root["vision_config"] = .object(tower)
    }
    let configuration = Configuration(file: "config.json", root: root)
    var forward = ForwardSettings(batchSize: batchSize, sequenceLength: 100, precision: .fp32)
    forward.imageSize = side
    forward.imagesPerSample = images
    forward.adapters = adapters
    let estimator = Estimator(description: model.estimator.description, configuration: configuration)
    do {
      _ = try estimator.timeline(Workload(forward: forward, checkpointing: checkpointing))
      return nil
    } catch {
      return error.reason
    }
  }

  @Test func stagesThatDoNotFit() throws {
    let swin = "swin-narrow-tiny"
    #expect(try Self.reason(swin) == nil)
    #expect(try Self.reason(swin, side: 16)?.contains("windows of 2 by 2 patches do not fit the 4 by 4") == true)
    #expect(try Self.reason(swin, batchSize: 1 << 40)?.contains("2^46") == true)
    let changes: [(String, Configuration.Node)] = [
      ("embed_dim", .integer(48)), ("embed_dim", .integer(0)), ("embed_dim", .integer(1 << 40)),
      ("depths", .array([.integer(2)])), ("depths", .array([])), ("depths", .array([.integer(-1), .integer(4)])),
      ("num_heads", .array([.integer(0), .integer(4), .integer(8)])),
      ("num_heads", .array([.integer(3), .integer(4), .integer(8)])), ("window_size", .integer(0)),
      ("window_size", .integer(5)), ("window_size", .integer(.max)), ("patch_size", .integer(0)),
      ("patch_size", .integer(7)), ("image_size", .integer(.max)), ("mlp_ratio", .number(.nan)),
      ("mlp_ratio", .number(1e300)), ("drop_path_rate", .number(2)), ("drop_path_rate", .number(.infinity)),
      ("qkv_bias", .boolean(false)), ("use_absolute_embeddings", .boolean(true)), ("num_channels", .integer(0)),
      ("hidden_act", .string("unheard")),
    ]
    for (key, value) in changes {
      #expect(try Self.reason(swin, [key: value]) != nil, "\(key) as \(value)")
    }
  }

  /// Positions that are a parameter are those of one size of images.
  @Test func positionsOfAnotherSize() throws {
    #expect(try Self.reason("swin-padded-tiny", side: 184)?.contains("have other positions than the model") == true)
    #expect(try Self.reason("swin-narrow-tiny", side: 128) == nil)
  }

  /// What the embedding hands back is no tensor, from which transformers would ask a gradient.
  @Test func checkpointsBehindFrozenPatches() throws {
    let adapters = LowRankAdapters(rank: 8, targets: .names(["q_proj"]), dropout: 0)
    let swin = "swin-narrow-tiny"
    #expect(try Self.reason(swin, adapters: adapters) == nil)
    let reason = try Self.reason(swin, checkpointing: .nonReentrant, adapters: adapters)
    #expect(reason?.contains("asks the embedding's output for a gradient") == true)
  }

  @Test func windowsOverImages() throws {
    let qwen = "qwen2.5-vl-tiny"
    #expect(try Self.reason(qwen, side: 112, images: 1) == nil)
    #expect(try Self.reason(qwen, vision: ["window_size": .integer(56)], side: 112, images: 1) == nil)
    #expect(try Self.reason(qwen, vision: ["window_size": .integer(.max)], side: 112, images: 1) == nil)
    for pixels in [0, -112, 27] {
      let reason = try Self.reason(qwen, vision: ["window_size": .integer(pixels)], side: 112, images: 1)
      #expect(reason?.contains("hold no token") == true)
    }
    #expect(try Self.reason(qwen, side: 120, images: 1)?.contains("are not made of 2 by 2 patches") == true)
    #expect(try Self.reason(qwen, side: 28 << 12, images: 1)?.contains("windows, too many to follow") == true)
  }
}
