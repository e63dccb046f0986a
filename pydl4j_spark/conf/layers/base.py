"""What all layers share: their common settings, and what the shape walk asks of them.

A layer class is a list of fields and up to four answers about shapes: `preprocessor_for`, `accept`, `output_type`
and `n_params`. Settings marked as inherited are None until the network's defaults fill them.
"""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar, TypeAlias

from pydl4j_spark.conf.activations import Activation
from pydl4j_spark.conf.base import config, evolve
from pydl4j_spark.conf.constraints import Constraint, Constraints, Regularization, Regularizations
from pydl4j_spark.conf.dropout import InputDropout, WeightNoiseFamily
from pydl4j_spark.conf.fields import choice, flag, nested, nested_list, real, text, whole
from pydl4j_spark.conf.inputs import (
    DATA_FORMATS,
    InputType,
    InputTypeConvolutional,
    InputTypeConvolutional3D,
    InputTypeConvolutionalFlat,
    InputTypeFeedForward,
    InputTypeRecurrent,
    InputTypeSpatial,
)
from pydl4j_spark.conf.nodes import Connectable
from pydl4j_spark.conf.preprocessors import (
    Cnn3DToFeedForwardPreProcessor,
    CnnToFeedForwardPreProcessor,
    CnnToRnnPreProcessor,
    FeedForwardToCnnPreProcessor,
    FeedForwardToRnnPreProcessor,
    Preprocessor,
    RnnToFeedForwardPreProcessor,
)
from pydl4j_spark.conf.types import Number
from pydl4j_spark.conf.updaters import Updater
from pydl4j_spark.conf.weights import WeightInit, WeightInitLike
from pydl4j_spark.errors import ConfigError

GRADIENT_NORMALIZATIONS = {
    "none": "None",
    "renormalize_l2_per_layer": "RenormalizeL2PerLayer",
    "renormalize_l2_per_param_type": "RenormalizeL2PerParamType",
    "clip_element_wise_absolute_value": "ClipElementWiseAbsoluteValue",
    "clip_l2_per_layer": "ClipL2PerLayer",
    "clip_l2_per_param_type": "ClipL2PerParamType",
}

# The length of each axis of each parameter, by DL4J's names; None where only the layer's input tells.
Shapes: TypeAlias = dict[str, tuple[int | None, ...]]


@config()
class Layer(Connectable):
    """The family of layers.

    Parameters
    ----------
    name : str, optional
        Its name in the network; ``"layer0"``, ``"layer1"``, … where not set.
    dropout : float or InputDropout, optional
        Dropout of the layer's input; a number is the probability of **retaining** an activation.
    constraints : list of Constraint, optional
        What the parameters must keep to after each update.
    """

    names: ClassVar[dict[str, Any]] = {}
    derived_keys: ClassVar[frozenset[str]] = frozenset({"gradientNormalization", "gradientNormalizationThreshold"})
    # Whether a network can be trained towards it: it has a loss, and is an output.
    has_loss: ClassVar[bool] = False
    # Whether rows are not enough for it, and whether it must see all of a sequence at once.
    fails_on_rows: ClassVar[bool] = False
    needs_whole_sequences: ClassVar[bool] = False
    # Whether it answers at every time step, and is trained with a label for each.
    answers_each_step: ClassVar[bool] = False
    # Whether DL4J computes it in the type of its input, not in the network's.
    keeps_input_type: ClassVar[bool] = False
    # Whether DL4J ends its way back through the network here, or fails if it begins its way there.
    must_be_first: ClassVar[bool] = False
    cannot_be_first: ClassVar[bool] = False
    # Whether DL4J gives a part of the array that comes in, not an array of its own; or that array, outside training.
    gives_part: ClassVar[bool] = False
    works_in_place: ClassVar[bool] = False
    # Whether what it gives is in the type of what comes in, too, though it has parameters.
    gives_input_type: ClassVar[bool] = False
    # Whether DL4J can make it inside a wrapper.
    can_be_wrapped: ClassVar[bool] = True

    name: str | None = text("layerName", default=None)
    dropout: InputDropout | Number | None = nested("idropout", InputDropout, default=None, inherited=True)
    constraints: Constraints | None = nested_list("constraints", Constraint, default=None)

    @property
    def children(self) -> dict[str, Layer]:
        """The layers inside this one, by the name of their field."""
        return {}

    @property
    def at_work(self) -> Layer:
        """The layer that computes: this one, or the one inside where this one only keeps it from being trained."""
        return self

    @property
    def parameter_shapes(self) -> Shapes:
        """The shape of each of its parameters, in DL4J's order and by DL4J's names."""
        return {}

    @property
    def n_params(self) -> int | None:
        """How many parameters it has; None while its input is not known."""
        count = 0
        for shape in self.parameter_shapes.values():
            lengths = [length for length in shape if length is not None]
            if len(lengths) < len(shape):
                return None
            count += prod(lengths)
        return count

    def most_rows(self, given: InputType | None) -> int | None:
        """Give how many rows of such an input DL4J can train at once; None for any number."""
        return None

    @property
    def n_updated(self) -> int | None:
        """How many of its parameters an updater moves; None while its input is not known."""
        return self.n_params

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of parameters that DL4J must find in the JSON before it has made them; usually none."""
        return ()

    @property
    def parameter_ranks(self) -> dict[str, int]:
        """How many axes each of its parameters has, by DL4J's names."""
        return {name: len(shape) for name, shape in self.parameter_shapes.items()}

    def input_from_n_in(self) -> InputType | None:
        """Give the input type that follows from `n_in` where the network's is not given."""
        return None

    def preprocessor_for(self, given: InputType) -> Preprocessor | None:
        """Give the preprocessor that DL4J puts before this layer for such an input."""
        return None

    def accept(self, given: InputType) -> Layer:
        """Give this layer with what its input settles, such as `n_in`."""
        return self

    def output_type(self, given: InputType) -> InputType:
        """Give what comes out for such an input."""
        return given

    def label_type(self, given: InputType) -> InputType:
        """Give what labels look like, where the layer has a loss: what comes out, mostly."""
        return self.output_type(given)

    def check(self) -> None:
        """Refuse what only the resolved layer shows to be impossible."""

    def check_computing(self, given: InputType | None) -> None:
        """Refuse what DL4J fails at while a network is trained, even where the layer itself is frozen."""

    def check_training(self, given: InputType | None) -> None:
        """Refuse what DL4J computes but fails to train, or trains wrongly, on such an input."""


