"""Writes onnxruntime-operators.jsonl: what operators give that no official test has, by running them.

Each case is a model of one node with small inputs, run by onnxruntime 1.23.2 (MIT) on the CPU; a case that it refuses
is named on standard error and left out. The keys of a line are those of onnx-operators.jsonl. Nothing of ours runs this.

    python -m venv venv && venv/bin/pip install onnx==1.21.0 onnxruntime==1.23.2
    venv/bin/python Tests/Truth/onnxruntime-operators.py > Tests/Truth/onnxruntime-operators.jsonl
"""

import json
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

NAMES = {
    "float32": "F32", "float64": "F64", "float16": "F16", "int8": "I8", "uint8": "U8", "int16": "I16", "uint16": "U16",
    "int32": "I32", "int64": "I64", "uint32": "U32", "uint64": "U64", "bool": "BOOL", "object": "STRING",
}
MS, ML = "com.microsoft", "ai.onnx.ml"
SETS = {"": 21, MS: 1, ML: 3}


def f(*dims):
    """Numbers between zero and one that look unlike."""
    return (np.arange(int(np.prod(dims)), dtype=np.float32) * 37 % 101 / 101).reshape(dims)


def i(values, kind=np.int64):
    return np.array(values, dtype=kind)


def u8(*dims):
    return (np.arange(int(np.prod(dims))) * 37 % 101).astype(np.uint8).reshape(dims)


def i8(*dims):
    return u8(*dims).astype(np.int8)


def texts(*values):
    return np.array(values, dtype=object)


S, Z = np.float32(0.5), np.uint8(3)


def cases():
    """(operator, domain, attributes, inputs, number of outputs)"""
    yield from attention()
    yield from normalization()
    yield from matrices()
    yield from quantized()
    yield from windows()
    yield from others()
    yield from estimators()


def attention():
    x, w, b = f(2, 3, 8), f(8, 24), f(24)
    yield "Attention", MS, dict(num_heads=2), [x, w, b], 1
    yield "Attention", MS, dict(num_heads=2), [x, w, b], 2
    yield "Attention", MS, dict(num_heads=2, unidirectional=1), [x, w, b, None, f(2, 2, 2, 5, 4)], 2
    yield "Attention", MS, dict(num_heads=2, qkv_hidden_sizes=[8, 8, 12]), [x, f(8, 28), f(28)], 1
    yield "QAttention", MS, dict(num_heads=2), [u8(2, 3, 8), u8(8, 24), b, S, S, None, Z, Z], 1
    yield "QAttention", MS, dict(num_heads=2), [u8(2, 3, 8), u8(8, 24), b, S, S, None, Z, Z, f(2, 2, 2, 5, 4)], 2
    q, k, v = f(2, 3, 8), f(2, 5, 8), f(2, 5, 12)
    yield "MultiHeadAttention", MS, dict(num_heads=2), [q, k, v], 1
    yield "MultiHeadAttention", MS, dict(num_heads=2), [q, k, v], 3
    yield "MultiHeadAttention", MS, dict(num_heads=2), [q, k, k], 4
    yield "MultiHeadAttention", MS, dict(num_heads=2), [q, f(2, 2, 5, 4), f(2, 2, 5, 4)], 1
    yield "MultiHeadAttention", MS, dict(num_heads=2), [q, q, q, None, None, None, f(2, 2, 4, 4), f(2, 2, 4, 4)], 3
    yield "MultiHeadAttention", MS, dict(num_heads=2), [q, q, q, None, None, None, f(2, 2, 4, 4), f(2, 2, 4, 4)], 4
    one, cache = f(2, 1, 8), f(2, 2, 6, 4)
    masked = [one, one, one, None, None, cache, cache, i([3], np.int32)]
    yield "DecoderMaskedMultiHeadAttention", MS, dict(num_heads=2, past_present_share_buffer=1), masked, 3
    group = dict(num_heads=2, kv_num_heads=1)
    for past, total in ((None, 3), (f(1, 1, 2, 8), 5), (f(1, 1, 9, 8), 5)):
        length = [i([total - 1], np.int32), i(total, np.int32)]
        yield "GroupQueryAttention", MS, group, [f(1, 3, 16), f(1, 3, 8), f(1, 3, 8), past, past, *length], 3
    last, total = i([4, 4], np.int32), i(5, np.int32)
    yield "GroupQueryAttention", MS, group, [f(2, 5, 32), None, None, None, None, last, total], 3
    places, table = i([[0, 1, 2], [0, 1, 2]]), f(9, 2)
    yield "RotaryEmbedding", MS, {}, [f(2, 2, 3, 4), places, table, table], 1
    yield "RotaryEmbedding", MS, {}, [f(2, 3, 8), places, f(9, 4), f(9, 4)], 1


