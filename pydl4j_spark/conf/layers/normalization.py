"""Normalisation of activations."""

from __future__ import annotations

from pydl4j_spark.conf.base import config
from pydl4j_spark.conf.fields import choice, flag, real, whole
from pydl4j_spark.conf.inputs import (
    CNN_FORMATS,
    InputType,
    InputTypeConvolutional,
    InputTypeConvolutional3D,
    InputTypeFeedForward,
    InputTypeRecurrent,
)
from pydl4j_spark.conf.layers.base import FeedForwardLayer, Layer, settle, unflattening, wrong_input
from pydl4j_spark.conf.layers.spatial import LaidOutLayer
from pydl4j_spark.conf.preprocessors import Preprocessor
from pydl4j_spark.conf.types import Number
from pydl4j_spark.errors import ConfigError


@config("org.deeplearning4j.nn.conf.layers.BatchNormalization")
class BatchNormalization(FeedForwardLayer):
    """Normalises each number of a row, or each channel of an image, over the minibatch (DL4J BatchNormalization).

    DL4J stores its activation and never applies it; put an ActivationLayer after it.

    Parameters
    ----------
    decay : float
        How much of the running mean and variance is kept at each update.
    eps : float
        Added to the variance.
    lock_gamma_beta : bool
        Whether `gamma` and `beta` stay as they are, instead of being learned.
    gamma, beta : float
        Scale and shift; where locked, DL4J applies them only if gamma is not 1 and beta is not 0.
    minibatch : bool
        Whether the statistics are those of the minibatch.
    use_log_std : bool
        Whether the variance is kept as log10 of the standard deviation (DL4J's default) or as it is.
    data_format : str, optional
        Where channels are, ``"NCHW"`` or ``"NHWC"``; that of the input where not set.
    """

    n_out: int | None = whole("nout", default=None, minimum=1, none=0)
    decay: Number = real("decay", default=0.9, minimum=0, maximum=1)
    eps: Number = real("eps", default=1e-5, above=0)
    lock_gamma_beta: bool = flag("lockGammaBeta", default=False)
    gamma: Number = real("gamma", default=1.0)
    beta: Number = real("beta", default=0.0)
    minibatch: bool = flag("minibatch", default=True)
    use_log_std: bool = flag("useLogStd", default=True)
    data_format: str | None = choice("cnn2DFormat", CNN_FORMATS, default=None)
    cudnn_allow_fallback: bool = flag("cudnnAllowFallback", default=True)

    @property
    def n_params(self) -> int | None:
        """Mean and variance, and gamma and beta where they are learned."""
        return None if self.n_in is None else (2 if self.lock_gamma_beta else 4) * self.n_in

    @property
    def n_updated(self) -> int | None:
        """Gamma and beta; the statistics follow the data."""
        return None if self.n_in is None else (0 if self.lock_gamma_beta else 2) * self.n_in

    @property
    def parameter_ranks(self) -> dict[str, int]:
        """Statistics, and gamma and beta where they are learned."""
        learned = () if self.lock_gamma_beta else ("gamma", "beta")
        return dict.fromkeys((*learned, "mean", "log10stdev" if self.use_log_std else "var"), 1)

    @property
    def variables(self) -> tuple[str, ...]:
        """DL4J's reader tells by these names that the variance is kept as it is."""
        return () if self.use_log_std else ("gamma", "beta", "mean", "var")

    def input_from_n_in(self) -> InputType | None:
        """Give nothing: `n_in` may be the numbers of a row or the channels of an image."""
        return None

    def preprocessor_for(self, given: InputType) -> Preprocessor | None:
        """Make images of flat images."""
        return unflattening(given)

    def accept(self, given: InputType) -> Layer:
        """Take the number of channels and where they are."""
        if isinstance(given, InputTypeRecurrent):
            if given.data_format == "NCW" or self.data_format != "NHWC":
                raise ConfigError(
                    "DL4J normalises sequences [N, C, T] over the wrong axis; use NWC sequences with"
                    " BatchNormalization(data_format='NHWC'), or normalise before the recurrent layers"
                )
            return self._sized(given.size)
        if isinstance(given, InputTypeConvolutional):
            return self._sized(given.channels, data_format=given.data_format)
        if isinstance(given, InputTypeFeedForward):
            return self._sized(given.size, data_format=self.data_format or "NCHW")
        if isinstance(given, InputTypeConvolutional3D):
            raise ConfigError("DL4J cannot normalise volumes; leave BatchNormalization out, or put it after flat rows")
        raise wrong_input(given, "rows or images", "use InputType.convolutional_flat")

    def _sized(self, size: int, **settled: str) -> Layer:
        made: Layer = settle(self, n_in=size, n_out=size, **settled)
        return made

    def output_type(self, given: InputType) -> InputType:
        """Give what comes in."""
        return given


@config("org.deeplearning4j.nn.conf.layers.LocalResponseNormalization")
class LocalResponseNormalization(LaidOutLayer):
    """Divides each number of an image by those of the channels next to it (DL4J LocalResponseNormalization).

    ``y = x / (k + alpha * sum(x ** 2 over n channels)) ** beta``. DL4J's gradient of it is good for small `alpha` only.

    Parameters
    ----------
    n : float
        Channels that are summed up, half of them on each side.
    k, alpha, beta : float
        As in the formula; 2, 1e-4 and 0.75 by default, as in DL4J.
    data_format : str, optional
        ``"NCHW"`` or ``"NHWC"``; that of the input where not set.
    """

    n: Number = real("n", default=5.0, above=0)
    k: Number = real("k", default=2.0)
    alpha: Number = real("alpha", default=1e-4)
    beta: Number = real("beta", default=0.75)
    cudnn_allow_fallback: bool = flag("cudnnAllowFallback", default=True)
