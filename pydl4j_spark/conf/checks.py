"""What DL4J refuses, or would do wrongly, seen over the whole network."""

from __future__ import annotations

from collections.abc import Sequence

from pydl4j_spark.conf import activations as act
from pydl4j_spark.conf.inputs import InputTypeRecurrent
from pydl4j_spark.conf.layers.base import Layer
from pydl4j_spark.conf.layers.output import LossLayer
from pydl4j_spark.conf.layers.pooling import GlobalPoolingLayer
from pydl4j_spark.conf.layers.recurrent import Bidirectional, LastTimeStep
from pydl4j_spark.conf.layers.sequences import RepeatVector
from pydl4j_spark.conf.losses import LossBinaryXENT, LossMCXENT
from pydl4j_spark.conf.shapes import LayerType, at_layer
from pydl4j_spark.errors import ConfigError

# DL4J's own list; GELU, Mish and RectifiedTanh are not in it.
_BEYOND_ZERO_ONE = (
    act.Cube,
    act.ELU,
    act.HardTanh,
    act.Identity,
    act.LeakyReLU,
    act.RationalTanh,
    act.ReLU,
    act.ReLU6,
    act.RReLU,
    act.SELU,
    act.SoftPlus,
    act.SoftSign,
    act.Swish,
    act.Tanh,
    act.ThresholdedReLU,
)
_PAIRS = "for classes use softmax with mcxent, for several labels at once sigmoid with xent"


def check_network(passed: Sequence[LayerType], *, outputs: bool, truncated: bool) -> None:
    """Refuse what DL4J would.

    Parameters
    ----------
    passed : list of LayerType
        The layers after the walk.
    outputs : bool
        Whether activation and loss of output layers are checked.
    truncated : bool
        Whether backpropagation through time is truncated.
    """
    pooled = False
    for here in passed:
        with at_layer(here.index, here.layer):
            check_layer(here, outputs=outputs, truncated=truncated)
            if here is not passed[-1] and here.layer.has_loss:
                raise ConfigError("an output or loss layer can only be the last layer of this kind of network")
            if pooled and takes_sequences(here.layer):
                raise ConfigError("it takes sequences, but the GlobalPoolingLayer before it gives rows")
            pooled = pools(here) or (pooled and not isinstance(here.layer.at_work, RepeatVector))


def check_layer(here: LayerType, *, outputs: bool, truncated: bool) -> None:
    """Refuse a layer that DL4J would, wherever it stands; parameters are those of `check_network`."""
    if outputs:
        _check_output(here)
    if truncated:
        _check_truncated(here)


def takes_sequences(layer: Layer) -> bool:
    """Tell whether a layer can do nothing with rows."""
    return layer.at_work.fails_on_rows


def pools(here: LayerType) -> bool:
    """Tell whether a layer makes one row of each sequence."""
    return isinstance(here.layer.at_work, GlobalPoolingLayer) and isinstance(here.input_type, InputTypeRecurrent)


def _check_output(here: LayerType) -> None:
    layer = here.layer
    if not layer.has_loss:
        return
    activation, loss = getattr(layer, "activation", None), getattr(layer, "loss", None)
    n_out = None if isinstance(layer, LossLayer) else getattr(layer, "n_out", None)
    if n_out == 1 and isinstance(activation, act.Softmax):
        raise ConfigError("softmax over n_out=1 is always 1; use sigmoid with xent, or n_out=2")
    beyond = isinstance(activation, _BEYOND_ZERO_ONE) and (
        n_out is not None or not isinstance(activation, act.Identity)
    )
    if isinstance(loss, LossMCXENT | LossBinaryXENT) and beyond:
        raise ConfigError(
            f"loss {type(loss).__name__} needs probabilities, and activation {type(activation).__name__} gives numbers"
            f" outside 0 to 1; {_PAIRS}"
        )
    if isinstance(activation, act.Softmax) and isinstance(loss, LossBinaryXENT):
        raise ConfigError(f"softmax does not go with binary cross entropy (xent); {_PAIRS}")
    if isinstance(activation, act.Sigmoid) and isinstance(loss, LossMCXENT):
        raise ConfigError(f"sigmoid does not go with multi-class cross entropy (mcxent); {_PAIRS}")


def _check_truncated(here: LayerType) -> None:
    if isinstance(here.layer.at_work, LastTimeStep | GlobalPoolingLayer | Bidirectional):
        raise ConfigError(
            "it needs whole sequences, and backprop_type 'truncated_bptt' cuts them in pieces; use 'standard'"
        )
