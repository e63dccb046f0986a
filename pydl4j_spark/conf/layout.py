"""Where the boxes of a picture of a graph go: layers from top to bottom, few crossings, straight lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import attrs

_SWEEPS = 12


@attrs.define(eq=False)
class Spot:
    """A box, or the place where a line that goes further passes between boxes.

    Parameters
    ----------
    name : str or None
        Of a box.
    width : float
        How wide it is.
    layer : int
        How far down, from 0.
    """

    name: str | None
    width: float
    layer: int
    x: float = 0.0
    above: list[Spot] = attrs.field(factory=list, repr=False)
    below: list[Spot] = attrs.field(factory=list, repr=False)


@attrs.frozen
class Layout:
    """Where everything is.

    Parameters
    ----------
    layers : list of list of Spot
        From top to bottom, each from left to right.
    lines : list of list of Spot
        For each connection the spots that its line goes through, from box to box.
    """

    layers: list[list[Spot]]
    lines: list[list[Spot]]


def laid_out(inputs: Mapping[str, Sequence[str]], widths: Mapping[str, float], gap: float) -> Layout:
    """Give every box of a graph its place.

    Parameters
    ----------
    inputs : dict
        By name what goes in, every name after those that go into it.
    widths : dict
        How wide the boxes are.
    gap : float
        How far they are apart.
    """
    boxes: dict[str, Spot] = {}
    for name, given in inputs.items():
        layer = 1 + max((boxes[one].layer for one in given), default=-1)
        boxes[name] = Spot(name, widths[name], layer)
    _lower_entrances(inputs, boxes)
    layers: list[list[Spot]] = [[] for _ in range(1 + max(box.layer for box in boxes.values()))]
    for box in boxes.values():
        layers[box.layer].append(box)
    lines = []
    for name, given in inputs.items():
        for one in given:
            line = [boxes[one]]
            for layer in range(boxes[one].layer + 1, boxes[name].layer):
                line.append(Spot(None, gap / 2, layer))
                layers[layer].append(line[-1])
            line.append(boxes[name])
            for upper, lower in pairwise(line):
                upper.below.append(lower)
                lower.above.append(upper)
            lines.append(line)
    _uncross(layers)
    _place(layers, gap)
    layout = Layout(layers, lines)
    _straighten(layout, gap)
    return layout


def _lower_entrances(inputs: Mapping[str, Sequence[str]], boxes: Mapping[str, Spot]) -> None:
    """Put the network's inputs right above what takes them."""
    for name, given in inputs.items():
        if not given:
            boxes[name].layer = min(boxes[after].layer for after, fed in inputs.items() if name in fed) - 1


def _uncross(layers: list[list[Spot]]) -> None:
    """Sort each layer by the middle of its neighbours, down and up, and keep the best."""
    best, fewest = [list(layer) for layer in layers], _crossings(layers)
    for sweep in range(_SWEEPS):
        for number, layer in _swept(layers, down=sweep % 2 == 0):
            places = {spot: place for place, spot in enumerate(layers[number])}
            own = {spot: place for place, spot in enumerate(layer)}
            near = [spot.above if sweep % 2 == 0 else spot.below for spot in layer]
            middles = {
                spot: sum(places[one] for one in found) / len(found) if found else float(own[spot])
                for spot, found in zip(layer, near, strict=True)
            }
            layer.sort(key=lambda spot: middles[spot])
        crossings = _crossings(layers)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    layers[:] = best


def _swept(layers: list[list[Spot]], *, down: bool) -> Iterator[tuple[int, list[Spot]]]:
    """Give each layer, and the number of the one before it on the way."""
    numbers = range(1, len(layers)) if down else range(len(layers) - 2, -1, -1)
    return ((number - 1 if down else number + 1, layers[number]) for number in numbers)


def _crossings(layers: list[list[Spot]]) -> int:
    count = 0
    for upper, lower in pairwise(layers):
        places = {spot: place for place, spot in enumerate(lower)}
        ends = [sorted(places[one] for one in spot.below) for spot in upper]
        for left, mine in enumerate(ends):
            for theirs in ends[left + 1 :]:
                count += sum(one > other for one in mine for other in theirs)
    return count


def _place(layers: list[list[Spot]], gap: float) -> None:
    """Move each spot towards its neighbours, as far as those beside it let it."""
    for layer in layers:
        _settle(layer, [0.0] * len(layer), gap)
    for sweep in range(2 * _SWEEPS):
        for _, layer in _swept(layers, down=sweep % 2 == 0):
            wanted = []
            for spot in layer:
                near = (spot.above if sweep % 2 == 0 else spot.below) or spot.above + spot.below
                wanted.append(sum(one.x for one in near) / len(near) if near else spot.x)
            _settle(layer, wanted, gap)


def _straighten(layout: Layout, gap: float) -> None:
    """Let each long line go straight down between the boxes, where there is room."""
    for line in layout.lines:
        lowest, highest = float("-inf"), float("inf")
        for spot in line[1:-1]:
            beside = layout.layers[spot.layer]
            place = beside.index(spot)
            if place:
                lowest = max(lowest, beside[place - 1].x + (beside[place - 1].width + spot.width) / 2 + gap)
            if place + 1 < len(beside):
                highest = min(highest, beside[place + 1].x - (beside[place + 1].width + spot.width) / 2 - gap)
        if len(line) > 2 and lowest <= highest:
            middle = sum(spot.x for spot in line[1:-1]) / (len(line) - 2)
            for spot in line[1:-1]:
                spot.x = min(max(middle, lowest), highest)


def _settle(layer: list[Spot], wanted: list[float], gap: float) -> None:
    """Put spots as near as can be to where they are wanted: what would overlap moves together."""
    ahead = 0.0
    blocks: list[tuple[float, int]] = []
    steps = []
    for place, spot in enumerate(layer):
        if place:
            ahead += (layer[place - 1].width + spot.width) / 2 + gap
        steps.append(ahead)
        blocks.append((wanted[place] - ahead, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (first, n), (second, m) = blocks[-2:]
            blocks[-2:] = [((first * n + second * m) / (n + m), n + m)]
    offsets = [offset for offset, count in blocks for _ in range(count)]
    for spot, step, offset in zip(layer, steps, offsets, strict=True):
        spot.x = step + offset
