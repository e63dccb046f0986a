"""Layers whose parameters stay as they are, whatever is trained around them."""

from __future__ import annotations

from typing import Any

from pydl4j_spark.conf.base import config
from pydl4j_spark.conf.dropout import InputDropout
from pydl4j_spark.conf.fields import nested
from pydl4j_spark.conf.inputs import InputType
from pydl4j_spark.conf.layers.base import BaseLayer, Layer
from pydl4j_spark.conf.layers.normalization import BatchNormalization
from pydl4j_spark.conf.layers.recurrent import Wrapper
from pydl4j_spark.conf.types import Number
from pydl4j_spark.errors import ConfigError

_MISC = "org.deeplearning4j.nn.conf.layers.misc."


@config()
class Frozen(Wrapper):
    """What both kinds of frozen layers share: they compute as in inference, in training too.

    Nothing drops, batch normalization keeps and uses its running statistics, and neither updater nor regularisation
    nor constraints touch the parameters.
    """

    # Not inherited: a frozen layer drops nothing, so the network's default has no business here.
    dropout: InputDropout | Number | None = nested("idropout", InputDropout, default=None)

    def __attrs_post_init__(self) -> None:
        if self._inner.has_loss:
            raise ConfigError(
                f"{type(self).__name__}: an output or loss layer ({type(self._inner).__name__}) cannot be frozen;"
                " freeze the layers before it"
            )

    @property
    def at_work(self) -> Layer:
        """The layer inside."""
        return self._inner.at_work

    @property
    def gives_part(self) -> bool:  # type: ignore[override]
        """Whether what comes out is what comes in, or a part of it: nothing is copied for training."""
        return self._inner.gives_part or self._inner.works_in_place

    @property
    def variables(self) -> tuple[str, ...]:
        """Those of the layer inside."""
        return self._inner.variables

    @property
    def parameter_ranks(self) -> dict[str, int]:
        """Those of the layer inside."""
        return self._inner.parameter_ranks

    def output_type(self, given: InputType) -> InputType:
        """Give what the layer inside gives."""
        return self._inner.output_type(given)

    def check_training(self, given: InputType | None) -> None:
        """Let anything pass that DL4J can compute: nothing inside is trained."""


@config(_MISC + "FrozenLayer")
class FrozenLayer(Frozen):
    """A layer that is not trained, and through which nothing before it is trained either (DL4J FrozenLayer).

    Backpropagation ends here, so all layers before it must be frozen too: ``FrozenLayer(DenseLayer(n_out=8))``.

    Parameters
    ----------
    layer : Layer
        Any layer but an output or loss layer.
    """

    layer: Layer = nested("layer", Layer, kw_only=False)

    @property
    def children(self) -> dict[str, Layer]:
        """The frozen layer."""
        return {"layer": self.layer}


@config(_MISC + "FrozenLayerWithBackprop")
class FrozenLayerWithBackprop(Frozen):
    """A layer that is not trained, while those before it are (DL4J FrozenLayerWithBackprop).

    Parameters
    ----------
    underlying : Layer
        Any layer but an output or loss layer.
    """

    underlying: Layer = nested("underlying", Layer, kw_only=False)

    @property
    def children(self) -> dict[str, Layer]:
        """The frozen layer."""
        return {"underlying": self.underlying}

    def check_training(self, given: InputType | None) -> None:
        """Refuse what DL4J leaves out forwards and misses backwards, or fails at."""
        for layer in _all(self.underlying):
            if isinstance(layer, BatchNormalization):
                raise ConfigError(
                    "DL4J fails at backpropagation through a frozen BatchNormalization; leave it unfrozen with"
                    " lock_gamma_beta=True, or freeze it and all layers before it with FrozenLayer"
                )
            noise: Any = layer.weight_noise if isinstance(layer, BaseLayer) else None
            for setting, value in (("dropout", layer.dropout), ("weight_noise", noise)):
                if value is not None:
                    raise ConfigError(f"{setting} is for training, and the layer inside is frozen; leave it out")
        # The way back leads through it.
        self.underlying.check_training(given)


def _all(layer: Layer) -> list[Layer]:
    return [layer, *(inner for child in layer.children.values() for inner in _all(child))]
