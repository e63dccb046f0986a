"""Loss functions: by name, ``"mcxent"``, or as an object where they have settings, ``LossMCXENT(weights=[1, 5])``.

``weights`` weighs each output (class) of the loss: as many numbers as the layer has outputs.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydl4j_spark.conf.base import Config, config
from pydl4j_spark.conf.fields import real, row, whole
from pydl4j_spark.conf.types import Number, Numbers

_PACKAGE = "org.nd4j.linalg.lossfunctions.impl."


class Loss(Config):
    """The family of loss functions."""

    names: ClassVar[dict[str, Any]] = {}


@config(_PACKAGE + "LossBinaryXENT", "xent", "binary_xent")
class LossBinaryXENT(Loss):
    """Binary cross entropy of each output, with sigmoid (DL4J XENT)."""

    weights: Numbers | None = row("weights", default=None)
    clip_eps: Number = real("clipEps", default=1e-5, minimum=0, maximum=0.5)


@config(_PACKAGE + "LossCosineProximity", "cosine_proximity")
class LossCosineProximity(Loss):
    """The negative cosine of output and label (DL4J COSINE_PROXIMITY)."""


@config(_PACKAGE + "LossFMeasure", "fmeasure")
class LossFMeasure(Loss):
    """An approximation of the F-beta measure, over whole minibatches (DL4J LossFMeasure)."""

    beta: Number = real("beta", default=1.0, above=0)


@config(_PACKAGE + "LossHinge", "hinge")
class LossHinge(Loss):
    """Hinge, labels -1 and 1 (DL4J HINGE)."""


@config(_PACKAGE + "LossKLD", "kl_divergence", "reconstruction_crossentropy")
class LossKLD(Loss):
    """Kullback-Leibler divergence (DL4J KL_DIVERGENCE, RECONSTRUCTION_CROSSENTROPY)."""


@config(_PACKAGE + "LossL1", "l1")
class LossL1(Loss):
    """The sum of absolute errors (DL4J L1)."""

    weights: Numbers | None = row("weights", default=None)


@config(_PACKAGE + "LossL2", "l2")
class LossL2(Loss):
    """The sum of squared errors (DL4J L2)."""

    weights: Numbers | None = row("weights", default=None)


@config(_PACKAGE + "LossMAE", "mean_absolute_error", "mae")
class LossMAE(Loss):
    """The mean of absolute errors (DL4J MEAN_ABSOLUTE_ERROR)."""

    weights: Numbers | None = row("weights", default=None)


@config(_PACKAGE + "LossMAPE", "mean_absolute_percentage_error", "mape")
class LossMAPE(Loss):
    """The mean of absolute errors in percent (DL4J MEAN_ABSOLUTE_PERCENTAGE_ERROR)."""

    weights: Numbers | None = row("weights", default=None)


@config(_PACKAGE + "LossMCXENT", "mcxent")
class LossMCXENT(Loss):
    """Multi-class cross entropy, with softmax (DL4J MCXENT)."""

    weights: Numbers | None = row("weights", default=None)
    softmax_clip_eps: Number = real("softmaxClipEps", default=1e-10, minimum=0, maximum=0.5)


@config(_PACKAGE + "LossNegativeLogLikelihood", "negativeloglikelihood", "negative_log_likelihood")
class LossNegativeLogLikelihood(LossMCXENT):
    """The same as multi-class cross entropy (DL4J NEGATIVELOGLIKELIHOOD)."""


@config(_PACKAGE + "LossSparseMCXENT", "sparse_mcxent")
class LossSparseMCXENT(LossMCXENT):
    """Multi-class cross entropy whose labels are class indices (DL4J SPARSE_MCXENT)."""


@config(_PACKAGE + "LossMixtureDensity", "mixture_density")
class LossMixtureDensity(Loss):
    """A mixture of normal distributions over labels (DL4J LossMixtureDensity).

    Parameters
    ----------
    mixtures : int
        How many distributions.
    label_width : int
        How many numbers a label has. The layer needs ``mixtures * (label_width + 2)`` outputs.
    """

    mixtures: int = whole("mixtures", minimum=1)
    label_width: int = whole("labelWidth", minimum=1)

    @property
    def outputs(self) -> int:
        """How many outputs the layer must have."""
        return self.mixtures * (self.label_width + 2)


@config(_PACKAGE + "LossMSE", "mse", "squared_loss")
class LossMSE(Loss):
    """The mean of squared errors (DL4J MSE, SQUARED_LOSS)."""

    weights: Numbers | None = row("weights", default=None)


@config(_PACKAGE + "LossMSLE", "mean_squared_logarithmic_error", "msle")
class LossMSLE(Loss):
    """The mean of squared errors of logarithms (DL4J MEAN_SQUARED_LOGARITHMIC_ERROR)."""

    weights: Numbers | None = row("weights", default=None)


@config(_PACKAGE + "LossMultiLabel", "multi_label")
class LossMultiLabel(Loss):
    """Pairwise ranking of several labels for a row (DL4J LossMultiLabel)."""


@config(_PACKAGE + "LossPoisson", "poisson")
class LossPoisson(Loss):
    """Poisson, for counts (DL4J POISSON)."""


@config(_PACKAGE + "LossSquaredHinge", "squared_hinge")
class LossSquaredHinge(Loss):
    """Squared hinge, labels -1 and 1 (DL4J SQUARED_HINGE)."""


@config(_PACKAGE + "LossWasserstein", "wasserstein")
class LossWasserstein(Loss):
    """Wasserstein, for critics (DL4J WASSERSTEIN)."""
