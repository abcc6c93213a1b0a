"""ONNX operators as PyTorch has them: what onnx-training.py runs, node by node."""

import math

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import TensorProto, numpy_helper


def attributes(node):
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


class Call:
    """A node with its operands.

    While folding, all of them are constants, and tensors on the CPU.
    """

    def __init__(self, run, step, node, folding=False):
        self.runner, self.place, self.node, self.folding = run, step, node, folding
        self.attributes = attributes(node)
        self.device = "cpu" if folding else run.device

    def get(self, name, default=None):
        return self.attributes.get(name, default)

    def has(self, place):
        return place < len(self.node.input) and self.node.input[place] != ""

    def x(self, place=0):
        name = self.node.input[place]
        if self.folding:
            return torch.from_numpy(np.array(self.runner.known[name].array))
        return self.runner.tensor(name)

    def optional(self, place):
        return self.x(place) if self.has(place) else None

    def numbers(self, place, default=None):
        if not self.has(place):
            return default
        return self.runner.known[self.node.input[place]].numbers()

    def number(self, place):
        """A Python number, where the operand is one."""
        known = None if self.folding else self.runner.known.get(self.node.input[place])
        return known.array.item() if known is not None and known.array.size == 1 else None

    def weight(self, place):
        return self.node.input[place] in self.runner.trained


def unary(function):
    return lambda c: function(c.x())


def binary(function):
    def form(c):
        values = [c.number(i) for i in range(len(c.node.input))]
        if all(v is not None for v in values):
            values[0] = None
        operands = [c.x(i) if v is None else v for i, v in enumerate(values)]
        result = operands[0]
        for other in operands[1:]:
            result = function(result, other)
        return result
    return form


def divide(a, b):
    if all(isinstance(v, torch.Tensor) and not v.is_floating_point() for v in (a, b)):
        return torch.div(a, b, rounding_mode="trunc")
    return a / b if any(isinstance(v, torch.Tensor) and v.is_floating_point() for v in (a, b)) else a // b


def extremum(tensors, name):
    def form(c):
        values = [c.number(i) for i in range(len(c.node.input))]
        tensors_ = [c.x(i) for i, v in enumerate(values) if v is None]
        numbers = [v for v in values if v is not None]
        result = tensors_[0]
        for other in tensors_[1:]:
            result = tensors(result, other)
        for number in numbers:
            result = torch.clamp(result, **{name: number})
        return result
    return form


def matmul(c):
    run, (left, right) = c.runner, c.node.input[:2]
    source = run.producer.get(right)
    name = right
    shown = False
    if source is not None and source.op_type == "Transpose" and source.input[0] in run.trained:
        name, shown = source.input[0], True
    if name in run.trained and len(run.trained[name]) == 2 and c.x().dim() >= 2:
        weight, x = run.tensor(name), c.x()
        bias = None
        if run.readers[c.node.output[0]] == 1 and c.node.output[0] not in run.outputs:
            place = run.last[c.node.output[0]]
            reader = run.graph.node[place]
            if reader.op_type == "Add":
                other = [n for n in reader.input if n != c.node.output[0]]
                if other and other[0] in run.trained and len(run.trained[other[0]]) == 1:
                    bias = run.tensor(other[0])
        if shown:
            result = F.linear(x, weight, bias)
        elif bias is None:
            result = torch.matmul(x, weight)
        else:
            result = torch.addmm(bias, x.reshape(-1, x.shape[-1]), weight).view(*x.shape[:-1], weight.shape[1])
        if bias is not None:
            run.done[place] = True
            run.values[reader.output[0]] = result
        return result
    return torch.matmul(c.x(0), c.x(1))


def gemm(c):
    x, w = c.x(0), c.x(1)
    if c.get("transA", 0):
        x = x.t()
    bias = c.optional(2)
    if c.get("transB", 0):
        return F.linear(x, w, bias)
    return torch.mm(x, w) if bias is None else torch.addmm(bias, x, w)


def gather(c):
    x, axis = c.x(), c.get("axis", 0)
    known = c.runner.known.get(c.node.input[1])
    if known is not None and known.array.ndim == 0:
        return x.select(axis, int(known.array))
    index = c.x(1)
    if c.folding:
        return torch.from_numpy(np.take(x.numpy(), index.numpy(), axis))
    if axis == 0 and x.dim() == 2 and c.weight(0):
        return F.embedding(index, x)
    return x[(slice(None),) * (axis % x.dim()) + (index,)]


def reshape(c):
    x, shape = c.x(), list(c.numbers(1))
    if not c.get("allowzero", 0):
        shape = [x.shape[i] if s == 0 else s for i, s in enumerate(shape)]
    return x.reshape(shape)


