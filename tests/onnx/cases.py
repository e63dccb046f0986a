"""The fixtures, and the comparison that every test of them makes."""

from __future__ import annotations

import functools
import io
import itertools
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from attrs import evolve, frozen

from pydl4j_spark.description import parse_configuration
from pydl4j_spark.errors import ExportError
from pydl4j_spark.model_zip import ModelZip, read_model_zip
from pydl4j_spark.onnx.build import build
from pydl4j_spark.onnx.built import Built
from pydl4j_spark.onnx.converter import Registry
from pydl4j_spark.onnx.ends import Ends
from pydl4j_spark.onnx.inputs import find_inputs
from pydl4j_spark.onnx.registry import default_registry
from pydl4j_spark.onnx.verify import Verification, compare, run_onnx, verify_onnx

FIXTURES = Path(__file__).parent / "fixtures"
# Where a mask that masks nothing changes what DL4J computes: the mean over an image divides by the numbers in the mask,
# of which there is one; the last step of double precision is taken out in single precision; and of stacked sequences
# the shorter one is filled up, which without a mask counts as steps.
NOT_AS_WITHOUT = ("mask_images_global_AVG", "mask_last_lstm_DOUBLE", "mask_graph_stack_lengths")
NAMES = sorted(path.stem for path in FIXTURES.glob("*.zip"))
# Those of every layer and vertex, in another data type or by another version.
EVERYTHING = ("double_", "half_", "m2_")
# DL4J has further names for some classes, which it reads, but never writes; and networks to write them into.
ALIASES = {
    ("Convolution1DLayer", "Convolution1D"): ("conv1d_DOUBLE", "conv1d_HALF", "conv1d_even_Same_NWC"),
    ("ConvolutionLayer", "Convolution2D"): ("conv_DOUBLE", "conv_HALF", "bn_cnn_NCHW"),
    ("Subsampling1DLayer", "Pooling1D"): ("conv1d_DOUBLE", "conv1d_HALF", "pool1d_AVG_Same_NWC"),
    ("SubsamplingLayer", "Pooling2D"): ("conv_DOUBLE", "conv_HALF", "pool_AVG_Same_NHWC"),
}


Arrays = list[np.ndarray]
Step = tuple[Arrays, Arrays]


@frozen(eq=False)
class Case:
    """One fixture; the README of this folder tells what its files are."""

    name: str
    raw: bytes
    meta: dict[str, Any]
    inputs: Arrays
    outputs: Arrays
    normalized_inputs: Arrays
    reverted: Arrays | None
    masks: list[np.ndarray | None] | None
    unmasked: Arrays
    alone: Arrays | None
    steps: list[Step]
    layout: list[list[dict[str, Any]]]
    vertices: list[str] | None

    @property
    def model(self) -> ModelZip:
        return read_model_zip(self.raw)

    @property
    def x(self) -> np.ndarray:
        return self.inputs[0]

    @property
    def normalized(self) -> np.ndarray:
        return self.normalized_inputs[0]

    @property
    def y(self) -> np.ndarray:
        """The output for the input alone, without a mask."""
        return self.unmasked[0]

    @property
    def is_sequence(self) -> list[bool]:
        """Which inputs can have a mask."""
        masks = self.masks or [None] * len(self.inputs)
        return [x.ndim == 3 or mask is not None for x, mask in zip(self.inputs, masks, strict=True)]

    @property
    def shapes(self) -> dict[str, tuple[int | None, ...]]:
        """The shapes of a row of each input, None where the steps have other extents."""
        taken = zip(self.inputs, *(inputs for inputs, _ in self.steps), strict=True)
        return {name: _common(*arrays) for name, arrays in zip(self.meta["inputs"], taken, strict=True)}

    @property
    def input_shapes(self) -> dict[str, tuple[int, ...]] | None:
        """What the file cannot tell: the size of images, and what a batch normalization in front takes."""
        try:
            find_inputs(parse_configuration(self.model.configuration), None)
        except ExportError:
            return self.shapes
        return None

    @property
    def whole_batch_only(self) -> bool:
        """Whether the writer left out the first row alone; early fixtures never have it."""
        return self.alone is None and not self.meta.get("early")

    def first(self, rows: np.ndarray) -> np.ndarray:
        """The part of an output that belongs to the first row of the input."""
        n = len(self.x)
        if len(rows) == n:
            return rows[:1]
        return rows.reshape(-1, n, *rows.shape[1:])[:, 0]


