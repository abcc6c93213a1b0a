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

    The hooks object is given a copy of its table of virtual functions in which that question (the seventh) is
    answered by the one before it, which says no.
    """
    library = ctypes.CDLL(torch.__path__[0] + "/lib/libtorch_cpu.so")
    hooks = library._ZN2at6detail12getCUDAHooksEv
    hooks.restype = ctypes.c_void_p
    slot = ctypes.cast(hooks(), ctypes.POINTER(ctypes.c_void_p))
    header = 2
    size = 66
    old = ctypes.cast(slot[0] - 8 * header, ctypes.POINTER(ctypes.c_void_p))
    table = (ctypes.c_void_p * size)(*[old[i] for i in range(size)])
    table[header + 4] = table[header + 3]
    let_autograd_run_without_a_device.table = table
    slot[0] = ctypes.addressof(table) + 8 * header


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
        self.living, self.bytes, self.peak, self.log, self.phase = {}, 0, {}, log, None

    def begin(self, phase):
        self.phase = phase
        self.peak[phase] = self.bytes
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

    def isNumber(self):
        floating = self.array.dtype.kind == "f"
        return self.array.size <= (1 if floating else MOST_NUMBERS)


PASSING = {"Identity", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Cast", "Expand"}
WITHOUT_WEIGHTS = {"Clip", "Resize", "Pad", "Range", "Tile", "Where", "Max", "Min", "Equal", "Less", "Greater",
                   "LessOrEqual", "GreaterOrEqual", "Dropout"}


def weights(graph, constants):
    """The constants that training changes: those that meet activations, which begin at inputs of floating point and
    at rows of a table."""
    initial = {t.name for t in graph.initializer}
    active = {i.name for i in graph.input
              if i.name not in initial and i.type.tensor_type.elem_type in (1, 10, 11, 16)}
    shows = {name: name for name in constants}
    found = {}
    for node in graph.node:
        kind, reads = node.op_type, [n for n in node.input]
        if kind == "Constant":
            continue
        if kind in PASSING:
            if reads[0] in shows:
                shows[node.output[0]] = shows[reads[0]]
            if reads[0] in active:
                active.add(node.output[0])
            continue
        def floats(name):
            origin = shows.get(name)
            return origin in constants and constants[origin][1] in (1, 10, 11, 16)
        table = kind == "Gather" and floats(reads[0]) and len(constants[shows[reads[0]]][0]) >= 2
        flows = (table or reads[0] in active) if kind == "Gather" else any(n in active for n in reads)
        if not flows:
            continue
        for place, name in enumerate(reads):
            if name in active or not floats(name) or kind in WITHOUT_WEIGHTS or (kind == "Gather" and place):
                continue
            if kind == "BatchNormalization" and place > 2:
                continue
            if math.prod(constants[shows[name]][0]) > 1:
                found[shows[name]] = constants[shows[name]][0]
        if kind not in WITHOUT_REALS:
            active.update(node.output)
    return found


WITHOUT_REALS = {"Shape", "Size", "Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual", "Not", "And", "Or",
                 "IsNaN", "IsInf", "NonZero", "ArgMax", "ArgMin"}


class Interpreter:
    """An ONNX graph run by eager PyTorch, operator by operator."""

    def __init__(self, model, sizes, dtype):
        self.graph = model.graph
        self.dtype = dtype
        self.constants = {}
        arrays = {}
        for tensor in self.graph.initializer:
            self.constants[tensor.name] = (tuple(tensor.dims), tensor.data_type)
            small = math.prod(tensor.dims) <= MOST_NUMBERS and tensor.data_location != TensorProto.EXTERNAL
            if small and (tensor.raw_data or tensor.ByteSize() > 64 or math.prod(tensor.dims) == 0
                          or tensor.int64_data or tensor.float_data or tensor.int32_data):
                arrays[tensor.name] = numpy_helper.to_array(tensor)
        for node in self.graph.node:
            if node.op_type == "Constant":
                a = attributes(node)
                if "value" in a:
                    t = a["value"]
                    self.constants[node.output[0]] = (tuple(t.dims), t.data_type)
                    if t.data_location != TensorProto.EXTERNAL:
                        arrays[node.output[0]] = numpy_helper.to_array(t)
                else:
                    v = next(iter(a.values()))
                    arr = np.array(v, dtype=np.float32 if isinstance(v, float) else np.int64)
                    arrays[node.output[0]] = arr
                    self.constants[node.output[0]] = (arr.shape, 1 if isinstance(v, float) else 7)
        self.trained = weights(self.graph, self.constants)
        self.known = {n: Known(a) for n, a in arrays.items() if n not in self.trained}
        names = {t.name for t in self.graph.initializer}
        self.inputs = {}
        for value in self.graph.input:
            if value.name in names:
                continue
            t = value.type.tensor_type
            shape = [d.dim_value if d.HasField("dim_value") else size(i, len(t.shape.dim), d.dim_param, sizes)
                     for i, d in enumerate(t.shape.dim)]
            self.inputs[value.name] = (shape, self.type(t.elem_type))
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
        self.tick = None

    def type(self, number):
        if number == TensorProto.FLOAT:
            return self.dtype
        return getattr(torch, {"float": "float32", "double": "float64"}.get(
            np.dtype(onnx.helper.tensor_dtype_to_np_dtype(number)).name,
            np.dtype(onnx.helper.tensor_dtype_to_np_dtype(number)).name))

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
                shape, dtype = array.shape, self.arraytype(array)
            else:
                shape, number = self.constants[name]
                dtype = self.type(number)
            self.buffers[name] = torch.empty(shape, device=self.device, dtype=dtype)
        return self.buffers[name]

    def arraytype(self, array):
        if array.dtype.kind == "f":
            return self.dtype if array.dtype.itemsize == 4 else torch.from_numpy(array[:0].copy() if array.ndim else array.reshape(1)).dtype
        return torch.from_numpy(np.zeros(1, array.dtype)).dtype

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
        if self.tick:
            self.tick(node)
        if self.device == "meta":
            if node.op_type == "Shape":
                if node.input[0] in self.known:
                    shape = self.known[node.input[0]].array.shape
                elif node.input[0] in self.values or node.input[0] in self.parameters or node.input[0] in self.constants:
                    shape = tuple(self.tensor(node.input[0]).shape)
                a = attributes(node)
                self.known[node.output[0]] = Known(np.array(shape[a.get("start", 0):a.get("end", len(shape))], np.int64))
                return
            if all(n in self.known and self.known[n].array.size <= MOST_NUMBERS for n in node.input if n) and node.input:
                call = Call(self, step, node, folding=True)
                results = OPERATORS[node.op_type](call)
                results = results if isinstance(results, (tuple, list)) else [results]
                if all(r.numel() <= MOST_NUMBERS for r in results):
                    known = [Known(r.numpy()) for r in results]
                    if all(k.isNumber() for k in known):
                        for n, k in zip(node.output, known):
                            self.known[n] = k
                        return
        call = Call(self, step, node)
        results = OPERATORS[node.op_type](call)
        results = results if isinstance(results, (tuple, list)) else [results]
        for name, result in zip(node.output, results):
            if name:
                self.values[name] = result
        call = results = result = None


def size(axis, rank, name, sizes):
    if rank == 4:
        return sizes["batch"] if axis == 0 else sizes["image"]
    return sizes["batch"] if axis == 0 else sizes["sequence"]


# ---------------------------------------------------------------- training

def compute_loss(run, inputs, labels):
    logits = run.run(inputs)
    run.values = {}
    if logits.dim() == 0:
        return logits
    if logits.dim() == 1:
        return logits.mean()
    return F.cross_entropy(logits.float().view(-1, logits.shape[-1]), labels)


def train(model, batch=2, sequence=128, image=224, precision="fp32", log=None, memory=None):
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    run = Interpreter(model, dict(batch=batch, sequence=sequence, image=image), dtype)
    run.plan()
    storages = Storages(log)
    with FakeTensorMode(), storages:
        run.parameters = {n: torch.nn.Parameter(torch.empty(s, device=DEVICE, dtype=dtype)) for n, s in run.trained.items()}
        optimizer = torch.optim.AdamW(run.parameters.values(), foreach=True)
        if log is not None:
            run.tick = lambda node: log.append(("@", node.op_type, list(node.output)))
        for step in 1, 2:
            storages.begin("input")
            inputs = {n: torch.empty(s, device=DEVICE, dtype=d) for n, (s, d) in run.inputs.items()}
            labels = torch.empty(rows(run), device=DEVICE, dtype=torch.int64) if len(run.shape) > 1 else None
            storages.begin("forward")
            loss = compute_loss(run, inputs, labels)
            storages.begin("backward")
            loss.backward()
            storages.begin("optimizer")
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            del loss, inputs, labels
    return {k: storages.peak[k] for k in ("forward", "backward", "optimizer")}


def rows(run):
    return math.prod(run.shape[:-1])


def main():
    pass
