"""Recurrent layers on sequences, and the layers that wrap them."""

from __future__ import annotations

from typing import ClassVar

import attrs

from pydl4j_spark.conf.activations import Activation
from pydl4j_spark.conf.base import config, evolve
from pydl4j_spark.conf.fields import choice, flag, nested, real
from pydl4j_spark.conf.inputs import RNN_FORMATS, InputType, InputTypeFeedForward, InputTypeRecurrent
from pydl4j_spark.conf.layers.base import (
    Layer,
    Noiseless,
    ProjectingLayer,
    Shapes,
    Undropped,
    sequencing,
    settle,
    wrong_input,
)
from pydl4j_spark.conf.preprocessors import Preprocessor
from pydl4j_spark.conf.types import Number
from pydl4j_spark.conf.weights import WeightInit, WeightInitLike
from pydl4j_spark.errors import ConfigError

_LAYERS = "org.deeplearning4j.nn.conf.layers."
_MODES = {"concat": "CONCAT", "add": "ADD", "mul": "MUL", "average": "AVERAGE"}
_NO_SEQUENCES = "use InputType.recurrent, or a FeedForwardToRnnPreProcessor before this layer"


@config()
class BaseRecurrentLayer(ProjectingLayer):
    """What recurrent layers share: ``[N, n_in, T]`` to ``[N, n_out, T]``.

    Parameters
    ----------
    weight_init_recurrent : str, WeightInit or Distribution, optional
        For the recurrent weights; `weight_init` where not set.
    data_format : str, optional
        ``"NCW"`` or ``"NWC"``; that of the input where not set.
    """

    fails_on_rows: ClassVar[bool] = True

    weight_init_recurrent: WeightInitLike | None = nested("weightInitFnRecurrent", WeightInit, default=None)
    data_format: str | None = choice("rnnDataFormat", RNN_FORMATS, default=None)

    def input_from_n_in(self) -> InputType | None:
        """Give sequences of `n_in`."""
        return None if self.n_in is None else InputType.recurrent(self.n_in, data_format=self.data_format or "NCW")

    def preprocessor_for(self, given: InputType) -> Preprocessor | None:
        """Make sequences of rows and of images."""
        return sequencing(given, self.data_format or "NCW")

    def accept(self, given: InputType) -> Layer:
        """Take `n_in` and the layout of the sequences."""
        settled: Layer = settle(self, n_in=as_sequence(given).size, data_format=as_sequence(given).data_format)
        return settled

    def output_type(self, given: InputType) -> InputType:
        """Give sequences of `n_out`, as long as those that come in."""
        sequence = as_sequence(given)
        return InputType.recurrent(self.n_out, sequence.timesteps, data_format=sequence.data_format)


@config(_LAYERS + "LSTM")
class LSTM(BaseRecurrentLayer):
    """Long short-term memory without peepholes (DL4J LSTM).

    The activation is the network's, and DL4J's default for that is **sigmoid**, not tanh: say
    ``activation="tanh"`` for the usual LSTM.

    Parameters
    ----------
    gate_activation : str or Activation
        ``"sigmoid"`` by default.
    forget_gate_bias_init : float
        First bias of the forget gate; 1 lets a new network remember.
    """

    gate_activation: Activation | str = nested("gateActivationFn", Activation, default="sigmoid")
    forget_gate_bias_init: Number = real("forgetGateBiasInit", default=1.0)
    helper_allow_fallback: bool = flag("helperAllowFallback", default=True)

    @property
    def parameter_shapes(self) -> Shapes:
        """Four blocks of weights, recurrent weights and biases."""
        return {"W": (self.n_in, 4 * self.n_out), "RW": (self.n_out, 4 * self.n_out), "b": (4 * self.n_out,)}


