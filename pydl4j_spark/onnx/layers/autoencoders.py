"""The encoding halves of autoencoders; the decoding ones are for pretraining, but have parameters too."""

from __future__ import annotations

from itertools import pairwise

from pydl4j_spark.onnx.activations import activate
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson, Params, ParamSpec
from pydl4j_spark.onnx.graph import Value
from pydl4j_spark.onnx.layers.feedforward import affine

_LAYERS = "org.deeplearning4j.nn.conf.layers."
_VARIATIONAL = _LAYERS + "variational."
_COMPOSITE = _VARIATIONAL + "CompositeReconstructionDistribution"

# How many parameters of a distribution there are for each value.
_PER_VALUE = {
    _VARIATIONAL + "BernoulliReconstructionDistribution": 1,
    _VARIATIONAL + "ExponentialReconstructionDistribution": 1,
    _VARIATIONAL + "GaussianReconstructionDistribution": 2,
    _VARIATIONAL + "LossFunctionWrapper": 1,
}


def _auto_encoder_params(layer: LayerJson) -> list[ParamSpec]:
    n_in, n_out = int(layer["nin"]), int(layer["nout"])
    return [ParamSpec("W", (n_in, n_out), "f"), ParamSpec("b", (n_out,)), ParamSpec("vb", (n_in,))]


def _auto_encoder(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    y = affine(ctx, x, params["W"], params["b"])
    return activate(ctx, y, layer.get("activationFn"), softmax_axis=1)


def _variational_params(layer: LayerJson) -> list[ParamSpec]:
    n_in, n_out = int(layer["nin"]), int(layer["nout"])
    encoder, decoder = ([int(n) for n in layer[f"{half}LayerSizes"]] for half in ("encoder", "decoder"))
    blocks = [(f"e{i}", *sizes) for i, sizes in enumerate(pairwise([n_in, *encoder]))]
    blocks += [("pZXMean", encoder[-1], n_out), ("pZXLogStd2", encoder[-1], n_out)]
    blocks += [(f"d{i}", *sizes) for i, sizes in enumerate(pairwise([n_out, *decoder]))]
    blocks += [("pXZ", decoder[-1], _distribution_size(layer["outputDistribution"], n_in))]
    return [
        spec
        for name, before, behind in blocks
        for spec in (ParamSpec(f"{name}W", (before, behind), "f"), ParamSpec(f"{name}b", (behind,)))
    ]


def _distribution_size(distribution: LayerJson, values: int) -> int:
    if distribution["@class"] != _COMPOSITE:
        return _PER_VALUE[distribution["@class"]] * values
    parts = zip(distribution["reconstructionDistributions"], distribution["distributionSizes"], strict=True)
    return sum(_distribution_size(part, int(size)) for part, size in parts)


def _unknown_distribution(distribution: LayerJson) -> str | None:
    name = distribution["@class"]
    if name != _COMPOSITE:
        return None if name in _PER_VALUE else str(name)
    return next(filter(None, map(_unknown_distribution, distribution["reconstructionDistributions"])), None)


def _variational_objection(layer: LayerJson) -> str | None:
    name = _unknown_distribution(layer["outputDistribution"])
    return f"how many parameters the distribution {name} has is Java code that is not in the file" if name else None


def _variational(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    """Write the mean of what the encoder makes of a row: at inference nothing is sampled."""
    for i in range(len(layer["encoderLayerSizes"])):
        x = affine(ctx, x, params[f"e{i}W"], params[f"e{i}b"], f"e{i}")
        x = activate(ctx, x, layer.get("activationFn"), softmax_axis=1)
    x = affine(ctx, x, params["pZXMeanW"], params["pZXMeanb"], "pZXMean")
    return activate(ctx, x, layer.get("pzxActivationFn"), softmax_axis=1)


CONVERTERS = (
    Converter(_LAYERS + "AutoEncoder", _auto_encoder, _auto_encoder_params),
    Converter(
        _VARIATIONAL + "VariationalAutoencoder", _variational, _variational_params, objection=_variational_objection
    ),
)