@functools.cache
def load(name: str) -> Case:
    with zipfile.ZipFile(FIXTURES / f"{name}.zip") as archive:
        entries = {each: archive.read(each) for each in archive.namelist()}
    meta = json.loads(
        entries.get("meta.json", b'{"dl4j": "1.0.0-M2.1", "early": true, "inputs": ["input"], "outputs": ["output"]}')
    )

    def arrays(entry: str, names: list[str]) -> list[Any] | None:
        files = [f"{entry}.npy"] if len(names) == 1 else [f"{entry}_{i}.npy" for i in range(len(names))]
        found = [np.load(io.BytesIO(entries[file])) if file in entries else None for file in files]
        return found if any(each is not None for each in found) else None

    def of_inputs(entry: str) -> list[Any] | None:
        return arrays(entry, meta["inputs"])

    def of_outputs(entry: str) -> list[Any] | None:
        return arrays(entry, meta["outputs"])

    inputs, outputs = of_inputs("in"), of_outputs("out")
    steps = ((of_inputs(f"step_{i}_in"), of_outputs(f"step_{i}_out")) for i in itertools.count())
    layout = json.loads(entries["layout.json"])
    graph = all(isinstance(part, dict) for part in layout)
    return Case(
        name=name,
        raw=entries["model.zip"],
        meta=meta,
        inputs=inputs or [],
        outputs=outputs or [],
        normalized_inputs=of_inputs("norm") or inputs or [],
        reverted=of_outputs("reverted"),
        masks=of_inputs("mask"),
        unmasked=of_outputs("unmasked") or outputs or [],
        alone=of_outputs("one"),
        steps=[(x, y) for x, y in itertools.takewhile(lambda step: step[0], steps) if x and y],
        layout=[part["params"] for part in layout] if graph else layout,
        vertices=[part["vertex"] for part in layout] if graph else None,
    )


def changed(name: str, change: Callable[[dict[str, Any]], object]) -> ModelZip:
    """The model of a fixture with its configuration changed in place."""
    model = load(name).model
    configuration = json.loads(model.configuration_text)
    change(configuration)
    return evolve(model, configuration=configuration)


def with_settings(name: str, **settings: Any) -> ModelZip:
    """The model of a fixture with other settings of its first layer."""
    return changed(name, lambda configuration: configuration["confs"][0]["layer"].update(settings))


def renamed(name: str, old: str, new: str) -> ModelZip:
    """The model of a fixture with another class in place of one."""
    model = load(name).model
    text = model.configuration_text.replace(f'"{old}"', f'"{new}"')
    assert text != model.configuration_text
    return evolve(model, configuration_text=text, configuration=json.loads(text))


def under_another_name(name: str) -> Iterator[ModelZip]:
    """The model of a fixture with each of DL4J's other names for a class in it."""
    layers = "org.deeplearning4j.nn.conf.layers."
    for (old, new), cases in ALIASES.items():
        if name in cases:
            yield renamed(name, layers + old, layers + new)


def as_onnx(case: Case, off_by: float = 0) -> Callable[[np.ndarray], np.ndarray]:
    """An engine for any rows: what the fixture, already shown to be right, computes."""
    content = built(case).to_bytes()
    return lambda x: run_onnx(content, x)[0] + np.float32(off_by).astype(case.model.params.dtype)


def props(path: Path) -> dict[str, str]:
    """What a file says of itself."""
    return {entry.key: entry.value for entry in onnx.load(path).metadata_props}