@config(_LAYERS + "GravesLSTM")
class GravesLSTM(LSTM):
    """Long short-term memory with peepholes (DL4J GravesLSTM, which DL4J calls deprecated in favour of LSTM)."""

    @property
    def parameter_shapes(self) -> Shapes:
        """Those of an LSTM, and three peepholes for each output."""
        return super().parameter_shapes | {"RW": (self.n_out, 4 * self.n_out + 3)}


@config(_LAYERS + "GravesBidirectionalLSTM")
class GravesBidirectionalLSTM(Undropped, Noiseless, LSTM):
    """Two LSTMs with peepholes, forwards and backwards, whose outputs are added (DL4J GravesBidirectionalLSTM).

    DL4J calls it deprecated in favour of ``Bidirectional(LSTM(...), "add")``. Its parameters have names of their own:
    ``"WF"``, ``"RWF"``, ``"bF"`` forwards and ``"WB"``, ``"RWB"``, ``"bB"`` backwards.
    """

    needs_whole_sequences: ClassVar[bool] = True

    @property
    def parameter_shapes(self) -> Shapes:
        """The parameters of a GravesLSTM for each direction."""
        once = {"W": (self.n_in, 4 * self.n_out), "RW": (self.n_out, 4 * self.n_out + 3), "b": (4 * self.n_out,)}
        return {name + way: shape for way in "FB" for name, shape in once.items()}


@config(_LAYERS + "recurrent.SimpleRnn")
class SimpleRnn(BaseRecurrentLayer):
    """The plain recurrent layer, ``act(W x + RW h + b)`` (DL4J SimpleRnn).

    The activation is the network's, and DL4J's default for that is **sigmoid**: say ``activation="tanh"``.

    Parameters
    ----------
    has_layer_norm : bool
        Whether the sums are normalised. DL4J fails at it, so that it can only be False.
    """

    has_layer_norm: bool = flag("hasLayerNorm", default=False)

    def __attrs_post_init__(self) -> None:
        if self.has_layer_norm:
            raise ConfigError(
                "SimpleRnn: DL4J fails at layer normalisation of recurrent layers (index out of range);"
                " leave has_layer_norm=True out"
            )

    @property
    def parameter_shapes(self) -> Shapes:
        """Weights, recurrent weights and biases."""
        return {"W": (self.n_in, self.n_out), "RW": (self.n_out, self.n_out), "b": (self.n_out,)}


@config()
class Wrapper(Layer):
    """A layer around another. Dropout, constraints and the network's defaults reach the layer inside."""

    @property
    def _inner(self) -> Layer:
        return next(iter(self.children.values()))

    def input_from_n_in(self) -> InputType | None:
        """Give what the layer inside takes."""
        return self._inner.input_from_n_in()

    def preprocessor_for(self, given: InputType) -> Preprocessor | None:
        """Give what the layer inside needs."""
        return self._inner.preprocessor_for(given)

    def accept(self, given: InputType) -> Layer:
        """Let the layers inside take what their input settles."""
        return evolve(self, **{field: inner.accept(given) for field, inner in self.children.items()})

    def check(self) -> None:
        """Check the layers inside."""
        for inner in self.children.values():
            if not inner.can_be_wrapped:
                raise ConfigError(f"DL4J counts the parameters of a {inner.label} wrongly inside another")
            inner.check()

    def check_computing(self, given: InputType | None) -> None:
        """Check the layers inside."""
        for inner in self.children.values():
            inner.check_computing(given)

    def check_training(self, given: InputType | None) -> None:
        """Check the layers inside."""
        for inner in self.children.values():
            inner.check_training(given)

    @property
    def n_params(self) -> int | None:
        """Those of the layers inside."""
        counts = [inner.n_params for inner in self.children.values()]
        return None if None in counts else sum(count for count in counts if count is not None)


