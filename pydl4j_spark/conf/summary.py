"""The table of a network."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pydl4j_spark.conf.inputs import InputType
from pydl4j_spark.conf.layers.base import Layer
from pydl4j_spark.conf.memory import Memory
from pydl4j_spark.conf.shapes import LayerType

if TYPE_CHECKING:
    from pydl4j_spark.conf.graph_walk import VertexType


def _count(params: int | None) -> str:
    return "?" if params is None else f"{params:,}"


def shape_of(given: InputType | None) -> str:
    """Give the shape of one example, or a question mark."""
    return "?" if given is None else str(given)


def layer_table(passed: Sequence[LayerType], given: InputType | None, memory: Memory) -> str:
    """Give layers, shapes and parameters as a table, and the memory below.

    Parameters
    ----------
    passed : list of LayerType
        The layers as they stand in the network.
    given : InputType or None
        What goes in at the entrance.
    memory : Memory
        What training takes.

    Returns
    -------
    str
        With colours only where standard output is a terminal. A shape is that of one example, without the minibatch;
        the names of preprocessors stand before the layers they feed.
    """
    made = Table(box=box.SIMPLE_HEAD, show_footer=True)
    made.add_column("#", justify="right")
    made.add_column("name", footer=f"{len(passed)} layers")
    made.add_column("type")
    made.add_column("shape", footer=f"{shape_of(given)} → {shape_of(passed[-1].output_type)}")
    _add_parameters(made, passed)
    for here in passed:
        if here.preprocessor is not None:
            made.add_row("", "", f"[dim]{_preprocessor(here)}[/dim]", f"[dim]→ {shape_of(here.input_type)}[/dim]", "")
        shape = f"{shape_of(here.input_type)} → {shape_of(here.output_type)}"
        made.add_row(str(here.index), escape(here.name), kind_of(here), shape, _count(here.n_params))
    return printed(made, str(memory))


def graph_table(
    passed: Sequence[LayerType | VertexType],
    inputs: Mapping[str, InputType | None],
    outputs: Sequence[str],
    memory: Memory,
) -> str:
    """Give vertices, what goes into them, shapes and parameters as a table, and the memory below.

    Parameters
    ----------
    passed : list of LayerType and VertexType
        As they stand in the graph, in their order.
    inputs : dict
        What goes in.
    outputs : list of str
        Names of the outputs.
    memory : Memory
        What training takes.

    Returns
    -------
    str
        As of `layer_table`; a shape is that of what comes out.
    """
    made = Table(box=box.SIMPLE_HEAD, show_footer=True)
    made.add_column("name", footer=f"{len(passed)} vertices")
    made.add_column("type")
    made.add_column("inputs", footer=escape(f"{', '.join(inputs)} → {', '.join(outputs)}"))
    made.add_column("shape")
    _add_parameters(made, passed)
    for name, given in inputs.items():
        made.add_row(escape(name), "input", "", shape_of(given), "")
    for here in passed:
        if here.preprocessor is not None:
            shape = shape_of(here.input_types[0])
            made.add_row("", f"[dim]{_preprocessor(here)}[/dim]", "", f"[dim]{shape}[/dim]", "")
        given_names = escape(", ".join(here.inputs))
        shape = shape_of(here.output_type)
        made.add_row(escape(here.name), kind_of(here), given_names, shape, _count(here.n_params))
    return printed(made, str(memory))


def _add_parameters(made: Table, passed: Sequence[LayerType | VertexType]) -> None:
    made.add_column("parameters", justify="right", footer=f"{sum(here.n_params or 0 for here in passed):,}")


def printed(made: Table, below: str = "") -> str:
    """Give a table, and a line below it, as text, with colours only where standard output is a terminal."""
    terminal = sys.stdout.isatty()
    console = Console(
        file=StringIO(), force_terminal=terminal, width=None if terminal else 120, no_color=not terminal, markup=True
    )
    console.print(made)
    written = console.file
    assert isinstance(written, StringIO)
    text = written.getvalue().rstrip() + "\n"
    return f"{text}\n {below}\n" if below else text


def kind_of(here: LayerType | VertexType) -> str:
    """Give a layer's or vertex's class, and of a wrapper also that of the layer inside."""
    inner = [child.label for child in here.content.children.values()] if isinstance(here.content, Layer) else []
    return f"{here.kind}({inner[0]})" if inner else here.kind


def _preprocessor(here: LayerType | VertexType) -> str:
    return type(here.preprocessor).__name__.removesuffix("PreProcessor")
