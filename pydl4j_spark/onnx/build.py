"""From the configuration and the flat parameter vector to a checked ONNX graph."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import onnx
from attrs import field, frozen
from onnx import ModelProto, helper

from pydl4j_spark.description import LayerDescription, NetworkDescription, parse_configuration
from pydl4j_spark.errors import Dl4jError, ExportError, ModelFormatError, UnsupportedLayer
from pydl4j_spark.model_zip import ModelZip
from pydl4j_spark.normalizers import ImagePreProcessingScaler, Normalizer, NormalizerMinMaxScaler
from pydl4j_spark.onnx.activations import is_known
from pydl4j_spark.onnx.converter import Registry
from pydl4j_spark.onnx.graph import Array, GraphBuilder, LayerContext, Shape, Value
from pydl4j_spark.onnx.inputs import INPUT_NAME, NetworkInput, find_input

OUTPUT_NAME = "output"
DEFAULT_OPSET = 15
OPSETS = range(13, 22)
IR_VERSIONS = {13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10}

# The limit of a protobuf message, with some room for the graph around the weights.
_LARGEST = (1 << 31) - (16 << 20)


@frozen
class Built:
    """A model that is valid, and what is known of its ends."""

    model: ModelProto = field(repr=False)
    input: NetworkInput
    output_shape: Shape
    opset: int


def build(
    source: ModelZip, input_shapes: Any, opset: int | None, registry: Registry, normalizer: Normalizer | None
) -> Built:
    """Turn a model file into a checked ONNX model.

    Parameters
    ----------
    source : ModelZip
        The model file.
    input_shapes : tuple or Mapping, optional
        The shape of one row, where it is not known otherwise.
    opset : int or None
        The opset to write; None for the default.
    registry : Mapping from str to Converter
        The converters of this export.
    normalizer : Normalizer or None
        What to put in front.

    Raises
    ------
    UnsupportedLayer, ExportError, ModelFormatError
        As :func:`~pydl4j_spark.onnx.export_onnx` says.
    """
    network = parse_configuration(source.configuration)
    if network.kind != "MultiLayerNetwork":
        raise ExportError(f"a {network.kind} cannot be exported in this version; only a MultiLayerNetwork can")
    if network.data_type == "BFLOAT16":
        raise ExportError("a network of data type BFLOAT16 cannot be exported; convert it to FLOAT and save it again")
    if source.params.nbytes > _LARGEST:
        raise ExportError(
            f"{source.params.nbytes} bytes of parameters are more than one ONNX file holds, which is 2 GB"
        )
    _refuse_unsupported(network, registry)
    opset = _choose_opset(network, opset, registry)
    params = _split_params(network, source.params, registry)
    with _settings_of(_layer_name(network.layers[0])):
        entry = find_input(network, source.manifest, input_shapes)

    builder = GraphBuilder(source.params.dtype, opset)
    x = start = Value(builder.unique(INPUT_NAME), entry.shape)
    if normalizer is not None:
        x = _normalize(LayerContext(builder, "normalizer", start, registry), x, normalizer)
    for layer, own in zip(network.layers, params, strict=True):
        preprocessor = network.preprocessors.get(layer.index)
        if preprocessor is not None:
            ctx = LayerContext(builder, f"{layer.name}/preprocessor", start, registry)
            with _settings_of(_preprocessor_name(layer, preprocessor)):
                x = registry[preprocessor["@class"]].emit(ctx, x, preprocessor, {})
        ctx = LayerContext(builder, layer.name, start, registry)
        with _settings_of(_layer_name(layer)):
            x = registry[layer.dl4j_class].emit(ctx, x, layer.json, own)
    if x.name == start.name:
        x = LayerContext(builder, OUTPUT_NAME, start, registry).op("Identity", x)
    x = builder.rename(x, OUTPUT_NAME)
    graph = builder.finish("pydl4j_spark", [start], [x])
    model = helper.make_model(
        graph,
        producer_name="pydl4j_spark",
        producer_version=own_version(),
        opset_imports=[helper.make_opsetid("", opset)],
        ir_version=IR_VERSIONS[opset],
    )
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError, ValueError) as error:
        raise ExportError(f"the graph is not valid ONNX of opset {opset}: {error}") from error
    return Built(model, entry, x.shape, opset)


def _layer_name(layer: LayerDescription) -> str:
    return f"layer {layer.index} ({layer.name!r}, {layer.dl4j_class})"


def _preprocessor_name(layer: LayerDescription, preprocessor: Mapping[str, Any]) -> str:
    return f"preprocessor of layer {layer.index} ({preprocessor.get('@class')})"


@contextlib.contextmanager
def _settings_of(what: str) -> Iterator[None]:
    """Name the part of the configuration whose JSON its converter stumbles over, in whatever way."""
    try:
        yield
    except Dl4jError:
        raise
    except Exception as error:
        raise ModelFormatError(
            f"configuration.json: {what}: a setting is missing or not what its converter expects "
            f"({type(error).__name__}: {error})"
        ) from error


def _refuse_unsupported(network: NetworkDescription, registry: Registry) -> None:
    problems = []
    for layer in network.layers:
        parts = [(_layer_name(layer), layer.json)]
        if layer.index in network.preprocessors:
            preprocessor = network.preprocessors[layer.index]
            parts.insert(0, (_preprocessor_name(layer, preprocessor), preprocessor))
        for what, part in parts:
            with _settings_of(what):
                reason = _objection(part, registry) or _unknown_activation(part, registry)
            if reason:
                problems.append(f"{what}: {reason}")
    if problems:
        raise UnsupportedLayer("this network cannot be exported as ONNX:\n  " + "\n  ".join(problems))


def _objection(part: Mapping[str, Any], registry: Registry) -> str | None:
    name = str(part.get("@class"))
    converter = registry.get(name)
    hook = f"pass converters={{{name!r}: Converter({name!r}, emit, params)}}"
    if converter is None:
        if name.startswith("org.deeplearning4j.") and "samediff" not in name.lower():
            return f"has no converter in this version; {hook}"
        return f"its behaviour is Java code that is not in the file; {hook}"
    reason = converter.objection(part)
    return f"{reason}; change the layer, or {hook}" if reason else None


def _unknown_activation(part: Any, registry: Registry) -> str | None:
    """Find an activation that cannot be written, also in layers inside layers."""
    if not isinstance(part, Mapping):
        return None
    for key in ("activationFn", "gateActivationFn"):
        activation = part.get(key)
        if isinstance(activation, Mapping) and not is_known(activation, registry):
            name = activation.get("@class")
            return f"activation {name} is not known; pass converters={{{name!r}: Converter({name!r}, emit)}}"
    inner = (part.get(key) for key in ("underlying", "fwd", "bwd"))
    return next((found for found in (_unknown_activation(i, registry) for i in inner) if found), None)


def _choose_opset(network: NetworkDescription, opset: int | None, registry: Registry) -> int:
    names = [layer.dl4j_class for layer in network.layers]
    names += [str(p["@class"]) for p in network.preprocessors.values()]
    needed = max((registry[name].since_opset for name in names), default=OPSETS[0])
    if opset is None:
        opset = max(DEFAULT_OPSET, needed)
    if isinstance(opset, bool) or opset not in OPSETS:
        raise ExportError(f"opset {opset} is not one of those that are tested, {OPSETS[0]} to {OPSETS[-1]}")
    if opset < needed:
        who = sorted(name for name in names if registry[name].since_opset > opset)
        raise ExportError(f"opset {opset} is too low: {', '.join(who)} needs {needed}")
    return int(opset)


def _split_params(network: NetworkDescription, flat: Array, registry: Registry) -> list[dict[str, Array]]:
    """Cut the flat vector into named arrays; it must end with the last layer."""
    at = 0
    layers = []
    for layer in network.layers:
        with _settings_of(_layer_name(layer)):
            specs = registry[layer.dl4j_class].param_specs(layer.json)
        own = {}
        for spec in specs:
            if min(spec.shape) < 1 or at + spec.size > flat.size:
                raise ModelFormatError(
                    f"coefficients.bin has {flat.size} parameters, but {spec.name} of layer {layer.index} "
                    f"({layer.name!r}) ends at {at + spec.size}; file and configuration do not belong together"
                )
            own[spec.name] = spec.cut(flat[at : at + spec.size])
            at += spec.size
        layers.append(own)
    if at != flat.size:
        raise ModelFormatError(
            f"coefficients.bin has {flat.size} parameters, the configuration describes {at}; "
            "file and configuration do not belong together, or another version of DL4J wrote them"
        )
    return layers


def _normalize(ctx: LayerContext, x: Value, normalizer: Normalizer) -> Value:
    if isinstance(normalizer, ImagePreProcessingScaler):
        x = ctx.op("Div", x, normalizer.max_pixel_val)
    else:
        offset, divisor = normalizer.affine()  # type: ignore[attr-defined]
        if x.shape[1] != offset.size:
            raise ExportError(
                f"the normalizer has {offset.size} columns, but axis 1 of the input {x.shape} is not that"
            )
        shape = (1, -1) + (1,) * (x.rank - 2)
        x = ctx.op("Sub", x, ctx.const("offset", offset.reshape(shape)))
        x = ctx.op("Div", x, ctx.const("divisor", divisor.reshape(shape)))
    if isinstance(normalizer, ImagePreProcessingScaler | NormalizerMinMaxScaler):
        span = normalizer.max_range - normalizer.min_range
        x = x if span == 1 else ctx.op("Mul", x, span)
        x = x if normalizer.min_range == 0 else ctx.op("Add", x, normalizer.min_range)
    return x


def own_version() -> str:
    """Return the version of this package, where it is installed."""
    try:
        return version("pydl4j-spark")
    except PackageNotFoundError:
        return "unknown"
