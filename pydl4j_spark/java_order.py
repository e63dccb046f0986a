"""The order in which DL4J computes the vertices of a graph, where the file does not state it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def java_order(inputs: Sequence[str], sources: Mapping[str, Sequence[str]]) -> list[str]:
    """Sort the vertices of a graph as DL4J's ``ComputationGraph.topologicalSortOrder`` does.

    Parameters
    ----------
    inputs : sequence of str
        Names of the network's inputs.
    sources : Mapping from str to sequence of str
        For each vertex, in the order of the configuration, what goes into it.

    Returns
    -------
    list of str
        Inputs first; what lies on a cycle or behind one is left out.
    """
    names = [*inputs, *sources]
    places = {name: place for place, name in enumerate(names)}
    open_inputs: list[set[int]] = [set() for _ in names]
    fed: list[list[int]] = [[] for _ in names]
    for name, given in sources.items():
        place = places[name]
        open_inputs[place] = {places[one] for one in given}
        for one in sorted(open_inputs[place]):
            fed[one].append(place)
    ready = list(range(len(inputs)))
    for place in ready:
        for after in _as_java_iterates(fed[place]):
            open_inputs[after].discard(place)
            if not open_inputs[after]:
                ready.append(after)
    return [names[place] for place in ready]


def _as_java_iterates(rising: Iterable[int]) -> list[int]:
    """Give numbers in the order in which Java goes through a HashSet of them, for DL4J keeps them in one."""
    buckets, held = 16, list[int]()
    for number in rising:
        # A set grows when it is three quarters full, and while small when many share a bucket.
        crowded = buckets < 64 and sum(one % buckets == number % buckets for one in held) >= 8
        held.append(number)
        if crowded:
            buckets *= 2
        if len(held) > 0.75 * buckets:
            buckets *= 2
    return sorted(held, key=lambda number: (number % buckets, number))
