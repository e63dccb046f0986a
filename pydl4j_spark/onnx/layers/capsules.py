"""Capsule layers: capsules ``[N, capsules, dimensions]`` instead of numbers."""

from __future__ import annotations

from pydl4j_spark.onnx.activations import activate
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson, Params, ParamSpec
from pydl4j_spark.onnx.extents import divided, times
from pydl4j_spark.onnx.graph import Value

_LAYERS = "org.deeplearning4j.nn.conf.layers."
_MOST_ROUTINGS = 1000
_CONVOLUTION = _LAYERS + "ConvolutionLayer"
_RELU = "org.nd4j.linalg.activations.impl.ActivationReLU"


def _sum_of_squares(ctx: LayerContext, x: Value, axis: int, *, keepdims: bool) -> Value:
    return ctx.reduce("ReduceSum", ctx.op("Mul", x, x), [axis], keepdims=keepdims)


def _squash(ctx: LayerContext, x: Value) -> Value:
    """Shorten what stands along the last axis to less than 1."""
    squares = _sum_of_squares(ctx, x, x.rank - 1, keepdims=True)
    scale = ctx.op("Mul", ctx.op("Add", squares, 1.0), ctx.op("Sqrt", ctx.op("Add", squares, 1e-5)))
    return ctx.op("Div", ctx.op("Mul", x, squares), scale)


def _primary_params(layer: LayerJson) -> list[ParamSpec]:
    channels = int(layer["capsuleDimensions"]) * int(layer["channels"])
    bias = [ParamSpec("bias", (channels,))] if layer["hasBias"] else []
    kernel = (int(k) for k in layer["kernelSize"])
    return [ParamSpec("weight", (*kernel, int(layer["inputChannels"]), channels)), *bias]


def _primary(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    # A convolution of NCHW images, whatever the layout that comes in, with the kernel's axes in front.
    own = {"W": params["weight"].transpose(3, 2, 0, 1), **({"b": params["bias"]} if "bias" in params else {})}
    settings = {**layer, "nin": layer["inputChannels"], "nout": own["W"].shape[0]}
    y: Value = ctx.registry[_CONVOLUTION].emit(ctx, x, settings, own)
    if layer["useRelu"]:
        y = activate(ctx, y, {"@class": _RELU, "negativeSlope": layer["leak"]}, softmax_axis=1)
    capsules, size = int(layer["capsules"]), int(layer["capsuleDimensions"])
    rows = divided(times(*y.shape), capsules * size)
    return _squash(ctx, ctx.reshape(y, [-1, capsules, size], (rows, capsules, size)))


def _capsule_params(layer: LayerJson) -> list[ParamSpec]:
    given, given_size = int(layer["inputCapsules"]), int(layer["inputCapsuleDimensions"])
    capsules, size = int(layer["capsules"]), int(layer["capsuleDimensions"])
    bias = [ParamSpec("bias", (1, 1, capsules, size, 1))] if layer["hasBias"] else []
    return [ParamSpec("weight", (1, given, capsules * size, given_size, 1)), *bias]


def _capsule(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    capsules, size = int(layer["capsules"]), int(layer["capsuleDimensions"])
    weights = params["weight"][0, :, :, :, 0]
    given, batch = weights.shape[0], x.shape[0]
    # What each incoming capsule says of each outgoing one, [given, N, capsules, size].
    rows = ctx.transpose(x, 1, 0, 2)
    says = ctx.op(
        "MatMul", rows, ctx.const("weight", weights.transpose(0, 2, 1)), shape=(given, batch, capsules * size)
    )
    says = ctx.reshape(says, [0, 0, capsules, size], (given, batch, capsules, size))
    agreement = None
    for step in range(int(layer["routings"])):
        if agreement is None:
            heard = ctx.op("Mul", ctx.reduce("ReduceSum", says, [0], keepdims=True), 1 / capsules)
        else:
            shares = ctx.op("Softmax", agreement, axis=2)
            heard = ctx.reduce("ReduceSum", ctx.op("Mul", says, shares), [0], keepdims=True)
        if "bias" in params:
            heard = ctx.op("Add", heard, ctx.const("bias", params["bias"][..., 0]))
        y = _squash(ctx, heard)
        if step + 1 < int(layer["routings"]):
            likeness = ctx.reduce("ReduceSum", ctx.op("Mul", says, y), [3], keepdims=True)
            agreement = likeness if agreement is None else ctx.op("Add", agreement, likeness)
    return ctx.op("Squeeze", y, ctx.ints(0), shape=y.shape[1:])


def _capsule_objection(layer: LayerJson) -> str | None:
    # Each is written out, by DL4J too.
    return None if 0 < layer["routings"] <= _MOST_ROUTINGS else f"it has {layer['routings']} routings"


def _strength(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    return ctx.op("Sqrt", _sum_of_squares(ctx, x, 2, keepdims=False))


CONVERTERS = (
    Converter(_LAYERS + "PrimaryCapsules", _primary, _primary_params),
    Converter(_LAYERS + "CapsuleLayer", _capsule, _capsule_params, objection=_capsule_objection),
    Converter(_LAYERS + "CapsuleStrengthLayer", _strength),
)
