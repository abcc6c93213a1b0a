"""Holds the shapes that `plimsoll graph` infers against those that ONNX models really produce: make accuracy-onnx

    onnx-accuracy.py PLIMSOLL [MODELS]

Two tables. Each has a second line for onnx itself (`infer_shapes` with data propagation) under the same protocol.

The node tests. The package onnx 1.21.0 brings 1,678 small models, each with inputs and the outputs that belong to them.
What a model declares of its outputs' shapes and of what lies between is removed first; what is left has to come from
the operators' rules. Extents that an input leaves open are given. Then once with the values of inputs whose file has at
most 1,024 bytes, and once without. A test is

    exact     each tensor output has the shape that its file of expected values has
    unknown   at least one shape is not known, and no known one is false
    wrong     a shape is known, and it is not that of the file
    crashed   the program ends with anything but an answer or a clear refusal; onnx: an exception

A test whose outputs are sequences or optionals has no shape to compare, and is counted by itself unless it crashes.

The exported models. MODELS is a folder with `<model>/model.onnx` and `truth/<model>.json`, where the latter says what
onnxruntime produced when it ran the model: {"model", "settings": [{"inputs": {name: shape}, "values": {name: {"shape":
shape}}}]}. Every value of every setting is compared, with only the inputs' shapes given.

The exit code is 1 where a limit is missed: LIMITS below.
"""

import collections
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile

import onnx
from onnx import shape_inference

LARGEST_VALUE = 1024
WORKERS = 2
SECONDS = 120

# The least number of exact node tests, by whether values are given. None may be wrong or crash, and of the exported
# models' values every one has to be known and right.
LIMITS = {True: 1600, False: 1350}


# What the two programs answer -----------------------------------------------------------------------------------------


class Answer:
    """Shapes by name, with None for a dimension or shape that is not known; and why they are not."""

    def __init__(self, shapes, reasons=None, refusal=None, crash=None):
        self.shapes = shapes
        self.reasons = reasons or {}
        self.refusal = refusal
        self.crash = crash

    def known(self, name):
        """The shape as a list of numbers; None where any of it is not known."""
        shape = self.shapes.get(name)
        return shape if shape is not None and all(type(extent) is int for extent in shape) else None

    def reason(self, name):
        if name in self.reasons:
            return self.reasons[name]
        if name not in self.shapes:
            return self.refusal or "the answer lacks it"
        return f"depends on what is not given: {self.shapes[name]}"


def plimsoll(program, path, shapes, values):
    """`shapes` and `values`: extents, and a file with a serialised TensorProto, by input."""
    flags = [text for name, shape in shapes.items() for text in ("--shape", f"{name}={','.join(map(str, shape))}")]
    flags += [text for name, file in values.items() for text in ("--value", f"{name}={file}")]
    try:
        run = subprocess.run([program, "graph", path, *flags, "--format", "json"], capture_output=True, timeout=SECONDS)
        document = json.loads(run.stdout)
    except (subprocess.TimeoutExpired, ValueError) as error:
        return Answer({}, crash=f"no answer: {error}")
    if run.returncode not in (0, 65):
        return Answer({}, crash=f"exit {run.returncode}: {run.stderr.decode(errors='replace').strip()}")
    if "error" in document:
        return Answer({}, refusal=document["error"]["message"])
    return Answer(
        {tensor["name"]: tensor["shape"] for tensor in document["tensors"]},
        {entry["name"]: entry["reason"] for entry in document["unresolved"]},
    )


def reference(model, shapes, values):
    """onnx's own inference. Values are given as initializers, which is how it takes them."""
    for declaration in model.graph.input:
        if declaration.name in shapes:
            tensor_type = declaration.type.tensor_type
            tensor_type.ClearField("shape")
            for extent in shapes[declaration.name]:
                tensor_type.shape.dim.add().dim_value = extent
        if declaration.name in values:
            tensor = model.graph.initializer.add()
            with open(values[declaration.name], "rb") as file:
                tensor.ParseFromString(file.read())
            tensor.name = declaration.name
    try:
        graph = shape_inference.infer_shapes(model, data_prop=True).graph
    except Exception as error:  # The package names no narrower type that covers its errors.
        return Answer({}, crash=str(error))
    found = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    for declaration in [*graph.input, *graph.value_info, *graph.output]:
        if declaration.type.HasField("tensor_type") and declaration.type.tensor_type.HasField("shape"):
            extents = declaration.type.tensor_type.shape.dim
            found[declaration.name] = [each.dim_value if each.HasField("dim_value") else None for each in extents]
    return Answer(found)


