"""Measures what training an ONNX graph takes when eager PyTorch runs it, operator by operator.

Nothing of ours runs this: it is here so that onnx-training.tsv can be made again, or grow by rows.

    python -m venv venv && venv/bin/pip install torch==2.11.0 onnx==1.21.0 numpy
    venv/bin/python Tests/Truth/onnx-training.py > new.tsv
    venv/bin/python Tests/Truth/onnx-training.py MODEL.onnx --batch-size 2 --sequence-length 128 --precision bf16

The first form measures each row's graph of onnx-training.tsv anew and writes the table; for a new row, the measured
cells may hold anything. The second prints the peaks of a model's second training step; with --trace, each storage
that comes (+) and goes (-) as well. No GPU and no weights are needed: tensors are fake ones of device cuda:0, seen by a
`TorchDispatchMode` when an operator makes their storage and by a weak reference when it goes.

What is run (onnx_in_torch.py has the operators):

- Constants that meet activations are parameters, in the precision asked for; training is cross-entropy of the first
  output along its last axis in fp32 (a scalar is its own loss), backward, `AdamW(foreach=True)`, `zero_grad`, twice.
- Integers and truth values that follow from shapes, up to 1,024 of them, and single numbers are numbers to the
  program. Where an operator wants them as a tensor they are a buffer.
- A product with a matrix of the file and the bias that is added next are one operator.
- A value is let go of once its last reader has run.

A graph as text is a list of declarations parted by "; ": `input NAME EXTENTS [int64]` (b is the batch size, ? the image
size), `weight NAME EXTENTS`, `number`, `numbers`, `scalar` (an integer) and `integers NAME VALUES`, `output NAME`, and
`node [DOMAIN.]OPERATOR OPERANDS [ATTRIBUTE=VALUE] -> RESULTS`, where _ is an operand that is left out.
"""

import argparse
import atexit
import ctypes
import math
import os
import weakref
from collections import defaultdict

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper
from onnx_in_torch import OPERATORS, Call, attributes
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

DEVICE = "cuda:0"
BLOCK = 512
# A constant with more elements is a tensor to the program, not numbers.
MOST_NUMBERS = 1024


# ---------------------------------------------------------------- the device

def let_autograd_run_without_a_device():
    """The engine asks the CUDA hooks whether device 0 has a context, which throws where there is none.

    The hooks object is given a copy of its table of virtual functions in which that question is answered by the
    function before it, whether CUDA is available.
    """
    library = ctypes.CDLL(torch.__path__[0] + "/lib/libtorch_cpu.so")
    hooks = library._ZN2at6detail12getCUDAHooksEv
    hooks.restype = ctypes.c_void_p
    slot = ctypes.cast(hooks(), ctypes.POINTER(ctypes.c_void_p))
    header, size = 2, 66
    original = slot[0]
    old = ctypes.cast(original - 8 * header, ctypes.POINTER(ctypes.c_void_p))
    table = (ctypes.c_void_p * size)(*[old[i] for i in range(size)])
    table[header + 4] = table[header + 3]
    slot[0] = ctypes.addressof(table) + 8 * header

    def restore(table=table):
        slot[0] = original

    atexit.register(restore)


# `index_backward` and `gather_backward` put gradients into their zeros, but into a copy where tensors are fake
# (`areAnyTensorSubclassLike` in torch/csrc/autograd/FunctionsManual.cpp).
IN_PLACE = {
    torch.ops.aten.index_put.default: torch.ops.aten.index_put_.default,
    torch.ops.aten.scatter_add.default: torch.ops.aten.scatter_add_.default,
}