def normalization():
    x = f(2, 3, 8)
    yield "SkipLayerNormalization", MS, {}, [x, x, f(8), f(8), f(8)], 1
    yield "SkipLayerNormalization", MS, {}, [x, f(3, 8), f(8), f(8)], 1
    yield "SkipLayerNormalization", MS, {}, [x, x, f(8), f(8), f(8)], (0, 3)
    yield "SkipSimplifiedLayerNormalization", MS, {}, [x, x, f(8)], (0, 3)
    yield "SimplifiedLayerNormalization", "", {}, [x, f(8)], 1
    yield "SimplifiedLayerNormalization", "", dict(axis=1), [x, f(3, 8)], 2
    ids, words = i([[1, 2, 3], [3, 2, 1]], np.int32), f(9, 8)
    embed = [ids, ids * 0, words, f(4, 8), f(2, 8), f(8), f(8)]
    yield "EmbedLayerNormalization", MS, {}, embed, 2
    yield "EmbedLayerNormalization", MS, {}, embed, 3
    yield "EmbedLayerNormalization", MS, dict(mask_index_type=1), [*embed, ids * 0 + 1], 2
    yield "EmbedLayerNormalization", MS, {}, [ids, None, words, f(4, 8), None, f(8), f(8)], 2
    quantized = [ids, ids * 0, u8(9, 8), u8(4, 8), u8(2, 8), u8(8), u8(8), None] + [S] * 5 + [Z] * 5
    yield "QEmbedLayerNormalization", MS, {}, quantized, 2
    for op in ("Gelu", "FastGelu", "QuickGelu"):
        yield op, MS, {}, [x], 1
    yield "BiasGelu", MS, {}, [x, f(8)], 1
    yield "FastGelu", MS, {}, [x, f(8)], 1
    experts = [f(6, 8), f(6, 4), f(4, 16, 8), f(4, 16), f(4, 8, 16), f(4, 8)]
    yield "MoE", MS, dict(k=2), experts, 1
    lstm = [f(3, 2, 4), i8(1, 4, 20), i8(1, 5, 20), f(1, 40), None, None, None, None]
    yield "DynamicQuantizeLSTM", MS, dict(hidden_size=5), [*lstm, f(1), i8(1), f(1), i8(1)], 3


