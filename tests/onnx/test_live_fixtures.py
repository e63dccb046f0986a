"""Every fixture as a user's model file: exported, and proved by the JVM of this process on rows that are drawn anew."""

from __future__ import annotations

import pytest

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx import export_onnx

from .cases import NAMES, load

pytestmark = pytest.mark.jvm

# A cube of a cube of a cube: what the last digit of a number makes of the result is beyond any tolerance.
CHAOTIC = "double_act_lstm_cube"


@pytest.fixture(scope="module", autouse=True)
def _java():
    pytest.importorskip("jpype")


def proved(case, path, **options):
    try:
        report = export_onnx(case.model, path, engine="local", progress=False, **options)
    except ExportError as error:
        if "input_shapes" not in str(error):
            raise
        report = export_onnx(case.model, path, engine="local", progress=False, input_shapes=case.shapes, **options)
    assert report.verified_by == "engine"


# Those of M2 are the same networks in another version's words.
@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("m2_")])
def test_every_fixture_is_proved(name, tmp_path):
    case, path = load(name), tmp_path / "model.onnx"
    masks = any(case.is_sequence) and name != CHAOTIC
    try:
        proved(case, path, masks=masks)
    except ExportError as error:
        # What DL4J would not run with a mask is refused before.
        if not masks or not ("DL4J itself cannot" in str(error) or "are input_shapes, and masks" in str(error)):
            raise
        proved(case, path)
    if case.steps:
        proved(case, path, stateful=True)