@config()
class LearningLayer(Layer):
    """Settings of how parameters are learned.

    Each is the network's default where not set here.

    Parameters
    ----------
    l1, l2, l1_bias, l2_bias : float, optional
        Regularisation of weights and biases; 0 switches off what the network has.
    weight_decay, weight_decay_bias : float, optional
        Weight decay, times the learning rate. It excludes l2, as in DL4J.
    regularization, regularization_bias : list of Regularization, optional
        The same with every setting, such as a schedule; it excludes the shorthands.
    updater, bias_updater : str or Updater, optional
        How gradients become steps; biases follow `updater` unless theirs is set.
    gradient_normalization : str, optional
        DL4J's rule, in our spelling: ``"clip_l2_per_layer"``, …
    gradient_normalization_threshold : float, optional
        Its threshold (1).
    """

    l1: Number | None = real(None, default=None, minimum=0)
    l2: Number | None = real(None, default=None, minimum=0)
    l1_bias: Number | None = real(None, default=None, minimum=0)
    l2_bias: Number | None = real(None, default=None, minimum=0)
    weight_decay: Number | None = real(None, default=None, minimum=0)
    weight_decay_bias: Number | None = real(None, default=None, minimum=0)
    regularization: Regularizations | None = nested_list("regularization", Regularization, default=None)
    regularization_bias: Regularizations | None = nested_list("regularizationBias", Regularization, default=None)
    updater: Updater | str | None = nested("iupdater", Updater, default=None, inherited=True)
    bias_updater: Updater | str | None = nested("biasUpdater", Updater, default=None, inherited=True)
    gradient_normalization: str | None = choice(
        "gradientNormalization", GRADIENT_NORMALIZATIONS, default=None, inherited=True
    )
    gradient_normalization_threshold: Number | None = real(
        "gradientNormalizationThreshold", default=None, above=0, inherited=True
    )


@config()
class BaseLayer(LearningLayer):
    """Settings of most layers that have parameters, or an activation.

    Each is the network's default where not set here.

    Parameters
    ----------
    activation : str or Activation, optional
        DL4J's default is sigmoid.
    weight_init : str, WeightInit or Distribution, optional
        DL4J's default is xavier.
    bias_init, gain_init : float, optional
        First value of every bias (0) and gain of layer normalisation (1).
    weight_noise : WeightNoise or DropConnect, optional
        Noise on weights in training.
    """

    activation: Activation | str | None = nested("activationFn", Activation, default=None, inherited=True)
    weight_init: WeightInitLike | None = nested("weightInitFn", WeightInit, default=None, inherited=True)
    bias_init: Number | None = real("biasInit", default=None, inherited=True)
    gain_init: Number | None = real("gainInit", default=None, inherited=True)
    weight_noise: WeightNoiseFamily | None = nested("weightNoise", WeightNoiseFamily, default=None, inherited=True)


@config()
class Undropped(Layer):
    """A layer that DL4J applies no dropout to, so that the network's does not reach it."""

    # Where a DropoutLayer does what this layer cannot.
    dropped: ClassVar[str] = "before"

    dropout: InputDropout | Number | None = nested("idropout", InputDropout, default=None)

    def check_training(self, given: InputType | None) -> None:
        """Refuse dropout, which DL4J leaves out without a word."""
        super().check_training(given)
        if self.dropout is not None:
            raise ConfigError(f"DL4J applies no dropout to this layer; put a DropoutLayer {self.dropped} it")


