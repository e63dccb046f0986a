"""A picture of a network: boxes from top to bottom, by matplotlib; no display is needed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from pydl4j_spark.conf.inputs import InputType
from pydl4j_spark.conf.layout import Layout, Spot, laid_out
from pydl4j_spark.conf.shapes import LayerType
from pydl4j_spark.conf.summary import kind_of, shape_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from pydl4j_spark.conf.graph_walk import VertexType

# In inches, and colours by what stands in a box.
_HEIGHT, _DOWN, _ACROSS, _MARGIN = 0.66, 0.42, 0.28, 0.35
_COLUMN = 16
_HEAD = 0.08
_FACES = {"input": "#e9ecef", "layer": "#dbe9f6", "plain": "#ffffff", "vertex": "#fdf3d8", "output": "#ddf0dd"}
_EDGES = {"input": "#868e96", "layer": "#4878a8", "plain": "#8a9bab", "vertex": "#c49a2c", "output": "#4a934a"}
_LINE = "#6c757d"


@attrs.frozen
class _Box:
    name: str
    kind: str
    below: str
    role: str

    @property
    def width(self) -> float:
        """As wide as its longest line."""
        return 0.25 + max(0.085 * len(self.name), 0.073 * len(self.kind), 0.068 * len(self.below), 0.9)


def picture(
    passed: Sequence[LayerType | VertexType],
    inputs: Mapping[str, InputType | None],
    outputs: Sequence[str],
    path: str | os.PathLike[str] | None,
) -> Figure:
    """Draw a network.

    Parameters
    ----------
    passed : list of LayerType and VertexType
        As they stand in the network, each after what goes into it.
    inputs : dict
        What goes in.
    outputs : list of str
        Names of the outputs.
    path : str or path, optional
        Where to save it.

    Returns
    -------
    matplotlib.figure.Figure
        A picture large enough to read every box.
    """
    from matplotlib.figure import Figure

    boxes = {name: _Box(name, "input", shape_of(given), "input") for name, given in inputs.items()}
    boxes |= {here.name: _box(here, here.name in outputs) for here in passed}
    fed: dict[str, Sequence[str]] = dict.fromkeys(inputs, ()) | {here.name: here.inputs for here in passed}
    layout = laid_out(fed, {name: box.width for name, box in boxes.items()}, _ACROSS)
    spots, lanes = _at(layout)
    left = min(x - spot.width / 2 for spot, (x, _) in spots.items())
    right = max(x + spot.width / 2 for spot, (x, _) in spots.items())
    low = min(y for _, y in spots.values()) - _HEIGHT / 2
    figure = Figure(figsize=(right - left + 2 * _MARGIN, _HEIGHT / 2 - low + 2 * _MARGIN))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(left - _MARGIN, right + _MARGIN), ylim=(low - _MARGIN, _HEIGHT / 2 + _MARGIN))
    axes.axis("off")
    _draw_lines(axes, layout, spots, lanes)
    for spot, (x, y) in spots.items():
        if spot.name is not None:
            _draw_box(axes, boxes[spot.name], x, y)
    if path is not None:
        figure.savefig(Path(path), dpi=120)
    return figure


def _box(here: LayerType | VertexType, is_output: bool) -> _Box:
    before = "" if here.preprocessor is None else type(here.preprocessor).__name__.removesuffix("PreProcessor") + " → "
    count = f"  ·  {here.n_params:,} params" if here.n_params else ""
    role = "output" if is_output else "vertex" if not isinstance(here, LayerType) else "layer" if count else "plain"
    return _Box(here.name, before + kind_of(here), shape_of(here.output_type) + count, role)


def _at(layout: Layout) -> tuple[dict[Spot, tuple[float, float]], dict[Spot, float]]:
    """Give the middles of all spots; what is long goes on in further columns, with a lane left of each for its head."""
    spots, lanes = {}, {}
    begins = 0.0
    for column in _columns(layout.layers):
        lanes[column[0][0]] = begins - 1.5 * _ACROSS
        within = [spot for layer in column for spot in layer]
        left = min(spot.x - spot.width / 2 for spot in within)
        right = max(spot.x + spot.width / 2 for spot in within)
        for row, layer in enumerate(column):
            for spot in layer:
                spots[spot] = (spot.x - left + begins, -row * (_HEIGHT + _DOWN))
        begins += right - left + 3 * _ACROSS
    return spots, lanes


def _columns(layers: list[list[Spot]]) -> list[list[list[Spot]]]:
    """Part layers where a single line goes from one single box to the next."""
    columns: list[list[list[Spot]]] = [[]]
    for number, layer in enumerate(layers):
        if len(columns[-1]) >= _COLUMN and len(layer) == len(layers[number - 1]) == 1:
            columns.append([])
        columns[-1].append(layer)
    return columns


def _draw_lines(
    axes: Axes, layout: Layout, spots: Mapping[Spot, tuple[float, float]], lanes: Mapping[Spot, float]
) -> None:
    from matplotlib.patches import FancyArrowPatch, PathPatch
    from matplotlib.path import Path as Curve

    ends = _ends(layout)
    for line in layout.lines:
        x, y = spots[line[0]]
        y -= _HEIGHT / 2
        points, codes = [(x, y)], [Curve.MOVETO]
        for spot in line[1:]:
            to_x, to_y = spots[spot]
            top = to_y + _HEIGHT / 2
            if spot is line[-1]:
                to_x += ends[id(line)]
                top += _HEAD
            if top > y:  # the head of the next column
                lane, foot, head = lanes[spot], y - _DOWN / 2, top + _DOWN / 2 - _HEAD
                points += [(x, foot), (lane, foot), (lane, head), (to_x, head), (to_x, top)]
                codes += [Curve.LINETO] * 5
            else:
                points += [(x, (y + top) / 2), (to_x, (y + top) / 2), (to_x, top)]
                codes += [Curve.CURVE4] * 3
            x, y = to_x, top
            if spot is not line[-1]:
                y = to_y - _HEIGHT / 2
                points.append((x, y))
                codes.append(Curve.LINETO)
        axes.add_patch(PathPatch(Curve(points, codes), fill=False, edgecolor=_LINE, linewidth=1.1))
        arrow: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 9, "color": _LINE, "shrinkA": 0, "shrinkB": 0}
        axes.add_patch(FancyArrowPatch((x, y + 0.02), (x, y - _HEAD), **arrow))


def _ends(layout: Layout) -> dict[int, float]:
    """Give how far from the middle of its box each line ends, so that lines that end together can be told apart."""
    arriving: dict[Spot, list[list[Spot]]] = {}
    for line in layout.lines:
        arriving.setdefault(line[-1], []).append(line)
    ends = {}
    for box, lines in arriving.items():
        lines.sort(key=lambda line: line[-2].x)
        step = min(0.3, 0.8 * box.width / len(lines))
        for place, line in enumerate(lines):
            ends[id(line)] = step * (place - (len(lines) - 1) / 2)
    return ends


def _draw_box(axes: Axes, box: _Box, x: float, y: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    round_corners: Any = "round,pad=0,rounding_size=0.08"
    axes.add_patch(
        FancyBboxPatch(
            (x - box.width / 2, y - _HEIGHT / 2),
            box.width,
            _HEIGHT,
            boxstyle=round_corners,
            facecolor=_FACES[box.role],
            edgecolor=_EDGES[box.role],
            linewidth=1.2,
        )
    )
    words = {"ha": "center", "va": "center"}
    axes.text(x, y + 0.18, box.name, fontsize=9, fontweight="bold", **words)  # type: ignore[arg-type]
    axes.text(x, y, box.kind, fontsize=8, **words)  # type: ignore[arg-type]
    axes.text(x, y - 0.18, box.below, fontsize=7.5, color="#495057", **words)  # type: ignore[arg-type]
