"""The fixtures, and the comparison that every test of them makes."""

from __future__ import annotations

import functools
import io
import itertools
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from attrs import frozen

from pydl4j_spark.model_zip import ModelZip, read_model_zip
from pydl4j_spark.onnx.build import Built, build
from pydl4j_spark.onnx.converter import Registry
from pydl4j_spark.onnx.ends import Ends
from pydl4j_spark.onnx.registry import default_registry
from pydl4j_spark.onnx.verify import verify_onnx

FIXTURES = Path(__file__).parent / "fixtures"
# What the exporter cannot take yet, by the start of its name; a test sees that it is refused.
WAITING = ("example_graph",)
ALL = sorted(path.stem for path in FIXTURES.glob("*.zip"))
NAMES = [name for name in ALL if not name.startswith(WAITING)]


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
    def input_shapes(self) -> tuple[int, ...] | None:
        """What the file cannot tell: the size of images, and what a batch normalization in front takes."""
        first = self.model.configuration["confs"][0]["layer"]["@class"]
        unknown = self.x.ndim == 4 or first.endswith("BatchNormalization")
        return self.x.shape[1:] if unknown else None

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
    meta = json.loads(entries.get("meta.json", b'{"dl4j": "1.0.0-M2.1", "inputs": ["input"], "outputs": ["output"]}'))

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
    graph = any(isinstance(part, dict) for part in layout)
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


def built(
    case: Case, opset: int | None = None, registry: Registry | None = None, model: ModelZip | None = None
) -> Built:
    return build(model or case.model, case.input_shapes, opset, registry or default_registry(), Ends())


def assert_parity(
    case: Case, opset: int | None = None, registry: Registry | None = None, model: ModelZip | None = None
) -> float:
    """Compare three rows and one with DL4J; return the largest difference."""
    model = model or case.model
    content = built(case, opset, registry, model).model.SerializeToString(deterministic=True)
    x = case.normalized.astype(model.params.dtype)
    whole = verify_onnx(content, x, case.y)
    alone = case.alone[0] if case.alone and not case.masks else case.first(case.y)
    one = verify_onnx(content, x[:1], alone)
    return max(whole.max_abs_error, one.max_abs_error)