@config()
class Noiseless(BaseLayer):
    """A layer whose weights DL4J adds no noise to, so that the network's does not reach it."""

    weight_noise: WeightNoiseFamily | None = nested("weightNoise", WeightNoiseFamily, default=None)

    def check_training(self, given: InputType | None) -> None:
        """Refuse noise, which DL4J leaves out without a word."""
        super().check_training(given)
        if self.weight_noise is not None:
            raise ConfigError("DL4J applies no weight_noise to this layer; leave it out")


@config()
class FeedForwardLayer(BaseLayer):
    """A layer that takes rows.

    Parameters
    ----------
    n_in : int, optional
        Numbers that go in; inferred where the network's input is known, and checked against it.
    """

    n_in: int | None = whole("nin", default=None, minimum=1, none=0)
    time_distributed_format: str | None = choice("timeDistributedFormat", DATA_FORMATS, default=None)

    def input_from_n_in(self) -> InputType | None:
        """Give rows of `n_in`."""
        return InputType.feed_forward(self.n_in) if self.n_in is not None else None

    def preprocessor_for(self, given: InputType) -> Preprocessor | None:
        """Flatten images and volumes, and make rows of time steps."""
        return flattening(given)

    def accept(self, given: InputType) -> Layer:
        """Take `n_in` of the rows."""
        if not isinstance(given, InputTypeFeedForward | InputTypeConvolutionalFlat):
            raise wrong_input(given, "rows", "give the network or this layer a preprocessor that makes rows")
        in_time = getattr(given, "time_distributed_format", None)
        settled: Layer = settle(self, n_in=given.size, **({"time_distributed_format": in_time} if in_time else {}))
        return settled


@config()
class ProjectingLayer(FeedForwardLayer):
    """A layer that chooses how many numbers, or channels, come out.

    Parameters
    ----------
    n_out : int
        Numbers that come out.
    """

    n_out: int = whole("nout", minimum=1)

    def output_type(self, given: InputType) -> InputType:
        """Give rows of `n_out`."""
        return rows_like(given, self.n_out)


@config()
class BiasedLayer(ProjectingLayer):
    """A fully connected layer.

    Parameters
    ----------
    has_bias : bool
        Whether a bias is added.
    """

    has_bias: bool = flag("hasBias", default=True)

    @property
    def parameter_shapes(self) -> Shapes:
        """Weights, and a bias for each output."""
        return {"W": (self.n_in, self.n_out)} | ({"b": (self.n_out,)} if self.has_bias else {})


def rows_like(given: InputType, size: int) -> InputType:
    """Give rows of a length, which are time steps where those that come in are."""
    return InputTypeFeedForward(size=size, time_distributed_format=getattr(given, "time_distributed_format", None))


def flattening(given: InputType) -> Preprocessor | None:
    """Give the preprocessor that makes rows of an input."""
    if isinstance(given, InputTypeRecurrent):
        return RnnToFeedForwardPreProcessor(data_format=given.data_format)
    if isinstance(given, InputTypeConvolutional):
        return CnnToFeedForwardPreProcessor(
            input_height=given.height,
            input_width=given.width,
            num_channels=given.channels,
            data_format=given.data_format,
        )
    if isinstance(given, InputTypeConvolutional3D):
        return Cnn3DToFeedForwardPreProcessor(
            input_depth=given.depth,
            input_height=given.height,
            input_width=given.width,
            num_channels=given.channels,
            channels_first=given.channels_first,
        )
    return None


def unflattening(given: InputType) -> Preprocessor | None:
    """Give the preprocessor that makes images of an input of flat images."""
    if isinstance(given, InputTypeConvolutionalFlat):
        return FeedForwardToCnnPreProcessor(
            input_height=given.height, input_width=given.width, num_channels=given.channels
        )
    return None


def sequencing(given: InputType, data_format: str) -> Preprocessor | None:
    """Give the preprocessor that makes sequences of an input."""
    if isinstance(given, InputTypeConvolutional):
        return CnnToRnnPreProcessor(
            input_height=given.height,
            input_width=given.width,
            num_channels=given.channels,
            data_format=data_format,
        )
    if isinstance(given, InputTypeFeedForward):
        return FeedForwardToRnnPreProcessor(data_format=given.time_distributed_format or data_format)
    if isinstance(given, InputTypeConvolutionalFlat):
        return FeedForwardToRnnPreProcessor(data_format=data_format)
    return None


def settle(layer: Any, **settled: Any) -> Any:
    """Give a layer with what its input settles; refuse what contradicts what the layer states."""
    for field, value in settled.items():
        stated = getattr(layer, field)
        if stated is not None and stated != value:
            raise ConfigError(
                f"{field} is given as {stated!r}, but its input has {value!r};"
                f" leave {field} out, or correct the input type or the layers before"
            )
    return evolve(layer, **settled)


def wrong_input(given: InputType, wanted: str, cure: str) -> ConfigError:
    """Make the error of a layer that is fed the wrong kind of input."""
    if isinstance(given, InputTypeSpatial):
        kind = given.kind
    else:
        kind = "flat images" if isinstance(given, InputTypeConvolutionalFlat) else "rows"
    return ConfigError(f"it takes {wanted}, but {kind} {given} come in; {cure}")