class Storages(TorchDispatchMode):
    """Counts every storage from the operator that makes it until its last reference goes."""

    def __init__(self, log=None):
        super().__init__()
        self.living, self.bytes, self.phase, self.log = {}, 0, None, log
        # The most that lived at once in each phase, and the sum of what the phase made.
        self.peak, self.made = {}, {}

    def begin(self, phase):
        self.phase = phase
        self.peak[phase] = self.bytes
        self.made[phase] = 0
        if self.log is not None:
            self.log.append(("#", phase, self.bytes))

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        function = IN_PLACE.get(function, function)
        result = function(*args, **(kwargs or {}))
        if function is not torch.ops.prim.device.default:
            self.see(result, function._schema.name)
        return result

    def see(self, value, cause):
        if isinstance(value, (tuple, list)):
            for part in value:
                self.see(part, cause)
        if not isinstance(value, torch.Tensor) or value.device.type != "cuda":
            return
        storage = value.untyped_storage()
        key = storage._cdata
        if key in self.living:
            return
        size = -(-storage.nbytes() // BLOCK) * BLOCK
        self.living[key] = weakref.ref(storage, lambda _: self.forget(key, size, cause))
        self.bytes += size
        self.peak[self.phase] = max(self.peak.get(self.phase, 0), self.bytes)
        self.made[self.phase] = self.made.get(self.phase, 0) + size
        if self.log is not None:
            self.log.append(("+", cause, size, self.bytes))

    def forget(self, key, size, cause):
        del self.living[key]
        self.bytes -= size
        if self.log is not None:
            self.log.append(("-", cause, size, self.bytes))


# ---------------------------------------------------------------- the graph

class Known:
    """A constant: numbers to the program where they are few, else a tensor of the model."""

    def __init__(self, array):
        self.array = array

    def numbers(self):
        return self.array.tolist()

    def is_number(self):
        floating = self.array.dtype.kind == "f"
        return self.array.size <= (1 if floating else MOST_NUMBERS)


FLOATING = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BFLOAT16)
PASSING = {"Identity", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Cast", "Expand"}
WITHOUT_WEIGHTS = {
    "Clip", "Resize", "Pad", "Range", "Tile", "Where", "Max", "Min", "Equal", "Less", "Greater", "LessOrEqual",
    "GreaterOrEqual", "Dropout",
}
WITHOUT_REALS = {
    "Shape", "Size", "Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual", "Not", "And", "Or", "IsNaN", "IsInf",
    "NonZero", "ArgMax", "ArgMin",
}


def weights(graph, constants):
    """The shapes of the constants that training changes: those that meet activations, which begin at inputs of
    floating point and at rows of a table. `constants` are shapes and types by name."""
    active = {
        i.name for i in graph.input if i.name not in constants and i.type.tensor_type.elem_type in FLOATING
    }
    shows = {name: name for name in constants}
    found = {}

    def real(name):
        return name in shows and constants[shows[name]][1] in FLOATING

    for node in graph.node:
        kind, reads = node.op_type, list(node.input)
        if kind == "Constant":
            continue
        if kind in PASSING:
            if reads[0] in shows:
                shows[node.output[0]] = shows[reads[0]]
            if reads[0] in active:
                active.add(node.output[0])
            continue
        if kind == "Gather":
            reads = reads[:1]
            flows = reads[0] in active or real(reads[0]) and len(constants[shows[reads[0]]][0]) >= 2
        else:
            flows = any(name in active for name in reads)
        if not flows:
            continue
        # A batch norm's mean and variance are counted, not trained.
        for name in reads[:3] if kind == "BatchNormalization" else reads:
            if name not in active and real(name) and kind not in WITHOUT_WEIGHTS:
                shape = constants[shows[name]][0]
                if math.prod(shape) > 1:
                    found[shows[name]] = shape
        if kind not in WITHOUT_REALS:
            active.update(node.output)
    return found


class Interpreter:
    """An ONNX graph run by eager PyTorch, operator by operator."""

    def __init__(self, model, sizes, dtype):
        self.graph = model.graph
        self.dtype = dtype
        tensors = {t.name: t for t in self.graph.initializer}
        for node in self.graph.node:
            if node.op_type == "Constant":
                kind, value = next(iter(attributes(node).items()))
                if kind != "value":
                    value = numpy_helper.from_array(np.array(value, np.float32 if "float" in kind else np.int64))
                tensors[node.output[0]] = value
        self.constants = {name: (tuple(t.dims), t.data_type) for name, t in tensors.items()}
        self.trained = weights(self.graph, self.constants)
        self.known = {
            name: Known(numpy_helper.to_array(t)) for name, t in tensors.items() if name not in self.trained and has(t)
        }
        self.inputs = {}
        for value in self.graph.input:
            if value.name not in tensors:
                tensor = value.type.tensor_type
                extents = [
                    d.dim_value if d.HasField("dim_value") else extent(axis, len(tensor.shape.dim), sizes)
                    for axis, d in enumerate(tensor.shape.dim)
                ]
                self.inputs[value.name] = (extents, self.type(tensor.elem_type))
        self.outputs = [o.name for o in self.graph.output]
        self.readers = defaultdict(int)
        self.last = {}
        self.producer = {}
        for step, node in enumerate(self.graph.node):
            for name in node.input:
                self.readers[name] += 1
                self.last[name] = step
            for name in node.output:
                self.producer[name] = node
        for name in self.outputs:
            self.readers[name] += 1
            self.last[name] = len(self.graph.node)
        self.buffers = {}
        self.parameters = {}
        self.done = {}

    def type(self, number):
        if number == TensorProto.FLOAT:
            return self.dtype
        return getattr(torch, helper.tensor_dtype_to_np_dtype(number).name)

    # Values

    def plan(self):
        """Runs the graph on shapes alone, to learn which values are numbers."""
        self.device = "meta"
        self.parameters = {n: torch.empty(s, device="meta", dtype=self.dtype) for n, s in self.trained.items()}
        result = self.run({n: torch.empty(s, device="meta", dtype=d) for n, (s, d) in self.inputs.items()})
        self.shape = tuple(result.shape)
        self.buffers, self.device = {}, DEVICE

    def tensor(self, name):
        if name in self.values:
            return self.values[name]
        if name in self.parameters:
            return self.parameters[name]
        if name not in self.buffers:
            if name in self.known:
                array = self.known[name].array
                shape, dtype = array.shape, self.type(helper.np_dtype_to_tensor_dtype(array.dtype))
            else:
                shape, number = self.constants[name]
                dtype = self.type(number)
            self.buffers[name] = torch.empty(shape, device=self.device, dtype=dtype)
        return self.buffers[name]

    def run(self, inputs):
        self.values = dict(inputs)
        self.done = {}
        for step, node in enumerate(self.graph.node):
            if node.op_type == "Constant":
                continue
            if step not in self.done and not all(n in self.known for n in node.output if n):
                self.step(step, node)
            for name in set(node.input):
                if self.last[name] == step:
                    self.values.pop(name, None)
            for name in node.output:
                if name and name not in self.last:
                    self.values.pop(name, None)
        return self.values[self.outputs[0]]

    def step(self, step, node):
        if self.device == "meta" and self.fold(step, node):
            return
        results = OPERATORS[node.op_type](Call(self, step, node))
        results = results if isinstance(results, (tuple, list)) else [results]
        self.values.update((name, result) for name, result in zip(node.output, results) if name)

    def fold(self, step, node):
        """Whether a node's results are numbers to the program."""
        if node.op_type == "Shape":
            known = self.known.get(node.input[0])
            shape = known.array.shape if known else tuple(self.tensor(node.input[0]).shape)
            given = attributes(node)
            shape = shape[given.get("start", 0):given.get("end", len(shape))]
            self.known[node.output[0]] = Known(np.array(shape, np.int64))
            return True
        known = [self.known.get(name) for name in node.input if name]
        if not known or not all(k is not None and k.array.size <= MOST_NUMBERS for k in known):
            return False
        results = OPERATORS[node.op_type](Call(self, step, node, folding=True))
        results = results if isinstance(results, (tuple, list)) else [results]
        known = [Known(result.numpy()) for result in results]
        if all(k.is_number() for k in known):
            self.known.update(zip(node.output, known))
            return True
        return False


def has(tensor):
    """Whether a small tensor's content is in the file; a graph of the table has weights without any."""
    if tensor.data_location == TensorProto.EXTERNAL or math.prod(tensor.dims) > MOST_NUMBERS:
        return False
    parts = (tensor.raw_data, tensor.float_data, tensor.int32_data, tensor.int64_data, tensor.double_data)
    return math.prod(tensor.dims) == 0 or any(len(part) > 0 for part in parts)


def extent(axis, rank, sizes):
    return sizes["batch"] if axis == 0 else sizes["image" if rank == 4 else "sequence"]


# ---------------------------------------------------------------- graphs as text

def graph(text):
    nodes, inputs, tensors, outputs = [], [], [], []
    for line in text.split("; "):
        kind, name, *rest = line.split(" ")
        values = rest[0].split(",") if rest else []
        if kind == "input":
            extents = [int(v) if v.isdigit() else None if v == "?" else v for v in values]
            inputs.append(
                helper.make_tensor_value_info(name, TensorProto.INT64 if rest[1:] else TensorProto.FLOAT, extents))
        elif kind == "weight":
            tensors.append(TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[int(v) for v in values]))
        elif kind in ("number", "numbers"):
            extents = [len(values)] if kind == "numbers" else []
            tensors.append(helper.make_tensor(name, TensorProto.FLOAT, extents, [float(v) for v in values]))
        elif kind in ("scalar", "integers"):
            extents = [len(values)] if kind == "integers" else []
            tensors.append(helper.make_tensor(name, TensorProto.INT64, extents, [int(v) for v in values]))
        elif kind == "output":
            outputs.append(helper.make_empty_tensor_value_info(name))
        else:
            arrow = rest.index("->")
            operands = ["" if w == "_" else w for w in rest[:arrow] if "=" not in w]
            given = dict(w.split("=", 1) for w in rest[:arrow] if "=" in w)
            domain, _, operator = name.rpartition(".")
            nodes.append(
                helper.make_node(
                    operator, operands, rest[arrow + 1:], domain=domain, **{k: value(v) for k, v in given.items()}))
    sets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(helper.make_graph(nodes, "graph", inputs, outputs, tensors), opset_imports=sets)