# The node tests -------------------------------------------------------------------------------------------------------


class NodeTest:
    def __init__(self, folder):
        self.name = os.path.basename(folder)
        self.model = onnx.load(os.path.join(folder, "model.onnx"))
        graph = self.model.graph
        self.operator = max((node.op_type for node in graph.node), key=self.likeness)
        self.truth, self.shapes, self.values = {}, {}, {}
        for place, output in enumerate(graph.output):
            if output.type.HasField("tensor_type"):
                self.truth[output.name] = self.tensor(folder, f"output_{place}.pb")[0]
                output.type.tensor_type.ClearField("shape")
        del graph.value_info[:]
        for place, declaration in enumerate(graph.input):
            if not declaration.type.HasField("tensor_type"):
                continue
            shape, file = self.tensor(folder, f"input_{place}.pb")
            declared = declaration.type.tensor_type
            if not declared.HasField("shape") or not all(each.HasField("dim_value") for each in declared.shape.dim):
                self.shapes[declaration.name] = shape
            if os.path.getsize(file) <= LARGEST_VALUE:
                self.values[declaration.name] = file

    def likeness(self, operator):
        """Of several operators a test is about the one after which it is named."""
        return len(operator) if operator.lower() in self.name.replace("_", "") else 0

    @staticmethod
    def tensor(folder, name):
        path = os.path.join(folder, "test_data_set_0", name)
        tensor = onnx.TensorProto()
        with open(path, "rb") as file:
            tensor.ParseFromString(file.read())
        return list(tensor.dims), path

    def verdict(self, answer):
        known = {name: answer.known(name) for name in self.truth}
        if answer.crash:
            return "crashed"
        if any(shape is not None and shape != self.truth[name] for name, shape in known.items()):
            return "wrong"
        if not self.truth:
            return "no tensor"
        return "exact" if known == self.truth else "unknown"

    def cause(self, answer):
        """Why its first shape that is not known is not; without the name of the node where that began."""
        reasons = (answer.reason(name) for name, shape in self.truth.items() if answer.known(name) != shape)
        return answer.crash or next(reasons).split(": ", 1)[-1]


def node_tests(program, scratch):
    root = os.path.join(os.path.dirname(onnx.__file__), "backend", "test", "data", "node")
    tests = [NodeTest(os.path.join(root, name)) for name in sorted(os.listdir(root))]
    # A test of an operator written out as others is still a test of that operator.
    operators = {test.name: test.operator for test in tests}
    for test in tests:
        test.operator = operators.get(test.name.split("_expanded")[0], test.operator)
    for test in tests:
        onnx.save(test.model, os.path.join(scratch, test.name + ".onnx"))
    print(f"Node tests of onnx {onnx.__version__}: {len(tests):,}, without declared shapes of outputs and between\n")
    print(f"{'small input values':20}{'':10}", *(f"{verdict:>10}" for verdict in VERDICTS))
    left, failed = [], []
    for given in LIMITS:
        def ours(test):
            path = os.path.join(scratch, test.name + ".onnx")
            return plimsoll(program, path, test.shapes, test.values if given else {})

        def theirs(test):
            copy = onnx.ModelProto()
            copy.CopyFrom(test.model)
            return reference(copy, test.shapes, test.values if given else {})

        with concurrent.futures.ThreadPoolExecutor(WORKERS) as workers:
            answers = list(workers.map(ours, tests))
        count = print_verdicts("given" if given else "not given", "plimsoll", tests, answers)
        print_verdicts("", "onnx", tests, map(theirs, tests))
        left.append((given, [(test, answer) for test, answer in zip(tests, answers)]))
        if count["exact"] < LIMITS[given] or count["wrong"] or count["crashed"]:
            failed.append(
                f"node tests with values {'given' if given else 'not given'}: at least {LIMITS[given]:,} exact, "
                "0 wrong and 0 crashed are wanted")
    for given, pairs in left:
        print(f"\nNot exact, values {'given' if given else 'not given'}\n")
        print_causes(pairs)
    return failed


