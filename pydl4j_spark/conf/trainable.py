"""What DL4J fails at, or leaves undone without a word, once training begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

from pydl4j_spark.conf.checks import pools
from pydl4j_spark.conf.constraints import Constraint
from pydl4j_spark.conf.dropout import DropConnect, GaussianNoise, SpatialDropout, WeightNoise
from pydl4j_spark.conf.inputs import InputType, InputTypeConvolutionalFlat, InputTypeFeedForward, InputTypeRecurrent
from pydl4j_spark.conf.layers.autoencoders import VariationalAutoencoder
from pydl4j_spark.conf.layers.base import BaseLayer, FeedForwardLayer, Layer, LearningLayer
from pydl4j_spark.conf.layers.capsules import CapsuleLayer, CapsuleStrengthLayer
from pydl4j_spark.conf.layers.convolution import ConvolutionLayer
from pydl4j_spark.conf.layers.feedforward import ActivationLayer, DropoutLayer
from pydl4j_spark.conf.layers.frozen import FrozenLayer
from pydl4j_spark.conf.layers.normalization import BatchNormalization
from pydl4j_spark.conf.layers.output import RnnOutputLayer
from pydl4j_spark.conf.layers.pooling import GlobalPoolingLayer
from pydl4j_spark.conf.layers.prelu import PReLULayer
from pydl4j_spark.conf.layers.recurrent import BaseRecurrentLayer, Bidirectional, GravesLSTM, LastTimeStep, SimpleRnn
from pydl4j_spark.conf.layers.sequences import RepeatVector
from pydl4j_spark.conf.losses import LossFMeasure, LossMixtureDensity, LossMultiLabel
from pydl4j_spark.conf.preprocessors import (
    CnnToRnnPreProcessor,
    FeedForwardToRnnPreProcessor,
    RnnToCnnPreProcessor,
    RnnToFeedForwardPreProcessor,
)
from pydl4j_spark.conf.shapes import LayerType, at_layer
from pydl4j_spark.conf.updaters import AdaBelief
from pydl4j_spark.conf.weights import WeightInitIdentity
from pydl4j_spark.errors import ConfigError

if TYPE_CHECKING:
    from pydl4j_spark.conf.graph_walk import VertexType

# What gives capsules a gradient in the order in which DL4J takes it.
_AFTER_CAPSULES = (ActivationLayer, CapsuleLayer, CapsuleStrengthLayer, DropoutLayer, GlobalPoolingLayer)
_SEQUENCING = (CnnToRnnPreProcessor, FeedForwardToRnnPreProcessor)
_CUT = "backprop_type 'truncated_bptt' cuts sequences in pieces; use 'standard'"


def check_trainable(
    passed: Sequence[LayerType], given: InputType | None, *, truncated: bool, data_type: str = "float"
) -> None:
    """Refuse what would fail, or learn nothing.

    Parameters
    ----------
    passed : list of LayerType
        The layers after the walk.
    given : InputType or None
        What goes in at the entrance.
    truncated : bool
        Whether backpropagation through time is truncated.
    data_type : str
        The network's type of numbers.
    """
    _check_frozen(passed)
    pooled = False
    for here in passed:
        with at_layer(here.index, here.layer):
            check_layer_trainable(here, truncated=truncated)
            place = here.index or 0
            check_surroundings(
                here,
                before=partial(_first, passed, place),
                after=passed[place + 1 : place + 2],
                pooled=pooled,
                data_type=data_type,
            )
        pooled = pools(here) or (pooled and not isinstance(here.layer.at_work, RepeatVector))
    last = passed[-1]
    with at_layer(last.index, last.layer):
        check_ending(last, pooled=pooled)
        if last.layer.answers_each_step:
            _check_steps(passed, given)
    if not any(here.n_params for here in passed if not here.frozen):
        raise ConfigError(NOTHING_TO_TRAIN)
    if truncated and given is not None:
        _check_truncated(given, last)


NOTHING_TO_TRAIN = (
    "no layer has parameters that are not frozen, so there is nothing to train; for_training=False allows it"
)


def check_layer_trainable(here: LayerType, *, truncated: bool) -> None:
    """Refuse a layer that would fail or learn nothing, wherever it stands."""
    if truncated and here.layer.at_work.needs_whole_sequences:
        raise ConfigError(f"it needs whole sequences, and {_CUT}")
    here.layer.check_computing(here.input_type)
    here.layer.check_training(here.input_type)
    if here.frozen:
        return
    for leaf in leaves(here.layer):
        _check_constraints(leaf)
        _check_dropout(leaf, here.input_type)
        if isinstance(leaf, LearningLayer) and leaf.n_params:
            _check_updater(leaf)
        if truncated and isinstance(leaf, VariationalAutoencoder) and leaf.weight_noise is not None:
            raise ConfigError(f"DL4J fails to train it with weight_noise where {_CUT}")
        if isinstance(leaf, BaseLayer) and leaf.n_params:
            _check_identity(leaf)
            _check_noise(leaf)
    if here.preprocessor is not None and here.index:
        here.preprocessor.check_training()
    _check_sequence(here)


def check_surroundings(
    here: LayerType,
    *,
    before: Callable[[], Sequence[LayerType | VertexType]],
    after: Sequence[LayerType | VertexType],
    pooled: bool,
    data_type: str,
) -> None:
    """Refuse a layer that DL4J fails to train where it stands.

    Parameters
    ----------
    here : LayerType
        The layer.
    before : callable
        Gives all that leads to it.
    after : list of LayerType and VertexType
        What it feeds itself.
    pooled : bool
        Whether time steps were pooled before it.
    data_type : str
        The network's type of numbers.
    """
    layer = here.layer
    if any(leaf.keeps_input_type for leaf in leaves(layer)):
        check_type(before, data_type)
    # Backpropagation ends at a FrozenLayer anyway.
    working = layer if isinstance(layer, FrozenLayer) else layer.at_work
    if working.must_be_first and before():
        raise ConfigError("DL4J cannot train what stands before it; make it the first layer")
    if here.preprocessor is not None and working.must_be_first:
        raise ConfigError(
            f"DL4J cannot train it behind a preprocessor ({here.preprocessor.label}); say InputType.feed_forward"
        )
    loss = getattr(layer, "loss", None)
    if data_type != "float" and isinstance(loss, LossFMeasure | LossMultiLabel):
        raise ConfigError(f"DL4J computes {type(loss).__name__} in float only, not {data_type}; use data_type 'float'")
    first = all(isinstance(one, LayerType) and one.layer.gives_part for one in before())
    if first and (layer.at_work.cannot_be_first or (before() and _takes_as_such(here, before()))):
        raise ConfigError(
            "DL4J fails to train it as the first layer, or behind cropping or a frozen ActivationLayer, PReLULayer,"
            " DropoutLayer or MaskLayer as such (an array outside its workspace); begin with"
            " ActivationLayer('identity')"
        )
    given = here.input_type
    if isinstance(given, InputTypeRecurrent):
        if pooled:
            _check_pooled(here, before())
        if isinstance(here.preprocessor, _SEQUENCING) and not any(_in_time(one) for one in before()):
            # Without time before, DL4J makes sequences of one step.
            layer.output_type(given.resized((1,), given.size))
    if (
        isinstance(layer.at_work, RepeatVector)
        and _steps(here.input_type)
        and not any(isinstance(one, LayerType) and pools(one) for one in before())
    ):
        raise ConfigError(
            "every time step comes here as a row of its own; put a LastTimeStep or GlobalPoolingLayer before"
        )
    for one in after:
        if isinstance(layer, CapsuleLayer) and not isinstance(one.content, _AFTER_CAPSULES):
            raise ConfigError(
                f"DL4J fails to train capsules before a {one.kind}; put a CapsuleStrengthLayer after them"
            )


def check_type(before: Callable[[], Sequence[LayerType | VertexType]], data_type: str) -> None:
    """Refuse to compute with the numbers of the data where they are of another type than the network's."""
    if data_type != "float" and not any(one.n_params and not one.content.at_work.gives_input_type for one in before()):
        raise ConfigError(
            f"DL4J computes it in the type of what comes in, float32 here, not {data_type}, and damages memory;"
            " use data_type 'float', or put another layer with parameters before it"
        )


