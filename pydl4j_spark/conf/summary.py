"""The table of a network."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import StringIO

from rich import box
from rich.console import Console
from rich.table import Table

from pydl4j_spark.conf.inputs import InputType
from pydl4j_spark.conf.shapes import LayerType


def _count(params: int | None) -> str:
    return "?" if params is None else f"{params:,}"


def _shape(given: InputType | None) -> str:
    return "?" if given is None else str(given)


def table(passed: Sequence[LayerType], given: InputType | None) -> str:
    """Give layers, shapes and parameters as a table.

    Parameters
    ----------
    passed : list of LayerType
        The layers as they stand in the network.
    given : InputType or None
        What goes in at the entrance.

    Returns
    -------
    str
        With colours only where standard output is a terminal. A shape is that of one example, without the minibatch;
        the names of preprocessors stand before the layers they feed.
    """
    made = Table(box=box.SIMPLE_HEAD, show_footer=True)
    total = sum(here.n_params or 0 for here in passed)
    made.add_column("#", justify="right")
    made.add_column("name", footer=f"{len(passed)} layers")
    made.add_column("type")
    made.add_column("shape", footer=f"{_shape(given)} → {_shape(passed[-1].output_type)}")
    made.add_column("parameters", justify="right", footer=f"{total:,}")
    for here in passed:
        if here.preprocessor is not None:
            kind = here.preprocessor.label.removesuffix("PreProcessor")
            made.add_row("", "", f"[dim]{kind}[/dim]", f"[dim]→ {_shape(here.input_type)}[/dim]", "")
        shape = f"{_shape(here.input_type)} → {_shape(here.output_type)}"
        made.add_row(str(here.index), here.name, _kind(here), shape, _count(here.n_params))
    return printed(made)


def printed(made: Table) -> str:
    """Give a table as text, with colours only where standard output is a terminal."""
    terminal = sys.stdout.isatty()
    console = Console(
        file=StringIO(), force_terminal=terminal, width=None if terminal else 120, no_color=not terminal, markup=True
    )
    console.print(made)
    written = console.file
    assert isinstance(written, StringIO)
    return written.getvalue().rstrip() + "\n"


def _kind(here: LayerType) -> str:
    inner = " of ".join(child.label for child in here.layer.children.values())
    return f"{here.kind}({inner.split(' of ')[0]})" if inner else here.kind
