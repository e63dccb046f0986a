"""The fixtures, and the comparison that every test of them makes."""

from __future__ import annotations

import functools
import io
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
NAMES = sorted(path.stem for path in FIXTURES.glob("*.zip"))


@frozen(eq=False)
class Case:
    name: str
    raw: bytes
    x: np.ndarray
    y: np.ndarray
    normalized: np.ndarray
    layout: list[list[dict[str, Any]]]

    @property
    def model(self) -> ModelZip:
        return read_model_zip(self.raw)

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
        arrays = {n[:-4]: np.load(io.BytesIO(archive.read(n))) for n in archive.namelist() if n.endswith(".npy")}
        x = arrays["in"]
        layout = json.loads(archive.read("layout.json"))
        return Case(name, archive.read("model.zip"), x, arrays["out"], arrays.get("norm", x), layout)


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
    one = verify_onnx(content, x[:1], case.first(case.y))
    return max(whole.max_abs_error, one.max_abs_error)
