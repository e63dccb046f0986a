"""Pictures: every box is there, none on another, and no line goes through a box."""

from itertools import pairwise

import pytest

from pydl4j_spark.conf.layout import laid_out
from pydl4j_spark.conf.picture import _ACROSS
from pydl4j_spark.layers import DenseLayer

from .graphs import GRAPHS
from .networks import mlp

pytest.importorskip("matplotlib")


def words(figure):
    return [text.get_text() for text in figure.axes[0].texts]


@pytest.mark.parametrize("name", ["several", "residual"])
def test_boxes_have_names_types_and_shapes(name, tmp_path):
    conf = GRAPHS[name]
    figure = conf.plot(tmp_path / "graph.png")
    assert (tmp_path / "graph.png").read_bytes().startswith(b"\x89PNG")
    said = words(figure)
    assert len(said) == 3 * (len(conf.input_types) + len(conf.vertices))
    assert {*conf.input_types, *conf.vertices} <= set(said)
    assert all(any(here.kind in one for one in said) for here in conf.vertex_types())
    assert any(f"{conf.vertex_types()[-1].n_params:,} params" in one for one in said)


def test_layers_stand_in_columns():
    conf = mlp(*[DenseLayer(n_out=8)] * 40)
    figure = conf.plot()
    assert words(figure)[0::3] == ["input", *(f"layer{place}" for place in range(41))]
    places = [text.get_position() for text in figure.axes[0].texts[0::3]]
    assert len({round(x, 3) for x, _ in places}) == 3


@pytest.mark.parametrize("name", ["several", "residual", "wide", "translating", "siamese"])
def test_nothing_lies_on_anything(name):
    conf = GRAPHS[name]
    fed = dict.fromkeys(conf.input_types, ()) | {here.name: here.inputs for here in conf.vertex_types()}
    layout = laid_out(fed, dict.fromkeys(fed, 1.0), _ACROSS)
    for layer in layout.layers:
        for left, right in pairwise(layer):
            assert right.x - left.x >= (left.width + right.width) / 2 + _ACROSS - 1e-9
    for line in layout.lines:
        assert [spot.layer for spot in line] == list(range(line[0].layer, line[-1].layer + 1))


def test_lines_cross_no_more_than_they_must():
    fed = {"a": (), "b": (), "c": (), "x": ("c",), "y": ("b",), "z": ("a",)}
    layout = laid_out(fed, dict.fromkeys(fed, 1.0), _ACROSS)
    assert [spot.name for spot in layout.layers[1]] == ["z", "y", "x"] or [spot.name for spot in layout.layers[0]] == [
        "c",
        "b",
        "a",
    ]
    assert all(line[0].x == pytest.approx(line[1].x) for line in layout.lines)
