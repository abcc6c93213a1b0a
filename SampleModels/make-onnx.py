#!/usr/bin/env python3
"""Writes tiny-encoder, an ONNX model, the same bytes on each run: python3 SampleModels/make-onnx.py

An encoder of two layers as an optimiser leaves it: attention, normalisation with its residual sum and GELU with its
bias are single operators of com.microsoft. Matrices are named as the TorchScript exporter names them (by a number; the
node tells the module) and lie in model.onnx.data; vectors are in the model itself. Batch and sequence are symbols. One
output's length is the value of an input, `keep`; an If picks how the other is pooled.

Nothing but the standard library: a protobuf message is written field by field, with the numbers of onnx.proto.
"""
import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent
VOCABULARY, POSITIONS, HIDDEN, HEADS, INNER, LAYERS = 16, 32, 8, 2, 12, 2
FLOAT, INT64, BOOL = 1, 7, 9


def varint(number):
    result = bytearray()
    while number > 127:
        result.append(number & 127 | 128)
        number >>= 7
    return bytes(result + bytes([number]))


def message(*fields):
    """Fields are (number, content): an integer, a text, bytes, or None for one that is left out."""
    result = b""
    for number, content in fields:
        if isinstance(content, int):
            result += varint(number << 3) + varint(content)
        elif content is not None:
            content = content.encode() if isinstance(content, str) else content
            result += varint(number << 3 | 2) + varint(len(content)) + content
    return result


def attribute(name, value):
    if isinstance(value, float):
        return message((1, name), (20, 1)) + varint(2 << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, int):
        return message((1, name), (3, value), (20, 2))
    return message((1, name), (6, value), (20, 5))  # a graph


def node(operator, inputs, outputs, name="", domain=None, **attributes):
    return message(
        *((1, each) for each in inputs), *((2, each) for each in outputs), (3, name), (4, operator), (7, domain),
        *((5, attribute(key, value)) for key, value in attributes.items()))


def declaration(name, kind, shape=None):
    """An extent is a number, a symbol's name, or None for one that is open."""
    extents = [message((2 if isinstance(each, str) else 1, each)) for each in shape or []]
    tensor = [(1, kind)] + ([] if shape is None else [(2, message(*((1, each) for each in extents)))])
    return message((1, name), (2, message((1, message(*tensor)))))


def integers(name, shape, *values):
    return message(*((1, each) for each in shape), (2, INT64), (8, name), (9, struct.pack(f"<{len(values)}q", *values)))


class Weights:
    """Floats from a linear congruential generator; a matrix goes to the external file, at a multiple of 64 bytes."""

    def __init__(self):
        self.state = 20160825
        self.external = bytearray()
        self.tensors = []
        self.number = 100

    def numbers(self, count):
        result = bytearray()
        for _ in range(count):
            self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
            result += struct.pack("<f", (self.state / 2**64 - 0.5) * 0.1)
        return bytes(result)

    def vector(self, name, width):
        self.tensors.append(message((1, width), (2, FLOAT), (8, name), (9, self.numbers(width))))
        return name

    def matrix(self, name, rows, columns):
        if name is None:
            name = f"onnx::MatMul_{self.number}"
            self.number += 1
        self.external += bytes(-len(self.external) % 64)
        content = self.numbers(rows * columns)
        place = {"location": "model.onnx.data", "offset": str(len(self.external)), "length": str(len(content))}
        self.external += content
        self.tensors.append(
            message(
                (1, rows), (1, columns), (2, FLOAT), (8, name),
                *((13, message((1, key), (2, text))) for key, text in place.items()), (14, 1)))
        return name


