import Checkpoint

/// Models of several columns of blocks, and of none that attends.
extension CustomModel {
  /// A vision tower and a text decoder of another width, under opaque names.
  static let twoTowers: CustomModel = {
    var model = Blueprint()
    model.add("eye.cut.weight", 384, 3, 16, 16)
    model.add("eye.where", 1, 197, 384)
    model.encoder("eye.rows", layers: 12, hidden: 384)
    model.linear("bridge", 640, 384, bias: true)
    model.add("mouth.words.weight", 40000, 640)
    for layer in 0..<16 {
      let block = "mouth.rows.\(layer)."
      model.add(block + "u.weight", 640)
      model.linear(block + "sa.0", 640, 640)
      model.linear(block + "sa.1", 640, 640)
      model.linear(block + "sa.2", 640, 640)
      model.linear(block + "sa.3", 640, 640)
      model.add(block + "v.weight", 640)
      model.linear(block + "fc.0", 1728, 640)
      model.linear(block + "fc.1", 1728, 640)
      model.linear(block + "fc.2", 640, 1728)
    }
    model.add("mouth.done.weight", 640)
    return CustomModel(
      name: "vision and text", blueprint: model, settings: configuration(["model_type": "eye-and-mouth"]),
      layers: 16, hidden: 640, vocabulary: 40000,
      roles: [
        "mouth.rows.#.fc.2": .down, "mouth.rows.#.fc.0": .gate, "eye.rows.#.mlp.two": .down,
        "eye.rows.#.mlp.one": .up, "mouth.words": .inputEmbedding,
      ], towers: ["eye.rows": 12])
  }()

  /// Two encoders of text, one smaller, each with its own words.
  static let dualEncoder: CustomModel = {
    var model = Blueprint()
    model.add("question.words.weight", 30522, 384)
    model.encoder("question.net", layers: 6, hidden: 384)
    model.add("passage.words.weight", 30522, 768)
    model.encoder("passage.net", layers: 12, hidden: 768)
    model.linear("question.to_space", 256, 384)
    model.linear("passage.to_space", 256, 768)
    return CustomModel(
      name: "two encoders of text", blueprint: model, layers: 12, hidden: 768, vocabulary: 30522,
      roles: [
        "passage.net.#.mlp.one": .up, "passage.net.#.mlp.two": .down, "question.net.#.mlp.one": .up,
        "question.net.#.mlp.two": .down, "passage.words": .inputEmbedding,
      ], towers: ["question.net": 6])
  }()

  /// T5's columns with every word replaced: a number says which part of a block it is.
  static let encoderDecoder: CustomModel = {
    var model = Blueprint(dataType: .float32)
    model.add("common.weight", 32128, 512)
    for (column, parts) in [("left", 2), ("right", 3)] {
      for layer in 0..<6 {
        for part in 0..<parts {
          let place = "\(column).unit.\(layer).piece.\(part)."
          model.add(place + "scale.weight", 512)
          if part == parts - 1 {
            model.linear(place + "wide.i0", 1024, 512)
            model.linear(place + "wide.i1", 1024, 512)
            model.linear(place + "wide.back", 512, 1024)
          } else {
            for name in ["aa", "bb", "cc"] { model.linear(place + "see\(part).\(name)", 384, 512) }
            model.linear(place + "see\(part).dd", 512, 384)
            if layer == 0, part == 0 { model.add(place + "see0.far.weight", 32, 6) }
          }
        }
      }
      model.add("\(column).scale.weight", 512)
    }
    model.linear("speak", 32128, 512)
    return CustomModel(
      name: "renamed encoder-decoder", blueprint: model, layers: 6, hidden: 512, vocabulary: 32128,
      roles: [
        "left.unit.#.piece.1.wide.back": .down, "right.unit.#.piece.2.wide.back": .down,
        "right.unit.#.piece.2.wide.i0": .gate,
        "left.unit.#.piece.0.see0.dd": .attentionOutput, "right.unit.#.piece.1.see1.dd": .crossAttentionOutput,
        "common": .inputEmbedding,
      ], towers: ["left.unit": 6])
  }()

  /// ConvNeXt's stages under other names.
  static let convolutional: CustomModel = {
    var model = Blueprint(dataType: .float32)
    model.add("start.cut.weight", 96, 3, 4, 4)
    model.add("start.cut.bias", 96)
    model.layerNorm("start.even", 96)
    for (stage, (width, depth)) in [(96, 3), (192, 3), (384, 9), (768, 3)].enumerated() {
      let place = "net.part.\(stage)."
      if stage > 0 {
        model.layerNorm(place + "shrink.0", width / 2)
        model.add(place + "shrink.1.weight", width, width / 2, 2, 2)
        model.add(place + "shrink.1.bias", width)
      }
      for block in 0..<depth {
        let inner = "\(place)unit.\(block)."
        model.add(inner + "gain", width)
        model.add(inner + "spread.weight", width, 1, 7, 7)
        model.add(inner + "spread.bias", width)
        model.layerNorm(inner + "even", width)
        model.linear(inner + "one", 4 * width, width, bias: true)
        model.linear(inner + "two", width, 4 * width, bias: true)
      }
    }
    model.layerNorm("end", 768)
    model.linear("label", 1000, 768, bias: true)
    return CustomModel(
      name: "convolutions", blueprint: model, settings: configuration(["model_type": "convnet-of-mine"]),
      layers: 4, hidden: 96, vocabulary: nil,
      roles: [
        "net.part.#.unit.#.spread": .depthwise, "net.part.#.unit.#.one": .up, "net.part.#.unit.#.two": .down,
        "start.cut": .patchEmbedding,
      ])
  }()
}

extension Blueprint {
  /// An encoder's blocks with biases and norms behind.
  fileprivate mutating func encoder(_ path: String, layers: Int, hidden: Int) {
    for layer in 0..<layers {
      let block = "\(path).\(layer)."
      for name in ["aa", "bb", "cc", "dd"] { linear(block + "look." + name, hidden, hidden, bias: true) }
      layerNorm(block + "norm1", hidden)
      linear(block + "mlp.one", 4 * hidden, hidden, bias: true)
      linear(block + "mlp.two", hidden, 4 * hidden, bias: true)
      layerNorm(block + "norm2", hidden)
    }
  }
}