def _in_time(here: LayerType | VertexType) -> bool:
    """Tell whether something takes or gives time steps, be it as rows or as images."""
    if isinstance(here, LayerType) and isinstance(here.preprocessor, RnnToCnnPreProcessor):
        return True
    return any(isinstance(one, InputTypeRecurrent) or _steps(one) for one in (*here.input_types, here.output_type))


def _takes_as_such(here: LayerType, before: Sequence[LayerType | VertexType]) -> bool:
    """Tell whether what a layer works on is the network's input or a part of it, and not a copy."""
    if here.layer.has_loss or here.preprocessor is None:
        return not here.layer.has_loss
    # A preprocessor copies what is cut, but of the whole array only what it turns.
    whole = all(one.input_types[0] == one.output_type for one in before)
    return whole and not isinstance(here.preprocessor, RnnToFeedForwardPreProcessor)


def _check_pooled(here: LayerType, before: Sequence[LayerType | VertexType]) -> None:
    """Refuse what DL4J takes for sequences still, and fails at on the way back."""
    working = here.layer.at_work
    poolings = (one.content.at_work for one in before)
    rows = any(isinstance(one, GlobalPoolingLayer) and one.collapse_dimensions for one in poolings)
    returns = isinstance(working, ActivationLayer | DropoutLayer) and not isinstance(here.layer, FrozenLayer)
    if isinstance(working, PReLULayer) or (returns and rows):
        raise ConfigError(
            "DL4J takes what the GlobalPoolingLayer gives for sequences here, and fails to train it; put it behind a"
            " DenseLayer, or before the pooling"
        )