def built(
    case: Case,
    opset: int | None = None,
    registry: Registry | None = None,
    model: ModelZip | None = None,
    **options: Any,
) -> Built:
    source, converters = model or case.model, registry or default_registry()
    try:
        found = build(source, None, opset, converters, Ends(), **options)
        if all(len(entry.shape) == x.ndim for entry, x in zip(found.inputs, case.inputs, strict=True)):
            return found
    except ExportError as error:
        if "input_shapes" not in str(error):
            raise
    # What the file cannot tell, such as the size of images, or tells of indices, that can come as channels.
    return build(source, case.shapes, opset, converters, Ends(), **options)


def assert_parity(
    case: Case, opset: int | None = None, registry: Registry | None = None, model: ModelZip | None = None
) -> float:
    """Compare everything that the fixture holds with DL4J; return the largest difference."""
    model = model or case.model

    def content(**options: Any) -> bytes:
        return built(case, opset, registry, model, **options).to_bytes()

    x = [rows.astype(model.params.dtype) for rows in case.normalized_inputs]
    plain = content()
    found = [verify_onnx(plain, x, case.unmasked)]
    if not case.whole_batch_only:
        alone = case.alone if case.alone and not case.masks else [case.first(y) for y in case.unmasked]
        found.append(verify_onnx(plain, [rows[:1] for rows in x], alone))
    if case.masks:
        masked = content(masks=True)
        full = [np.ones((len(rows), _steps(case, rows)), rows.dtype) for rows in x]
        masks = [one if mask is None else mask.astype(one.dtype) for mask, one in zip(case.masks, full, strict=True)]
        for given, expected in ((full, case.unmasked), (masks, case.outputs)):
            if given is full and case.name in NOT_AS_WITHOUT:
                continue
            also = [mask for mask, wanted in zip(given, case.is_sequence, strict=True) if wanted]
            found.append(verify_onnx(masked, [*x, *also], expected))
        if case.alone:
            one = [mask[:1] for mask, wanted in zip(masks, case.is_sequence, strict=True) if wanted]
            found.append(verify_onnx(masked, [*(rows[:1] for rows in x), *one], case.alone))
    if case.steps:
        found += _step_by_step(content(stateful=True), case, model.params.dtype)
    return max(one.max_abs_error for one in found)


def _common(like: np.ndarray, *others: np.ndarray) -> tuple[int | None, ...]:
    same = [one.shape for one in others if one.ndim == like.ndim]
    return tuple(d if all(shape[i] == d for shape in same) else None for i, d in enumerate(like.shape) if i)


def _steps(case: Case, rows: np.ndarray) -> int:
    """The number of time steps, as the fixture's masks have it."""
    known = [mask.shape[1] for mask in case.masks or [] if mask is not None]
    return next((n for n in known if n in rows.shape[1:]), 1)


def _step_by_step(content: bytes, case: Case, dtype: Any) -> list[Verification]:
    """Feed the states back, from zero, as rnnTimeStep keeps them."""
    ends = onnx.load_model_from_string(content).graph.input[len(case.inputs) :]
    rows = len(case.steps[0][0][0])
    states = [np.zeros((rows, *(d.dim_value for d in end.type.tensor_type.shape.dim[1:])), dtype) for end in ends]
    found = []
    for x, expected in case.steps:
        # DL4J takes a single step without an axis for the time as well, and gives one.
        whole = [
            one.reshape(*one.shape, *[1] * (like.ndim - one.ndim)) for one, like in zip(x, case.inputs, strict=True)
        ]
        got = run_onnx(content, *(one.astype(dtype) for one in whole), *states)
        outputs, states = got[: len(expected)], got[len(expected) :]
        outputs = [one[..., 0] if one.ndim > like.ndim else one for one, like in zip(outputs, expected, strict=True)]
        found += [Verification(*compare(a, b), rows) for a, b in zip(outputs, expected, strict=True)]
    return found
