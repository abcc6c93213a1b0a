"""Writes onnx-operators.jsonl: what each operator of ONNX gives, by the official node tests.

The facts (attributes, shapes, small values) are derived from the node tests that the package onnx 1.21.0 brings along
(https://github.com/onnx/onnx, Apache-2.0); later packages no longer hold them. Nothing of ours runs this: it is here so
that the table can be made again.

    python -m venv venv && venv/bin/pip install onnx==1.21.0
    venv/bin/python Tests/Truth/onnx-operators.py > Tests/Truth/onnx-operators.jsonl

One line per test whose model is a single node without subgraphs; of tests that would give the same line, the first by
name stands for all. The keys of a line:

    test         the name of the test's folder
    domain, op   of the node
    sets         version of each operator set, by domain
    attributes   by name, as [kind, value]; kinds are f, i, s, t and the lists fs, is, ss
    inputs       in the node's order; null for one that is left out
    outputs      likewise, as the test expects them

A tensor is [type, extents] or [type, extents, elements], a sequence {"sequence": [tensor, ...]}, an optional
{"optional": tensor or sequence or null}. Types are spelled as in safetensors headers. Elements are there for inputs
whose file has at most 1,024 bytes and, for floating point, at most 64 elements, and for outputs likewise, but of
integers, truth values and texts alone. Numbers that JSON lacks are texts.
"""

import json
import math
import os
import sys

import onnx
from onnx import OptionalProto, SequenceProto, TensorProto, numpy_helper

TYPES = (
    "- F32 U8 I8 U16 I16 I32 I64 STRING BOOL F16 F64 U32 U64 C64 C128 BF16 F8_E4M3 F8_E4M3FNUZ F8_E5M2 F8_E5M2FNUZ"
    " U4 I4 F4 F8_E8M0 U2 I2"
).split()
LARGEST_FILE = 1024
MOST_FLOATS = 64


def number(value):
    """A float as JSON can say it, with the digits that 32 bits hold."""
    value = float(value)
    if not math.isfinite(value):
        return str(value)
    return int(value) if value.is_integer() else float(f"{value:.9g}")


def elements(tensor, most_floats):
    """The elements in row-major order; None for types that shapes are never computed from."""
    kind = TYPES[tensor.data_type]
    if kind == "STRING":
        return [text.decode() for text in tensor.string_data]
    array = numpy_helper.to_array(tensor).flatten()
    if kind in ("F16", "F32", "F64"):
        return [number(value) for value in array] if array.size <= most_floats else None
    if kind[0] in "IUB" and kind != "BF16":
        return [int(value) for value in array]
    return None


def described(tensor, most_floats):
    fact = [TYPES[tensor.data_type], list(tensor.dims)]
    content = None if most_floats is None else elements(tensor, most_floats)
    return fact if content is None else fact + [content]


def sequence(value, most_floats):
    return {"sequence": [described(tensor, most_floats) for tensor in value.tensor_values]}


def read(path, type_, most_floats):
    """The fact of a test's file, of which the model's declaration tells what it is.

    Floating point keeps its elements where there are no more than `most_floats`.
    """
    with open(path, "rb") as file:
        data = file.read()
    if len(data) > LARGEST_FILE:
        most_floats = None
    kind = type_.WhichOneof("value")
    if kind == "tensor_type":
        return described(TensorProto.FromString(data), most_floats)
    if kind == "sequence_type":
        return sequence(SequenceProto.FromString(data), most_floats)
    optional = OptionalProto.FromString(data)
    if optional.elem_type == OptionalProto.TENSOR:
        return {"optional": described(optional.tensor_value, most_floats)}
    if optional.elem_type == OptionalProto.SEQUENCE:
        return {"optional": sequence(optional.sequence_value, most_floats)}
    return {"optional": None}


def attribute(value):
    content = onnx.helper.get_attribute_value(value)
    return {
        onnx.AttributeProto.FLOAT: lambda: ["f", number(content)],
        onnx.AttributeProto.INT: lambda: ["i", content],
        onnx.AttributeProto.STRING: lambda: ["s", content.decode()],
        onnx.AttributeProto.TENSOR: lambda: ["t", described(content, MOST_FLOATS)],
        onnx.AttributeProto.FLOATS: lambda: ["fs", [number(entry) for entry in content]],
        onnx.AttributeProto.INTS: lambda: ["is", list(content)],
        onnx.AttributeProto.STRINGS: lambda: ["ss", [entry.decode() for entry in content]],
    }[value.type]()


def values(folder, kind, names, declarations):
    """Files are numbered by the graph's declarations, which may hold more than the node names."""
    place = {declaration.name: number for number, declaration in enumerate(declarations)}
    return [
        read(os.path.join(folder, f"{kind}_{place[name]}.pb"), declarations[place[name]].type, MOST_FLOATS if kind == "input" else -1)
        if name
        else None
        for name in names
    ]


def main():
    assert onnx.__version__ == "1.21.0", onnx.__version__
    root = os.path.join(os.path.dirname(onnx.__file__), "backend", "test", "data", "node")
    seen = set()
    for test in sorted(os.listdir(root)):
        model = onnx.load(os.path.join(root, test, "model.onnx"))
        nodes = model.graph.node
        if len(nodes) != 1 or any(entry.type in (entry.GRAPH, entry.GRAPHS) for entry in nodes[0].attribute):
            continue
        folder = os.path.join(root, test, "test_data_set_0")
        fact = {
            "domain": "" if nodes[0].domain == "ai.onnx" else nodes[0].domain,
            "op": nodes[0].op_type,
            "sets": {"" if entry.domain == "ai.onnx" else entry.domain: entry.version for entry in model.opset_import},
            "attributes": {entry.name: attribute(entry) for entry in nodes[0].attribute},
            "inputs": values(folder, "input", nodes[0].input, model.graph.input),
            "outputs": values(folder, "output", nodes[0].output, model.graph.output),
        }
        text = json.dumps(fact, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
        if text in seen:
            continue
        seen.add(text)
        sys.stdout.write(json.dumps({"test": test} | fact, separators=(",", ":"), ensure_ascii=False) + "\n")


main()
