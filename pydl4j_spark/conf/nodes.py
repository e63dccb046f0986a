"""Networks written as calls: a layer or a vertex, called with what goes into it, is a node of a graph.

``h = DenseLayer(n_out=8)(Input("a", InputType.feed_forward(10)))``
"""

from __future__ import annotations

import itertools
import re
from typing import Any

import attrs

from pydl4j_spark.conf.base import Config
from pydl4j_spark.errors import ConfigError

_COUNTER = itertools.count()


@attrs.frozen(eq=False, kw_only=True)
class Node:
    """A place in a graph: what stands there, and what goes into it. Made by calling a layer or a vertex.

    Parameters
    ----------
    content : Config or None
        The layer or vertex; of an input its InputType, or None where that is not known.
    inputs : tuple of Node
        What goes in; nothing for an input of the network.
    name : str or None
        As given; a configuration names the others ``dense``, ``dense_1``, …
    preprocessor : Config or None
        Of a layer: what reshapes its input, where another is wanted than the one put in automatically.
    """

    content: Any
    inputs: tuple[Node, ...] = ()
    name: str | None = None
    preprocessor: Any = None
    is_input: bool = False
    made: int = attrs.field(factory=lambda: next(_COUNTER), repr=False)

    @property
    def stem(self) -> str:
        """What its name begins with where none was given: its class in small letters, as in ``last_time_step``."""
        if self.is_input:
            return "input"
        kind = type(self.content).__name__
        short = re.sub("(Layer|Vertex)$", "", kind) or kind
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", short).lower()


class Connectable(Config):
    """What can stand in a graph, and be called with what goes into it."""

    def __call__(self, *inputs: Node, name: str | None = None, preprocessor: Any = None) -> Node:
        """Put it into a graph, after other nodes.

        Parameters
        ----------
        *inputs : Node
            What goes in, in order. Several inputs of a layer are merged first, as DL4J does.
        name : str, optional
            Its name in the graph.
        preprocessor : Preprocessor, optional
            Of a layer: what reshapes its input, where another is wanted than the one put in automatically.

        Raises
        ------
        ConfigError
            When an input is no node, or there is none.
        """
        kind = type(self).__name__
        if not inputs:
            raise ConfigError(f"{kind}: call it with what goes in, as in {kind}(...)(Input('in', InputType...))")
        for one in inputs:
            if not isinstance(one, Node):
                raise ConfigError(
                    f"{kind}: {type(one).__name__} cannot go into it; give an Input, or what calling a layer gave"
                )
        return Node(content=self, inputs=inputs, name=name or getattr(self, "name", None), preprocessor=preprocessor)