def value(text):
    parts = text.split(",")
    if not all(part.lstrip("-").isdigit() for part in parts):
        return text
    return [int(part) for part in parts] if len(parts) > 1 else int(text)


# ---------------------------------------------------------------- training

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def compute_loss(run, inputs, labels):
    logits = run.run(inputs)
    run.values = {}
    if logits.dim() < 2:
        return logits if logits.dim() == 0 else logits.mean()
    return F.cross_entropy(logits.float().view(-1, logits.shape[-1]), labels)


def train(model, precision, batch, sequence, image, log=None):
    """What the second of two training steps takes."""
    run = Interpreter(model, dict(batch=batch, sequence=sequence, image=image), PRECISIONS[precision])
    run.plan()
    storages = Storages()
    with FakeTensorMode(), storages:
        run.parameters = {
            n: torch.nn.Parameter(torch.empty(s, device=DEVICE, dtype=run.dtype)) for n, s in run.trained.items()
        }
        optimizer = torch.optim.AdamW(run.parameters.values(), foreach=True)
        for step in 1, 2:
            if step == 2:
                storages.log = log
            storages.begin("input")
            inputs = {n: torch.empty(s, device=DEVICE, dtype=d) for n, (s, d) in run.inputs.items()}
            rows = math.prod(run.shape[:-1])
            labels = torch.empty(rows, device=DEVICE, dtype=torch.int64) if len(run.shape) > 1 else None
            storages.begin("forward")
            loss = compute_loss(run, inputs, labels)
            storages.begin("backward")
            loss.backward()
            storages.begin("update")
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            del loss, inputs, labels
        storages.log = None
    peaks = {phase: storages.peak[phase] for phase in ("forward", "backward", "update")}
    return peaks | {"madeForward": storages.made["forward"], "madeBackward": storages.made["backward"]}