def check_rows(passed: Sequence[LayerType | VertexType], rows: int) -> None:
    """Refuse minibatches of more rows than a layer can be trained on at once."""
    for here in passed:
        if isinstance(here, LayerType) and not here.frozen:
            most = here.layer.most_rows(here.input_type)
            if most is not None and rows > most:
                with at_layer(here.index, here.layer):
                    raise ConfigError(
                        f"DL4J's gradient fails on more than {most} rows at once here, and minibatches have {rows};"
                        f" use a batch size of {most} at most"
                    )


def _first(passed: Sequence[LayerType], count: int) -> Sequence[LayerType]:
    return passed[:count]


def _steps(given: InputType | None) -> bool:
    return isinstance(given, InputTypeFeedForward) and given.time_distributed_format is not None


def _check_steps(passed: Sequence[LayerType], given: InputType | None) -> None:
    """Refuse answers at every step where the steps are gone, or never were."""
    sequences = isinstance(given, InputTypeRecurrent | None)
    for here in passed:
        # Steps of a known length are steps; an unknown one may be what DL4J makes of plain rows.
        if isinstance(here.input_type, InputTypeRecurrent) and here.input_type.timesteps is not None:
            sequences = True
        if isinstance(here.layer, LastTimeStep | CapsuleStrengthLayer):
            sequences = False
    if not sequences and not isinstance(given, InputTypeRecurrent):
        raise ConfigError(f"it answers at every time step, but {given} goes into the network: use OutputLayer")
    if not sequences:
        raise ConfigError("it answers at every time step, and LastTimeStep left one only: use OutputLayer")


def leaves(layer: Layer) -> list[Layer]:
    """Give the layers inside all wrappers, or the layer itself."""
    return [leaf for inner in layer.children.values() for leaf in leaves(inner)] or [layer]


def _check_frozen(passed: Sequence[LayerType]) -> None:
    learning: LayerType | None = None
    for here in passed:
        if learning is None and here.n_params and not here.frozen:
            learning = here
        if learning is not None and isinstance(here.layer, FrozenLayer):
            with at_layer(here.index, here.layer):
                raise ConfigError(
                    f"backpropagation ends here, so layer {learning.index} ({learning.name}) before it would learn"
                    " nothing; freeze that too, or use FrozenLayerWithBackprop here"
                )


def _check_updater(layer: LearningLayer) -> None:
    if AdaBelief in (type(layer.updater), type(layer.bias_updater)):
        raise ConfigError("DL4J's AdaBelief fails at the first step of training (index out of bounds); use Adam")


def _check_constraints(layer: Layer) -> None:
    ranks = layer.parameter_ranks
    constraints = cast("tuple[Constraint, ...]", layer.constraints or ())
    for constraint in constraints:
        meant = [name for name in constraint.params if name in ranks]
        kind = type(constraint).__name__
        if not meant:
            has = f"its parameters are {', '.join(ranks)}" if ranks else "it has no parameters"
            raise ConfigError(f"{kind} is of {', '.join(constraint.params)}, but {has}")
        for axis in getattr(constraint, "dimensions", ()):
            for name in meant:
                if axis >= ranks[name]:
                    raise ConfigError(
                        f"{kind} takes the norm over axis {axis}, but parameter {name!r} has the axes"
                        f" {tuple(range(ranks[name]))}; give other dimensions"
                    )


def _check_dropout(layer: Layer, given: InputType | None) -> None:
    if layer.dropout is None:
        return
    spatial = isinstance(layer.dropout, SpatialDropout)
    if spatial and isinstance(given, InputTypeFeedForward | InputTypeConvolutionalFlat):
        raise ConfigError("SpatialDropout drops channels of images and sequences, and rows have none; use Dropout")
    if spatial and isinstance(layer, RnnOutputLayer):
        raise ConfigError(
            "RnnOutputLayer drops after making rows, which SpatialDropout cannot; put a DropoutLayer before"
        )
    layout = getattr(layer, "data_format", None)
    fails = isinstance(layer, ConvolutionLayer | GravesLSTM | SimpleRnn)
    if layout in ("NWC", "NHWC") and fails and not isinstance(layer.dropout, GaussianNoise):
        raise ConfigError(
            f"the dropout of a {type(layer).__name__} fails in DL4J on {layout} data; put a DropoutLayer"
            " before it, or use channels first"
        )