VERDICTS = ["exact", "unknown", "wrong", "crashed", "no tensor"]


def print_verdicts(setting, who, tests, answers):
    count = collections.Counter(test.verdict(answer) for test, answer in zip(tests, answers))
    print(f"{setting:20}{who:10}", *(f"{count[verdict]:>10,}" for verdict in VERDICTS), flush=True)
    return count


def print_causes(pairs):
    """A line per operator, verdict and cause, the most frequent operators first."""
    groups = collections.Counter()
    for test, answer in pairs:
        verdict = test.verdict(answer)
        if verdict not in ("exact", "no tensor"):
            groups[test.operator, verdict, test.cause(answer)] += 1
    tests = collections.Counter()
    for (operator, _, _), count in groups.items():
        tests[operator] += count
    width = max([len(operator) for operator in tests], default=0)
    for (operator, verdict, cause), count in sorted(groups.items(), key=lambda entry: (-tests[entry[0][0]], entry)):
        print(f"{count:4}  {operator:{width}}  {verdict:8} {cause[:100]}")


# The exported models --------------------------------------------------------------------------------------------------


def exported_models(program, folder):
    truths = sorted(name for name in os.listdir(os.path.join(folder, "truth")) if name.endswith(".json"))
    cases = []
    for name in truths:
        with open(os.path.join(folder, "truth", name)) as file:
            truth = json.load(file)
        path = os.path.join(folder, truth["model"], "model.onnx")
        cases += [(truth["model"], path, each) for each in truth["settings"] if each["values"] and not each.get("error")]

    def both(case):
        _, path, setting = case
        model = onnx.load(path, load_external_data=False)
        return plimsoll(program, path, setting["inputs"], {}), reference(model, setting["inputs"], {})

    with concurrent.futures.ThreadPoolExecutor(WORKERS) as workers:
        answers = list(workers.map(both, cases))
    width = max(len(model) for model, _, _ in cases)
    print("\nExported models, as onnxruntime ran them, each with two shapes of its inputs\n")
    print(f"{'':{width}} {'':>9}   {'plimsoll':^23}   {'onnx':^23}")
    print(f"{'':{width}} {'values':>9}", *[f"  {'known':>7} {'':>7} {'wrong':>6}"] * 2)
    rows = collections.OrderedDict()
    for (model, _, setting), pair in zip(cases, answers):
        row = rows.setdefault(model, [0] * 5)
        row[0] += len(setting["values"])
        for column, answer in zip((1, 3), pair):
            for name, truth in setting["values"].items():
                known = answer.known(name)
                row[column] += known is not None
                row[column + 1] += known is not None and known != truth["shape"]
    total = [sum(column) for column in zip(*rows.values())]
    for model, row in [*rows.items(), ("all", total)]:
        print(f"{model:{width}} {row[0]:>9,}", end="")
        for known, wrong in (row[1:3], row[3:5]):
            print(f"   {known:>7,} {100 * known / row[0]:6.2f}% {wrong:>6,}", end="")
        print()
    return [] if total[1] == total[0] and not total[2] else ["exported models: every value known and none wrong is wanted"]


def main():
    if not 2 <= len(sys.argv) <= 3:
        sys.exit("usage: onnx-accuracy.py PLIMSOLL [MODELS]")
    with tempfile.TemporaryDirectory() as scratch:
        failed = node_tests(sys.argv[1], scratch)
    if len(sys.argv) == 3:
        failed += exported_models(sys.argv[1], sys.argv[2])
    for line in failed:
        print(f"missed: {line}", file=sys.stderr)
    sys.exit(1 if failed else 0)


main()