def table():
    """Prints the table with its rows measured anew."""
    with open(os.path.join(os.path.dirname(__file__), "onnx-training.tsv")) as file:
        lines = file.read().splitlines()
    columns = lines[0].split("\t")
    print(lines[0])
    for line in lines[1:]:
        row = dict(zip(columns, line.split("\t")))
        row |= train(graph(row["graph"]), row["precision"], *(int(row[k]) for k in ("batch", "sequence", "image")))
        print(*(row[column] for column in columns), sep="\t")


def main():
    arguments = argparse.ArgumentParser(description="Measures what training an ONNX graph takes.")
    arguments.add_argument("model", nargs="?")
    arguments.add_argument("--precision", choices=PRECISIONS, default="fp32")
    arguments.add_argument("--batch-size", type=int, default=1)
    arguments.add_argument("--sequence-length", type=int, default=128)
    arguments.add_argument("--image-size", type=int, default=224)
    arguments.add_argument("--trace", action="store_true")
    given = arguments.parse_args()
    let_autograd_run_without_a_device()
    if given.model is None:
        return table()
    log = [] if given.trace else None
    model = onnx.load(given.model, load_external_data=False)
    sizes = given.batch_size, given.sequence_length, given.image_size
    for name, size in train(model, given.precision, *sizes, log=log).items():
        print(name, size)
    for event in log or []:
        print(*event)


if __name__ == "__main__":
    main()