def matrices():
    yield "FusedMatMul", MS, dict(transA=1), [f(4, 3), f(4, 5)], 1
    yield "FusedMatMul", MS, dict(transB=1), [f(2, 3, 4), f(2, 5, 4)], 1
    yield "FusedMatMul", MS, {}, [f(7, 1, 3, 4), f(2, 4, 5)], 1
    yield "FusedMatMul", MS, dict(transBatchA=1, transBatchB=1), [f(3, 2, 4), f(4, 2, 5)], 1
    yield "FusedMatMul", MS, dict(transBatchA=1, transA=1, transB=1), [f(4, 2, 3), f(2, 5, 4)], 1
    yield "FusedMatMul", MS, {}, [f(4), f(4, 5)], 1
    yield "FusedMatMul", MS, {}, [f(3, 4), f(4)], 1
    yield "TransposeMatMul", MS, dict(transA=1), [f(2, 4, 3), f(2, 4, 5)], 1
    yield "FusedGemm", MS, dict(activation="Relu", transA=1, transB=1), [f(4, 3), f(5, 4), f(5)], 1
    yield "MatMulNBits", MS, dict(K=32, N=6, bits=4, block_size=16), [f(2, 3, 32), u8(6, 2, 8), f(12)], 1
    yield "MatMulBnb4", MS, dict(K=32, N=6, block_size=16, quant_type=1), [f(3, 32), u8(96), f(12)], 1
    yield "MatMulBnb4", MS, dict(K=32, N=6, block_size=16, quant_type=1, transB=0), [f(3, 6), u8(96), f(12)], 1
    yield "MatMulInteger16", MS, {}, [i([[1, 2], [3, 4]], np.int16), i([[1, 2, 3], [3, 4, 5]], np.int16)], 1
    yield "MatMulIntegerToFloat", MS, {}, [u8(2, 3, 4), u8(4, 5), S, S], 1
    yield "DynamicQuantizeMatMul", MS, {}, [f(2, 3, 4), u8(4, 5), S], 1
    yield "QGemm", MS, {}, [u8(3, 4), S, Z, u8(4, 5), S, Z], 1
    yield "QGemm", MS, dict(transB=1), [u8(3, 4), S, Z, u8(5, 4), S, Z, None, S, Z], 1


def quantized():
    yield "QLinearAdd", MS, {}, [u8(2, 1, 4), S, Z, u8(3, 4), S, Z, S, Z], 1
    yield "QLinearMul", MS, {}, [u8(2, 1, 4), S, Z, u8(3, 4), S, Z, S, Z], 1
    for op in ("QLinearSigmoid", "QLinearLeakyRelu"):
        yield op, MS, {}, [u8(2, 3), S, Z, S, Z], 1
    yield "QLinearSoftmax", MS, dict(opset=13), [u8(2, 3), S, Z, S, Z], 1
    yield "QLinearConcat", MS, dict(axis=1), [S, Z, u8(2, 3), S, Z, u8(2, 5), S, Z], 1
    yield "QLinearConcat", MS, dict(axis=-1), [S, Z, u8(2, 3), S, Z], 1
    yield "QLinearWhere", MS, {}, [np.array([[True], [False]]), u8(2, 3), S, Z, u8(3), S, Z, S, Z], 1
    yield "QuantizeLinear", MS, {}, [f(2, 3), S, Z], 1
    yield "QuantizeLinear", MS, {}, [f(2, 3), S], 1
    yield "DequantizeLinear", MS, {}, [u8(2, 3), S, Z], 1
    four = dict(gather_axis=0, quantize_axis=1, block_size=16, bits=4)
    yield "GatherBlockQuantized", MS, four, [u8(5, 16), i([[1, 2], [0, 4]]), f(5, 2)], 1
    yield "GatherBlockQuantized", MS, four | dict(bits=8), [u8(5, 32), i([[1, 2], [0, 4]]), f(5, 2)], 1