def _check_identity(layer: BaseLayer) -> None:
    own = isinstance(layer.weight_init, WeightInitIdentity)
    n_in, n_out = getattr(layer, "n_in", None), getattr(layer, "n_out", None)
    if isinstance(layer, BaseRecurrentLayer) and not isinstance(layer, SimpleRnn):
        if own or isinstance(layer.weight_init_recurrent, WeightInitIdentity):
            raise ConfigError("weight_init 'identity' needs square weights, and those of recurrent gates never are")
    elif own and isinstance(layer, FeedForwardLayer):
        if "W" in layer.parameter_ranks and n_in != n_out:
            raise ConfigError(f"weight_init 'identity' needs as many outputs as inputs, not {n_in} and {n_out}")
        for name, shape in layer.parameter_shapes.items():
            if len(shape) == 2 and shape[0] != shape[1]:
                raise ConfigError(f"weight_init 'identity' needs square weights, and {name!r} has the shape {shape}")


def _check_noise(layer: BaseLayer) -> None:
    noise = layer.weight_noise
    of_bias = (isinstance(noise, DropConnect) and noise.apply_to_biases) or (
        isinstance(noise, WeightNoise) and noise.apply_to_bias
    )
    if of_bias and getattr(layer, "has_bias", True) is False:
        raise ConfigError(f"{type(noise).__name__} is to apply to the bias, and this layer has none")


def _check_sequence(here: LayerType) -> None:
    layer, given = here.layer, here.input_type
    if isinstance(layer, Bidirectional) and isinstance(layer.fwd, LastTimeStep):
        raise ConfigError(
            "DL4J can neither train nor save a Bidirectional around a LastTimeStep; use"
            " LastTimeStep(Bidirectional(...)), or a GlobalPoolingLayer after the Bidirectional"
        )
    if isinstance(layer, BatchNormalization) and layer.lock_gamma_beta and layer.data_format == "NHWC":
        raise ConfigError("DL4J cannot train BatchNormalization with lock_gamma_beta on NHWC data; use NCHW")
    if not isinstance(given, InputTypeRecurrent):
        return
    if isinstance(layer, BatchNormalization):
        raise ConfigError("DL4J cannot train BatchNormalization of sequences; normalise before the recurrent layers")


def check_ending(last: LayerType, *, pooled: bool) -> None:
    """Refuse an output that DL4J cannot train towards.

    Parameters
    ----------
    last : LayerType
        The layer.
    pooled : bool
        Whether time steps were pooled before it.
    """
    layer, given = last.layer, last.input_type
    if not layer.has_loss:
        raise ConfigError(
            "the last layer must be an output or loss layer (OutputLayer, RnnOutputLayer, LossLayer), or there is"
            " nothing to train towards; for_training=False allows it"
        )
    if _steps(given) and not pooled:
        raise ConfigError(
            "every time step comes here as a row of its own, and labels do not; use RnnOutputLayer for one answer at"
            " each step, or LastTimeStep or GlobalPoolingLayer before for one answer for the sequence"
        )
    n_out = getattr(layer, "n_out", None) or getattr(given, "size", None) or getattr(given, "channels", None)
    if n_out is None:
        return
    loss = getattr(layer, "loss", None)
    weights = getattr(loss, "weights", None)
    if weights is not None and len(weights) != n_out:
        raise ConfigError(f"the loss has {len(weights)} weights, but the layer has n_out={n_out}")
    if isinstance(loss, LossFMeasure) and n_out > 2:
        raise ConfigError(f"LossFMeasure is of two classes: n_out must be 1 or 2, not {n_out}")
    if isinstance(loss, LossMixtureDensity) and n_out != loss.outputs:
        raise ConfigError(f"LossMixtureDensity needs n_out=mixtures * (label_width + 2) = {loss.outputs}")


def _check_truncated(given: InputType, last: LayerType) -> None:
    if not isinstance(given, InputTypeRecurrent) or not last.layer.answers_each_step:
        raise ConfigError(
            "backprop_type 'truncated_bptt' trains sequences with an answer at each step, and DL4J trains nothing"
            " at all otherwise; use 'standard'"
        )
    if given.data_format == "NWC":
        raise ConfigError("backprop_type 'truncated_bptt' cuts along the wrong axis of NWC sequences; use NCW")