def encoder_layer(weights, index, x):
    """[batch, sequence, HIDDEN] to the same."""
    nodes = []
    path = f"/encoder/layer.{index}"

    def linear(source, module, columns, rows=HIDDEN):
        result = f"{path}/{module}/MatMul_output_0"
        weight = weights.matrix(None, rows, columns)
        nodes.append(node("MatMul", [source, weight], [result], f"{path}/{module}/MatMul"))
        return result

    def skip_norm(source, skip, module):
        result = f"{path}/{module}/LayerNorm_output_0"
        prefix = f"encoder.layer.{index}.{module.replace('/', '.')}.LayerNorm"
        pair = [weights.vector(f"{prefix}.weight", HIDDEN), weights.vector(f"{prefix}.bias", HIDDEN)]
        nodes.append(
            node(
                "SkipLayerNormalization", [source, skip, *pair], [result], f"{path}/{module}/LayerNorm",
                "com.microsoft", epsilon=1e-12))
        return result

    heads = [linear(x, f"attention/self/{role}", HIDDEN) for role in ("query", "key", "value")]
    attended = f"{path}/attention/self/attention_output_0"
    nodes.append(
        node(
            "MultiHeadAttention", heads, [attended], f"{path}/attention/self/MultiHeadAttention", "com.microsoft",
            num_heads=HEADS))
    attention = skip_norm(linear(attended, "attention/output/dense", HIDDEN), x, "attention/output")
    wide = linear(attention, "intermediate/dense", INNER)
    activated = f"{path}/intermediate/gelu_output_0"
    bias = weights.vector(f"encoder.layer.{index}.intermediate.dense.bias", INNER)
    nodes.append(node("BiasGelu", [wide, bias], [activated], f"{path}/intermediate/BiasGelu", "com.microsoft"))
    return nodes, skip_norm(linear(activated, "output/dense", HIDDEN, INNER), attention, "output")


def branch(name, nodes, constant):
    output = declaration(f"{name}_output", FLOAT, ["batch", HIDDEN])
    return message(*((1, each) for each in nodes), (2, name), (5, constant), (12, output))


def main():
    weights = Weights()
    words = weights.matrix("embeddings.word_embeddings.weight", VOCABULARY, HIDDEN)
    places = weights.matrix("embeddings.position_embeddings.weight", POSITIONS, HIDDEN)
    norm = [weights.vector(f"embeddings.LayerNorm.{each}", HIDDEN) for each in ("weight", "bias")]
    nodes = [
        node("Gather", [words, "input_ids"], ["words"], "/embeddings/word_embeddings/Gather"),
        node("Shape", ["input_ids"], ["length"], "/embeddings/Shape", start=1, end=2),
        node("Squeeze", ["length"], ["limit"], "/embeddings/Squeeze"),
        node("Range", ["zero", "limit", "one"], ["positions"], "/embeddings/Range"),
        node("Gather", [places, "positions"], ["places"], "/embeddings/position_embeddings/Gather"),
        node("Add", ["words", "places"], ["sum"], "/embeddings/Add"),
        node("LayerNormalization", ["sum", *norm], ["embedded"], "/embeddings/LayerNorm/LayerNormalization"),
    ]
    x = "embedded"
    for index in range(LAYERS):
        layer, x = encoder_layer(weights, index, x)
        nodes += layer
    mean = branch(
        "mean", [node("ReduceMean", [x, "axis"], ["mean_output"], "ReduceMean", keepdims=0)], integers("axis", [1], 1))
    first = branch(
        "first", [node("Gather", [x, "place"], ["first_output"], "Gather", axis=1)], integers("place", [], 0))
    nodes += [
        node("If", ["use_mean"], ["pooled"], "/pooler/If", then_branch=mean, else_branch=first),
        node("Slice", [x, "begin", "keep", "second_axis"], ["kept"], "/Slice"),
    ]
    constants = [
        integers("zero", [], 0), integers("one", [], 1), integers("begin", [1], 0), integers("second_axis", [1], 1)]
    inputs = [
        declaration("input_ids", INT64, ["batch", "sequence"]), declaration("keep", INT64, [1]),
        declaration("use_mean", BOOL, [])]
    outputs = [declaration("pooled", FLOAT, ["batch", HIDDEN]), declaration("kept", FLOAT, ["batch", None, HIDDEN])]
    graph = message(
        *((1, each) for each in nodes), (2, "tiny-encoder"), *((5, each) for each in weights.tensors + constants),
        *((11, each) for each in inputs), *((12, each) for each in outputs))
    sets = [message((2, 18)), message((1, "com.microsoft"), (2, 1))]
    model = message((1, 8), (2, "SampleModels/make-onnx.py"), (7, graph), *((8, each) for each in sets))
    folder = HERE / "tiny-encoder"
    folder.mkdir(exist_ok=True)
    (folder / "model.onnx").write_bytes(model)
    (folder / "model.onnx.data").write_bytes(weights.external)


main()