def windows():
    for channels_last, x in ((0, u8(1, 3, 7, 8)), (1, u8(1, 7, 8, 3))):
        last = dict(channels_last=channels_last)
        yield "QLinearGlobalAveragePool", MS, last, [x, S, Z, S, Z], 1
        pool = dict(kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 0])
        yield "QLinearAveragePool", MS, last | pool, [x, S, Z, S, Z], 1
        yield "QLinearAveragePool", MS, last | pool | dict(ceil_mode=1), [x, S, Z, S, Z], 1
        yield "QLinearAveragePool", MS, last | dict(kernel_shape=[3, 2], auto_pad="SAME_UPPER"), [x, S, Z, S, Z], 1
        w = u8(4, 3, 3, 2)
        yield "QLinearConv", MS, last, [x, S, Z, w, S, Z, S, Z], 1
        yield "QLinearConv", MS, last | dict(strides=[2, 3], dilations=[2, 1]), [x, S, Z, w, S, Z, S, Z], 1
    yield "NhwcMaxPool", MS, dict(kernel_shape=[3, 2], ceil_mode=1, strides=[2, 2]), [u8(1, 7, 8, 3)], 1
    yield "NhwcMaxPool", MS, dict(kernel_shape=[2, 2], ceil_mode=1, strides=[3, 3]), [u8(1, 7, 7, 3)], 1
    yield "NhwcMaxPool", MS, dict(kernel_shape=[1, 1], ceil_mode=1, strides=[3, 3], pads=[0, 0, 0, 0]), [u8(1, 8, 9, 3)], 1
    yield "FusedConv", MS, dict(activation="Relu", pads=[1, 1, 1, 1]), [f(1, 4, 7, 8), f(6, 4, 3, 3), f(6)], 1
    yield "FusedConv", MS, dict(activation="Relu", group=2), [f(1, 4, 7, 8), f(6, 2, 3, 3)], 1
    yield "MaxpoolWithMask", MS, dict(kernel_shape=[2, 2]), [f(1, 3, 7, 8), np.ones((1, 3, 7, 8), np.int32)], 1
    pads = i([1, 0, 0, 1])
    yield "ConvTransposeWithDynamicPads", MS, dict(strides=[2, 2]), [f(1, 4, 5, 6), f(4, 3, 3, 3), pads], 1
    yield "ConvTransposeWithDynamicPads", MS, dict(output_padding=[1, 0], strides=[2, 3]), [f(1, 4, 5, 6), f(4, 3, 3, 2), pads], 1


def others():
    for axis in (0, 1, 2, -1, -2):
        yield "ExpandDims", MS, {}, [f(2, 3), i(axis, np.int32)], 1
    yield "Trilu", MS, {}, [f(3, 4)], 1
    yield "Inverse", MS, {}, [np.eye(3, dtype=np.float32)], 1
    yield "CDist", MS, {}, [f(2, 3), f(4, 3)], 1
    yield "Unique", MS, {}, [np.array([3, 1, 3, 2, 1], np.float32)], 3
    yield "Pad", MS, {}, [f(2, 3), i([1, 0, 0, 2]), np.float32(0)], 1
    yield "Pad", MS, {}, [f(2, 3), i([-1, 0, 0, 2])], 1
    yield "GridSample", MS, {}, [f(1, 2, 3, 4), f(1, 5, 6, 2)], 1
    yield "CropAndResize", MS, {}, [f(2, 3, 8, 8), f(4, 4), i([0, 1, 1, 0], np.int32), i([5, 6], np.int32)], 1
    yield "MurmurHash3", MS, {}, [i([1, 2, 3], np.int32)], 1
    yield "MurmurHash3", MS, dict(positive=0), [texts("a", "bc")], 1
    for bounds in ((0, 7, 2), (7, 0, -2), (0, -3, 1)):
        yield "Range", MS, {}, [i(bound) for bound in bounds], 1
    yield "Range", MS, {}, [np.float32(0), np.float32(1), np.float32(0.3)], 1
    yield "Range", MS, {}, [i(2), i(6)], 1
    yield "NGramRepeatBlock", MS, dict(ngram_size=2), [i([[1, 2, 1]]), f(1, 5)], 1
    split = dict(mark=1, pad_value="#", mincharnum=1, separators=[" "])
    yield "Tokenizer", MS, split, [texts("a b c", "d")], 1
    yield "Tokenizer", MS, split, [texts("a b", "d e").reshape(1, 2)], 1
    yield "GatherND", MS, {}, [f(2, 3, 4), i([[0, 1], [1, 2]])], 1
    for step in (1, 2):
        yield "UnfoldTensor", MS, dict(dim=1, size=3, step=step), [f(2, 8, 4)], 1
    yield "DynamicTimeWarping", MS, {}, [f(1, 4, 6)], 1
    for words in (u8(3, 6), u8(2, 3, 6)):
        embed = [words.astype(np.int32), f(4, 1, 2, 5), f(4), f(256, 5)]
        yield "WordConvEmbedding", MS, dict(char_embedding_size=5, conv_window_size=2, embedding_size=4), embed, 1
    yield "SampleOp", MS, {}, [f(2, 3)], 1
    yield "BifurcationDetector", MS, {}, [i([1, 2, 3]), i([1, 2]), i(0)], 2