def flatten(c):
    x, axis = c.x(), c.get("axis", 1)
    return x.reshape(math.prod(x.shape[:axis]), -1)


def unsqueeze(c):
    x = c.x()
    axes = c.numbers(1) if c.has(1) else c.get("axes")
    rank = x.dim() + len(axes)
    for axis in sorted(a % rank for a in axes):
        x = x.unsqueeze(axis)
    return x


def squeeze(c):
    x = c.x()
    axes = c.numbers(1) if c.has(1) else c.get("axes")
    if axes is None:
        axes = [i for i, s in enumerate(x.shape) if s == 1]
    for axis in sorted((a % x.dim() for a in axes), reverse=True):
        x = x.squeeze(axis)
    return x


def slices(c):
    x = c.x()
    starts, ends = c.numbers(1), c.numbers(2)
    axes = c.numbers(3, list(range(len(starts))))
    steps = c.numbers(4, [1] * len(starts))
    for start, end, axis, step in sorted(zip(starts, ends, axes, steps), key=lambda t: t[2] % x.dim()):
        extent = x.shape[axis]
        if step < 0:
            x = torch.flip(x, [axis])
            continue
        low, high, _ = slice(start, end, step).indices(extent)
        if (low, high, step) == (0, extent, 1):
            continue
        x = torch.ops.aten.slice(x, axis, low, high, step)
    return x


