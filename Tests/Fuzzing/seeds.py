#!/usr/bin/env python3
"""Writes a small corpus for the fuzzers: seeds.py FOLDER makes FOLDER/{zip,pickle,gguf}/.

Only Python's own library is needed: the pickles have the form that torch.save gives them, with stand-ins for torch's globals.
"""

import collections
import io
import os
import pickle
import struct
import sys
import types
import zipfile


def stand_in(module, name):
    """A function that pickles as module.name."""
    if module not in sys.modules:
        sys.modules[module] = types.ModuleType(module)

    def function(*arguments):
        return None

    function.__module__, function.__qualname__, function.__name__ = module, name, name
    setattr(sys.modules[module], name, function)
    return function


rebuild_tensor = stand_in("torch._utils", "_rebuild_tensor_v2")
rebuild_parameter = stand_in("torch._utils", "_rebuild_parameter")
float_storage = stand_in("torch", "FloatStorage")


class Storage:
    def __init__(self, key, count):
        self.key, self.count = key, count


class Tensor:
    def __init__(self, key, *shape):
        self.key, self.shape = key, shape

    def __reduce__(self):
        strides, count = [], 1
        for extent in reversed(self.shape):
            strides.insert(0, count)
            count *= extent
        storage = Storage(self.key, count)
        return rebuild_tensor, (storage, 0, self.shape, tuple(strides), False, collections.OrderedDict())


class Parameter(Tensor):
    def __reduce__(self):
        return rebuild_parameter, (Tensor(self.key, *self.shape), True, collections.OrderedDict())


class Runs:
    def __reduce__(self):
        return os.system, ("true",)


class TorchPickler(pickle.Pickler):
    def persistent_id(self, value):
        if isinstance(value, Storage):
            return "storage", float_storage, value.key, "cpu", value.count
        return None


def pickled(value, protocol=2):
    target = io.BytesIO()
    TorchPickler(target, protocol).dump(value)
    return target.getvalue()


def archived(parts, compression=zipfile.ZIP_STORED, wide=False):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as archive:
        for name, content in parts.items():
            with archive.open(name, "w", force_zip64=wide) as part:
                part.write(content)
    return target.getvalue()


def string(text):
    content = text.encode()
    return struct.pack("<Q", len(content)) + content


def gguf(pairs, tensors, version=3, alignment=32):
    content = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(pairs)) + b"".join(
        string(key) + value for key, value in pairs.items())
    offset = 0
    for name, (kind, shape, size) in tensors.items():
        content += string(name) + struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", x) for x in shape)
        content += struct.pack("<IQ", kind, offset)
        offset += -(-size // alignment) * alignment
    return content + bytes(-len(content) % alignment) + bytes(offset)


def main(folder):
    weights = collections.OrderedDict(a=Tensor("0", 4, 2), b=Parameter("1", 3))
    weights["tied"] = weights["a"]
    values = {
        "weights": weights,
        "wrapped": {"state_dict": weights, "epoch": 3, "lr": 0.5, "name": "x" * 300, "big": 1 << 80, "flags": [True, None]},
        "runs": {"weights": weights, "extra": Runs()},
        "set": {1, 2},
        "bytes": b"\x00" * 10,
    }
    pickles = {f"{name}-{protocol}": pickled(value, protocol) for name, value in values.items() for protocol in range(6)}
    content = pickled(weights)
    parts = {"archive/data.pkl": content, "archive/version": b"3\n", "archive/data/0": bytes(32), "archive/data/1": bytes(12)}
    zips = {
        "plain": archived(parts),
        "wide": archived(parts, wide=True),
        "deflated": archived(parts, zipfile.ZIP_DEFLATED),
        "empty": archived({}),
    }
    words = struct.pack("<IIQ", 9, 8, 2) + string("a") + string("b")
    pairs = {
        "general.architecture": struct.pack("<I", 8) + string("llama"),
        "general.alignment": struct.pack("<II", 4, 32),
        "llama.block_count": struct.pack("<II", 4, 1),
        "llama.rope.freq_base": struct.pack("<If", 6, 10000.0),
        "llama.attention.head_count": struct.pack("<IIQII", 9, 4, 2, 4, 4),
        "tokenizer.ggml.tokens": words,
    }
    tensors = {"token_embd.weight": (0, (8, 4), 128), "blk.0.attn_q.weight": (12, (256, 2), 288), "output.weight": (1, (8,), 16)}
    ggufs = {
        "plain": gguf(pairs, tensors),
        "version-2": gguf(pairs, tensors, version=2),
        "empty": gguf({}, {}),
    }
    for name, seeds in {"pickle": pickles, "zip": zips, "gguf": ggufs}.items():
        os.makedirs(os.path.join(folder, name), exist_ok=True)
        for seed, content in seeds.items():
            with open(os.path.join(folder, name, seed), "wb") as file:
                file.write(content)


main(sys.argv[1])