def estimators():
    x = f(3, 4)
    for rows in (x, x[0]):
        yield "Binarizer", ML, {}, [rows], 1
        yield "Normalizer", ML, dict(norm="L2"), [rows], 1
        yield "Scaler", ML, dict(scale=[1.0], offset=[0.0]), [rows], 1
        yield "LinearRegressor", ML, dict(coefficients=[1.0] * 8, intercepts=[0.0] * 2, targets=2), [rows], 1
        three = dict(coefficients=[1.0] * 12, intercepts=[0.0] * 3)
        yield "LinearClassifier", ML, three | dict(classlabels_ints=[0, 1, 2]), [rows], 2
        yield "LinearClassifier", ML, three | dict(classlabels_strings=["a", "b", "c"]), [rows], 2
        one = dict(coefficients=[1.0] * 4, intercepts=[0.0])
        yield "LinearClassifier", ML, one | dict(classlabels_ints=[0, 1]), [rows], 2
        yield "LinearClassifier", ML, one | dict(classlabels_ints=[1]), [rows], 2
        two = dict(coefficients=[1.0] * 8, intercepts=[0.0] * 2)
        yield "LinearClassifier", ML, two | dict(classlabels_ints=[0, 1]), [rows], 2
        svm = dict(kernel_type="LINEAR", kernel_params=[0.1, 0.0, 3.0], n_supports=2)
        yield "SVMRegressor", ML, svm | dict(coefficients=[1.0] * 2, support_vectors=[1.0] * 8, rho=[0.5]), [rows], 1
        for labels, pairs in ((2, 1), (3, 3), (4, 6)):
            svc = dict(kernel_type="LINEAR", kernel_params=[0.1, 0.0, 3.0], rho=[0.5] * pairs)
            svc |= dict(vectors_per_class=[1] * labels, support_vectors=[1.0, 2.0, 3.0, 4.0] * labels)
            svc |= dict(coefficients=[1.0] * labels * (labels - 1), classlabels_ints=list(range(labels)))
            yield "SVMClassifier", ML, svc, [rows], 2
            yield "SVMClassifier", ML, svc | dict(prob_a=[1.0] * pairs, prob_b=[1.0] * pairs), [rows], 2
            line = dict(kernel_type="LINEAR", kernel_params=[0.1, 0.0, 3.0], rho=[0.5], coefficients=[1.0] * 4 * labels)
            yield "SVMClassifier", ML, line | dict(classlabels_ints=list(range(labels))), [rows], 2
        yield "ArrayFeatureExtractor", ML, {}, [rows, i([[0, 2]])], 1
        yield "FeatureVectorizer", ML, dict(inputdimensions=[4, 4]), [rows, rows], 1
        yield "OneHotEncoder", ML, dict(cats_int64s=[1, 2, 3]), [i([1, 2])], 1
        yield "Imputer", ML, dict(imputed_value_floats=[1.0]), [rows], 1
    tree = dict(nodes_treeids=[0, 0, 0], nodes_nodeids=[0, 1, 2], nodes_featureids=[0, 0, 0])
    tree |= dict(nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"], nodes_values=[0.5, 0.0, 0.0])
    tree |= dict(nodes_truenodeids=[1, 0, 0], nodes_falsenodeids=[2, 0, 0])
    leaves = dict(target_treeids=[0, 0], target_nodeids=[1, 2], target_ids=[0, 1], target_weights=[1.0, 2.0])
    yield "TreeEnsembleRegressor", ML, tree | leaves | dict(n_targets=2), [x], 1
    leaves = dict(class_treeids=[0, 0], class_nodeids=[1, 2], class_ids=[0, 1], class_weights=[1.0, 2.0])
    for labels in (["a", "b"], ["a", "b", "c"]):
        yield "TreeEnsembleClassifier", ML, tree | leaves | dict(classlabels_strings=labels), [x], 2
    ones = leaves | dict(class_ids=[0, 0])
    yield "TreeEnsembleClassifier", ML, tree | ones | dict(classlabels_int64s=[0, 1]), [x], 2
    yield "TreeEnsembleClassifier", ML, tree | ones | dict(classlabels_int64s=[1]), [x], 2
    yield "OneHotEncoder", ML, dict(cats_strings=["a", "b"]), [texts("a", "c").reshape(1, 2)], 1
    yield "ArrayFeatureExtractor", ML, {}, [f(2, 3, 4), i([1])], 1
    yield "CategoryMapper", ML, dict(cats_strings=["a", "b"], cats_int64s=[1, 2]), [texts("a", "c")], 1
    yield "CategoryMapper", ML, dict(cats_strings=["a", "b"], cats_int64s=[1, 2]), [i([1, 5])], 1
    keys = dict(keys_strings=["a", "b"])
    yield "LabelEncoder", ML, keys | dict(values_int64s=[1, 2]), [texts("a", "c")], 1
    yield "LabelEncoder", ML, keys | dict(values_floats=[1.0, 2.0]), [texts("a", "c")], 1
    yield "LabelEncoder", ML, dict(keys_int64s=[1, 2], values_strings=["a", "b"]), [i([[1, 5]])], 1


def typed(value):
    """An attribute as a line has it."""
    if isinstance(value, list):
        return [{int: "is", float: "fs", str: "ss"}[type(value[0])], value]
    return [{int: "i", float: "f", str: "s"}[type(value)], value]


def described(array, with_elements):
    array = np.asarray(array)
    fact = [NAMES[array.dtype.name if array.dtype.kind not in "OU" else "object"], list(array.shape)]
    keeps = with_elements and array.size <= 64 and (array.dtype.kind != "f" or array.size <= 8)
    elements = array.astype(int) if array.dtype.kind == "b" else array
    return fact + [elements.flatten().tolist()] if keeps else fact


def run(op, domain, attributes, inputs, outputs):
    kept = set(range(outputs)) if isinstance(outputs, int) else set(outputs)
    results = [f"y{place}" if place in kept else "" for place in range(max(kept) + 1)]
    feeds = {f"x{place}": np.asarray(array) for place, array in enumerate(inputs) if array is not None}
    names = [f"x{place}" if array is not None else "" for place, array in enumerate(inputs)]
    node = helper.make_node(op, names, results, domain=domain, **attributes)
    declared = [
        helper.make_tensor_value_info(
            name,
            TensorProto.STRING if array.dtype.kind == "O" else helper.np_dtype_to_tensor_dtype(array.dtype),
            array.shape,
        )
        for name, array in feeds.items()
    ]
    shapeless = [onnx.ValueInfoProto(name=name) for name in results if name]
    if op == "MultiHeadAttention" and outputs == 4:
        # Its scores may be of two types.
        shapeless[3] = helper.make_tensor_value_info("y3", TensorProto.FLOAT, None)
    graph = helper.make_graph([node], op, declared, shapeless)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid(*entry) for entry in SETS.items()], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    arrays = dict(zip([name for name in results if name], session.run(None, feeds)))
    return [described(arrays[name], arrays[name].dtype.kind != "f") if name else None for name in results]


def main():
    assert onnxruntime.__version__ == "1.23.2", onnxruntime.__version__
    onnxruntime.set_default_logger_severity(4)
    counts = {}
    for op, domain, attributes, inputs, outputs in cases():
        counts[op] = counts.get(op, 0) + 1
        try:
            results = run(op, domain, attributes, inputs, outputs)
        except Exception as error:
            print(f"{op} {counts[op]}: {str(error)[:300]}", file=sys.stderr)
            continue
        fact = {
            "test": f"{op} {counts[op]}",
            "domain": domain,
            "op": op,
            "sets": SETS,
            "attributes": {name: typed(value) for name, value in attributes.items()},
            "inputs": [None if array is None else described(array, True) for array in inputs],
            "outputs": results,
        }
        print(json.dumps(fact, separators=(",", ":")), flush=True)


main()
