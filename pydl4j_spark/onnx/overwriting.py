"""Where DL4J writes what a layer gives over what went in, so that later readers of that get something else.

At inference an ActivationLayer changes its input array in place. Where workspaces are on, that array is a copy, unless
it is an input of the network or one of its outputs. A graph whose outputs are scores and their softmax thus gives the
softmax twice; what DL4J gives is what is exported.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydl4j_spark.description import NetworkDescription, NodeDescription


class SharedArrays:
    """Which names stand for one array, as a network is computed.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    """

    def __init__(self, network: NetworkDescription) -> None:
        self._exposed = {*network.inputs, *network.outputs} if network.workspaces else None
        self._owners = {name: name for name in network.inputs}

    def written_by(self, node: NodeDescription, in_place: bool) -> Sequence[str]:
        """Note that a node has been computed; return the names whose values are now what it gave."""
        source = self._owners[node.inputs[0]] if in_place and node.preprocessor is None else None
        if source is None or (self._exposed is not None and source not in self._exposed):
            self._owners[node.name] = node.name
            return [node.name]
        self._owners[node.name] = source
        return [name for name, owner in self._owners.items() if owner == source]