@config(_LAYERS + "recurrent.LastTimeStep")
class LastTimeStep(Wrapper):
    """The last time step of a recurrent layer: ``[N, n_in, T]`` to ``[N, n_out]`` (DL4J LastTimeStep).

    Around a Bidirectional, the backward half of the last step has seen only that step.

    Parameters
    ----------
    underlying : Layer
        The recurrent layer, or a Bidirectional.
    """

    fails_on_rows: ClassVar[bool] = True
    needs_whole_sequences: ClassVar[bool] = True

    underlying: Layer = nested("underlying", Layer, kw_only=False)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.underlying, BaseRecurrentLayer | Bidirectional):
            raise ConfigError(
                f"LastTimeStep.underlying: wanted a recurrent layer or a Bidirectional, not"
                f" {type(self.underlying).__name__}"
            )

    @property
    def children(self) -> dict[str, Layer]:
        """The wrapped layer."""
        return {"underlying": self.underlying}

    def output_type(self, given: InputType) -> InputType:
        """Give rows."""
        inner = self.underlying.output_type(given)
        if not isinstance(inner, InputTypeRecurrent):
            raise wrong_input(inner, "sequences from the layer inside", "take LastTimeStep away here")
        return InputType.feed_forward(inner.size)


@config(_LAYERS + "recurrent.Bidirectional")
class Bidirectional(Wrapper):
    """A recurrent layer run forwards and backwards (DL4J Bidirectional): ``Bidirectional(LSTM(n_out=8), mode="add")``.

    Parameters
    ----------
    fwd : Layer
        The recurrent layer. A LastTimeStep is read and applied, but DL4J cannot train it here.
    mode : str
        ``"concat"`` (default; twice as many outputs), ``"add"``, ``"mul"`` or ``"average"``.
    bwd : Layer, optional
        The backward layer; the same settings as `fwd` where not given.
    """

    fails_on_rows: ClassVar[bool] = True
    needs_whole_sequences: ClassVar[bool] = True

    fwd: Layer = nested("fwd", Layer, kw_only=False)
    mode: str = choice("mode", _MODES, default="concat", kw_only=False)
    bwd: Layer = nested("bwd", Layer, default=attrs.Factory(lambda self: self.fwd, takes_self=True))

    derived_keys: ClassVar[frozenset[str]] = Layer.derived_keys | {"nin", "nout", "rnndataFormat"}

    def __attrs_post_init__(self) -> None:
        for layer in (self.fwd, self.bwd):
            if not isinstance(layer, BaseRecurrentLayer | LastTimeStep):
                raise ConfigError(
                    f"Bidirectional.fwd: wanted a recurrent layer or a LastTimeStep, not {type(layer).__name__}"
                )
        if type(self.fwd) is not type(self.bwd) or _recurrent(self.fwd).n_out != _recurrent(self.bwd).n_out:
            raise ConfigError("Bidirectional.bwd: it must be of the class and n_out of fwd; leave it out")

    @property
    def children(self) -> dict[str, Layer]:
        """The forward and the backward layer."""
        return {"fwd": self.fwd, "bwd": self.bwd}

    def output_type(self, given: InputType) -> InputType:
        """Give sequences, or rows around a LastTimeStep. DL4J forgets the length of concatenated sequences here."""
        once = self.fwd.output_type(given)
        if self.mode != "concat":
            return once
        if isinstance(once, InputTypeFeedForward):
            return InputType.feed_forward(2 * once.size)
        sequence = as_sequence(once)
        return InputType.recurrent(2 * sequence.size, data_format=sequence.data_format)


def _recurrent(layer: Layer) -> BaseRecurrentLayer:
    inner = layer.underlying if isinstance(layer, LastTimeStep) else layer
    if not isinstance(inner, BaseRecurrentLayer):
        raise ConfigError(f"Bidirectional.fwd: two directions inside two directions ({type(inner).__name__})")
    return inner


def as_sequence(given: InputType) -> InputTypeRecurrent:
    """Give the input as sequences, or refuse it."""
    if not isinstance(given, InputTypeRecurrent):
        raise wrong_input(given, "sequences", _NO_SEQUENCES)
    return given