def split(c):
    x, axis = c.x(), c.get("axis", 0)
    lengths = c.numbers(1) if c.has(1) else None
    if lengths is None:
        count = len(c.node.output)
        return list(torch.split(x, -(-x.shape[axis] // count), axis))
    return list(torch.split(x, lengths, axis))


def cast(c):
    to = c.get("to")
    dtype = c.runner.type(to)
    if c.folding and to == TensorProto.FLOAT:
        dtype = torch.float32
    return c.x().to(dtype)


def where(c):
    condition = c.x(0)
    a, b = c.number(1), c.number(2)
    a, b = (c.x(1) if a is None else a), (c.x(2) if b is None else b)
    if not isinstance(a, torch.Tensor) and not isinstance(b, torch.Tensor):
        a = torch.full((), a, dtype=c.runner.dtype, device=c.device)
    return torch.where(condition, a, b)


def axes(c, place=1):
    given = c.numbers(place) if c.has(place) else c.get("axes")
    return list(given) if given is not None else list(range(c.x().dim()))


def reduction(function):
    return lambda c: function(c.x(), axes(c), bool(c.get("keepdims", 1)))


def pads(c, rank):
    given = c.get("pads", [0] * 2 * rank)
    assert given[:rank] == given[rank:]
    return given[:rank]


def convolution(c):
    x, w, b = c.x(0), c.x(1), c.optional(2)
    n = x.dim() - 2
    function = [F.conv1d, F.conv2d, F.conv3d][n - 1]
    return function(x, w, b, c.get("strides", [1] * n), pads(c, n), c.get("dilations", [1] * n), c.get("group", 1))


def transposed(c):
    x, w, b = c.x(0), c.x(1), c.optional(2)
    n = x.dim() - 2
    function = [F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d][n - 1]
    return function(x, w, b, c.get("strides", [1] * n), pads(c, n))


def max_pool(c):
    x = c.x()
    n = x.dim() - 2
    return [F.max_pool1d, F.max_pool2d, F.max_pool3d][n - 1](
        x, c.get("kernel_shape"), c.get("strides", [1] * n), pads(c, n), c.get("dilations", [1] * n),
        bool(c.get("ceil_mode", 0)))


def average_pool(c):
    x = c.x()
    n = x.dim() - 2
    return [F.avg_pool1d, F.avg_pool2d, F.avg_pool3d][n - 1](
        x, c.get("kernel_shape"), c.get("strides", [1] * n), pads(c, n), bool(c.get("ceil_mode", 0)),
        bool(c.get("count_include_pad", 0)))


def batch_norm(c):
    return F.batch_norm(c.x(0), c.x(3), c.x(4), c.x(1), c.x(2), True)


def clip(c):
    low = c.number(1) if c.has(1) else c.get("min")
    high = c.number(2) if c.has(2) else c.get("max")
    return torch.clamp(c.x(), low, high)


def resize(c):
    x = c.x()
    mode = c.get("mode", b"nearest").decode()
    mode = {"nearest": "nearest", "linear": {3: "linear", 4: "bilinear"}[x.dim()], "cubic": "bicubic"}[mode]
    size = c.numbers(3)[2:] if c.has(3) else [int(s * f) for s, f in zip(x.shape[2:], c.numbers(2)[2:])]
    return F.interpolate(x, size=size, mode=mode)


def pad(c):
    x, given = c.x(), c.numbers(1)
    n = len(given) // 2
    flat = []
    for axis in reversed(range(n)):
        flat += [given[axis], given[n + axis]]
    return F.pad(x, flat)


def skipped(c, bias):
    x = c.x(0) + c.x(1)
    return x + c.x(bias) if c.has(bias) else x


def skip_layer_norm(c):
    x = skipped(c, 4)
    return [F.layer_norm(x, x.shape[-1:], c.x(2), c.optional(3)), None, None, x]


def skip_rms_norm(c):
    x = skipped(c, 3)
    return [F.rms_norm(x, x.shape[-1:], c.x(2)), None, None, x]


def range_(c):
    a, b, s = (c.numbers(i) for i in range(3))
    return torch.arange(a, b, s, device=c.device)


def constant_of_shape(c):
    value = c.get("value")
    array = numpy_helper.to_array(value) if value is not None else np.zeros(1, np.float32)
    dtype = torch.from_numpy(np.array(array)).dtype
    if dtype == torch.float32 and not c.folding:
        dtype = c.runner.dtype
    return torch.full(c.numbers(0), array.item(), dtype=dtype, device=c.device)


def expand(c):
    x, shape = c.x(), c.numbers(1)
    shape = torch.broadcast_shapes(x.shape, shape)
    return x if tuple(shape) == tuple(x.shape) else x.expand(shape)


def gather_nd(c):
    x, index = c.x(), c.x(1)
    skip = c.get("batch_dims", 0)
    if skip:
        raise NotImplementedError
    return x[tuple(index[..., i] for i in range(index.shape[-1]))]


def trilu(c):
    k = c.numbers(1, 0)
    return torch.triu(c.x(), k) if c.get("upper", 1) else torch.tril(c.x(), k)


def cumsum(c):
    axis = np.array(c.numbers(1)).item()
    return torch.cumsum(c.x(), axis)


def bias_gelu(c):
    x = c.x(0) + c.x(1)
    return F.gelu(x)


def layer_norm(c):
    x = c.x()
    return F.layer_norm(x, x.shape[c.get("axis", -1):], c.x(1), c.optional(2))


def power(c):
    base, exponent = c.number(0), c.number(1)
    return torch.pow(c.x(0) if base is None else base, c.x(1) if exponent is None else exponent)


def quick_gelu(c):
    x = c.x()
    return x * torch.sigmoid(c.get("alpha", 1.702) * x)


def tile(c):
    return c.x().repeat(c.numbers(1))


def depth_to_space(c):
    x, b = c.x(), c.get("blocksize")
    n, ch, h, w = x.shape
    if c.get("mode", b"DCR") == b"DCR":
        return x.reshape(n, b, b, ch // b**2, h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, ch // b**2, h * b, w * b)
    return x.reshape(n, ch // b**2, b, b, h, w).permute(0, 1, 4, 2, 5, 3).reshape(n, ch // b**2, h * b, w * b)


def space_to_depth(c):
    x, b = c.x(), c.get("blocksize")
    n, ch, h, w = x.shape
    return x.reshape(n, ch, h // b, b, w // b, b).permute(0, 3, 5, 1, 2, 4).reshape(n, ch * b * b, h // b, w // b)


OPERATORS = {
    "Identity": unary(lambda x: x), "Add": binary(lambda a, b: a + b), "Sub": binary(lambda a, b: a - b),
    "Mul": binary(lambda a, b: a * b), "Div": binary(divide), "Sum": binary(lambda a, b: a + b), "Pow": power,
    "Mod": binary(lambda a, b: torch.remainder(a, b)),
    "Max": extremum(torch.maximum, "min"), "Min": extremum(torch.minimum, "max"),
    "Neg": unary(torch.neg), "Sin": unary(torch.sin), "Cos": unary(torch.cos), "Sigmoid": unary(torch.sigmoid),
    "Tanh": unary(torch.tanh), "Relu": unary(F.relu), "Erf": unary(torch.erf), "Sqrt": unary(torch.sqrt),
    "Reciprocal": unary(torch.reciprocal), "Exp": unary(torch.exp), "Log": unary(torch.log), "Abs": unary(torch.abs),
    "Acos": unary(torch.acos), "Acosh": unary(torch.acosh), "Asin": unary(torch.asin), "Asinh": unary(torch.asinh),
    "Atan": unary(torch.atan), "Atanh": unary(torch.atanh), "Ceil": unary(torch.ceil), "Cosh": unary(torch.cosh),
    "Sinh": unary(torch.sinh), "Tan": unary(torch.tan), "Floor": unary(torch.floor), "Round": unary(torch.round),
    "Sign": unary(torch.sign), "Celu": unary(F.celu), "Elu": unary(F.elu), "Selu": unary(F.selu),
    "HardSigmoid": unary(F.hardsigmoid), "HardSwish": unary(F.hardswish), "LeakyRelu": unary(F.leaky_relu),
    "Mish": unary(F.mish), "Softplus": unary(F.softplus), "Softsign": unary(F.softsign),
    "ThresholdedRelu": lambda c: F.threshold(c.x(), c.get("alpha", 1.0), 0.0),
    "Gelu": lambda c: F.gelu(c.x(), approximate=c.get("approximate", b"none").decode()),
    "FastGelu": bias_gelu, "BiasGelu": bias_gelu, "QuickGelu": quick_gelu, "Swish": unary(F.silu),
    "Clip": clip, "Where": where, "Cast": cast, "IsNaN": unary(torch.isnan), "Not": unary(torch.logical_not),
    "And": binary(lambda a, b: a & b), "Or": binary(lambda a, b: a | b), "Equal": binary(torch.eq),
    "Less": binary(torch.lt), "Greater": binary(torch.gt), "LessOrEqual": binary(torch.le),
    "GreaterOrEqual": binary(torch.ge),
    "MatMul": matmul, "FusedMatMul": matmul, "Gemm": gemm, "Gather": gather, "GatherND": gather_nd,
    "GatherElements": lambda c: torch.gather(c.x(), c.get("axis", 0), c.x(1)),
    "Concat": lambda c: torch.cat([c.x(i) for i in range(len(c.node.input))], c.get("axis")),
    "Reshape": reshape, "Flatten": flatten, "Unsqueeze": unsqueeze, "Squeeze": squeeze, "Slice": slices,
    "Split": split, "Expand": expand, "Range": range_, "ConstantOfShape": constant_of_shape,
    "Transpose": lambda c: c.x().permute(c.get("perm", list(reversed(range(c.x().dim()))))),
    "Softmax": lambda c: F.softmax(c.x(), c.get("axis", -1)),
    "LogSoftmax": lambda c: F.log_softmax(c.x(), c.get("axis", -1)),
    "ReduceMean": reduction(torch.mean), "ReduceSum": reduction(torch.sum), "ReduceMax": reduction(torch.amax),
    "ReduceMin": reduction(torch.amin),
    "ReduceL2": reduction(lambda x, d, k: torch.linalg.vector_norm(x, 2, d, k)),
    "ReduceL1": reduction(lambda x, d, k: torch.sum(torch.abs(x), d, k)),
    "ReduceLogSum": reduction(lambda x, d, k: torch.log(torch.sum(x, d, k))),
    "ReduceLogSumExp": reduction(torch.logsumexp),
    "ReduceSumSquare": reduction(lambda x, d, k: torch.sum(x * x, d, k)),
    "GlobalAveragePool": lambda c: torch.mean(c.x(), list(range(2, c.x().dim())), True),
    "GlobalMaxPool": lambda c: torch.amax(c.x(), list(range(2, c.x().dim())), True),
    "LayerNormalization": layer_norm, "SkipLayerNormalization": skip_layer_norm,
    "RMSNormalization": lambda c: F.rms_norm(c.x(), c.x().shape[-1:], c.x(1)),
    "SimplifiedLayerNormalization": lambda c: F.rms_norm(c.x(), c.x().shape[-1:], c.x(1)),
    "SkipSimplifiedLayerNormalization": skip_rms_norm,
    "BatchNormalization": batch_norm,
    "InstanceNormalization": lambda c: F.instance_norm(c.x(), weight=c.x(1), bias=c.x(2)),
    "GroupNormalization": lambda c: F.group_norm(c.x(), c.get("num_groups"), c.x(1), c.x(2)),
    "Conv": convolution, "ConvTranspose": transposed, "MaxPool": max_pool, "AveragePool": average_pool,
    "Resize": resize, "Upsample": resize, "Pad": pad, "Tile": tile, "Trilu": trilu, "CumSum": cumsum,
    "DepthToSpace": depth_to_space, "SpaceToDepth": space_to_depth,
    "Dropout": unary(lambda x: x),
    "Einsum": lambda c: torch.einsum(c.get("equation").decode(), *[c.x(i) for i in range(len(c.node.input))]),
}
