"""Autoencoders as layers of a network: their encoders, trained with the layers after them.

DL4J can train them by themselves first, on rows without labels; nothing here does that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pydl4j_spark.conf.activations import Activation
from pydl4j_spark.conf.base import config
from pydl4j_spark.conf.fields import choice, nested, numbers_of, real, whole
from pydl4j_spark.conf.layers.base import ProjectingLayer, Shapes
from pydl4j_spark.conf.reconstruction import GaussianReconstructionDistribution, ReconstructionDistribution
from pydl4j_spark.conf.types import Number
from pydl4j_spark.errors import ConfigError

_LAYERS = "org.deeplearning4j.nn.conf.layers."
_LOSSES = {
    name: name.upper()
    for name in (
        *("mse", "l1", "xent", "mcxent", "sparse_mcxent", "squared_loss", "reconstruction_crossentropy"),
        *("negativeloglikelihood", "cosine_proximity", "hinge", "squared_hinge", "kl_divergence"),
        *("mean_absolute_error", "l2", "mean_absolute_percentage_error", "mean_squared_logarithmic_error"),
        *("poisson", "wasserstein"),
    )
}


@config()
class BasePretrainNetwork(ProjectingLayer):
    """What layers share that DL4J can train by themselves.

    Parameters
    ----------
    loss_function : str
        Of the reconstruction, by name; ``"reconstruction_crossentropy"`` by default. It counts in pretraining only.
    visible_bias_init : float
        First value of the reconstruction's bias.
    """

    can_be_wrapped: ClassVar[bool] = False

    loss_function: str = choice("lossFunction", _LOSSES, default="reconstruction_crossentropy")
    visible_bias_init: Number = real("visibleBiasInit", default=0.0)


@config(_LAYERS + "AutoEncoder")
class AutoEncoder(BasePretrainNetwork):
    """The encoder of a denoising autoencoder: ``[N, n_in]`` to ``[N, n_out]``, like a dense layer (DL4J AutoEncoder).

    Parameters
    ----------
    corruption_level : float
        The part of the input that pretraining sets to 0; 0.3 by default.
    sparsity : float
        DL4J keeps it and uses it nowhere.
    """

    # DL4J's default is a float of 32 bits.
    corruption_level: Number = real("corruptionLevel", default=0.30000001192092896, minimum=0, maximum=1)
    sparsity: Number = real("sparsity", default=0.0)

    @property
    def parameter_shapes(self) -> Shapes:
        """Weights, bias, and the reconstruction's bias."""
        return {"W": (self.n_in, self.n_out), "b": (self.n_out,), "vb": (self.n_in,)}


@config(_LAYERS + "variational.VariationalAutoencoder")
class VariationalAutoencoder(BasePretrainNetwork):
    """The encoder of a variational autoencoder: ``[N, n_in]`` to ``[N, n_out]``, the means of the latent variables.

    DL4J VariationalAutoencoder. `activation` is that of encoder and decoder.

    Parameters
    ----------
    n_out : int
        Latent variables.
    encoder_layer_sizes, decoder_layer_sizes : list of int
        Outputs of each dense layer of encoder and decoder; one of 100 by default.
    reconstruction : str or ReconstructionDistribution
        What the input is taken for; ``GaussianReconstructionDistribution("tanh")`` by default.
    pzx_activation : str or Activation
        Of the latent variables' parameters; ``"identity"`` by default.
    num_samples : int
        Samples of a step of pretraining.
    """

    encoder_layer_sizes: Sequence[int] = numbers_of("encoderLayerSizes", default=(100,), minimum=1)
    decoder_layer_sizes: Sequence[int] = numbers_of("decoderLayerSizes", default=(100,), minimum=1)
    reconstruction: ReconstructionDistribution | str = nested(
        "outputDistribution", ReconstructionDistribution, default=GaussianReconstructionDistribution("tanh")
    )
    pzx_activation: Activation | str = nested("pzxActivationFn", Activation, default="identity")
    num_samples: int = whole("numSamples", default=1, minimum=1)

    def __attrs_post_init__(self) -> None:
        for field in ("encoder_layer_sizes", "decoder_layer_sizes"):
            if not getattr(self, field):
                raise ConfigError(f"VariationalAutoencoder.{field}: it needs one layer at least")

    @property
    def parameter_shapes(self) -> Shapes:
        """Encoder, means, variances, decoder, and the reconstruction's parameters."""
        encoder, decoder = self.encoder_layer_sizes, self.decoder_layer_sizes
        distribution: Any = self.reconstruction
        dense = [
            *((f"e{i}", length) for i, length in enumerate(zip((self.n_in, *encoder), encoder, strict=False))),
            ("pZXMean", (encoder[-1], self.n_out)),
            ("pZXLogStd2", (encoder[-1], self.n_out)),
            *((f"d{i}", length) for i, length in enumerate(zip((self.n_out, *decoder), decoder, strict=False))),
            ("pXZ", (decoder[-1], None if self.n_in is None else distribution.n_parameters(self.n_in))),
        ]
        return {
            name + part: shape for name, (came, goes) in dense for part, shape in (("W", (came, goes)), ("b", (goes,)))
        }
