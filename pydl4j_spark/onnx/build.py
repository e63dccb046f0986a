"""From the configuration and the flat parameter vector to a checked ONNX graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from pydl4j_spark.description import NetworkDescription, NodeDescription, parse_configuration
from pydl4j_spark.errors import ExportError, ModelFormatError
from pydl4j_spark.model_zip import ModelZip
from pydl4j_spark.onnx.built import Built
from pydl4j_spark.onnx.context import LayerContext, Surroundings
from pydl4j_spark.onnx.converter import Registry
from pydl4j_spark.onnx.ends import Ends, enter, leave, normalized
from pydl4j_spark.onnx.graph import BATCH, Array, GraphBuilder, Value, check_extents
from pydl4j_spark.onnx.inputs import NetworkInput, find_inputs, mask_name
from pydl4j_spark.onnx.layouts import chosen, output_layout
from pydl4j_spark.onnx.overwriting import SharedArrays
from pydl4j_spark.onnx.refusals import choose_opset, preprocessor_place, refuse_unsupported, settings_of

# What the one output of a network of layers is called; a graph's are called as their vertices.
OUTPUT_NAME = "output"
# A file may state anything; deeper ones than this are not known.
MOST_LAYERS = 10_000


def build(
    source: ModelZip,
    input_shapes: Any,
    opset: int | None,
    registry: Registry,
    ends: Ends,
    *,
    masks: bool = False,
    stateful: bool = False,
) -> Built:
    """Turn a model file into a checked ONNX graph.

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
    ends : Ends
        What to put around the network.
    masks : bool, default False
        Whether sequences come with masks.
    stateful : bool, default False
        Whether recurrent layers take their state and give it back.

    Raises
    ------
    UnsupportedLayer, ExportError, ModelFormatError
        As :func:`~pydl4j_spark.onnx.export_onnx` says.
    """
    if not isinstance(masks, bool):
        raise ExportError(f"masks={masks!r}: True or False is expected; all sequences have masks then, and only they")
    if masks and stateful:
        raise ExportError("masks=True and stateful=True: DL4J takes no masks when it runs step by step; leave one out")
    network = parse_configuration(source.configuration)
    if network.data_type == "BFLOAT16":
        raise ExportError("a network of data type BFLOAT16 cannot be exported; convert it to FLOAT and save it again")
    if len(network.nodes) > MOST_LAYERS:
        raise ExportError(f"a network of {len(network.nodes)} layers and vertices is not exported, nor run by anyone")
    refuse_unsupported(network, registry)
    opset = choose_opset(network, opset, registry)
    params = _split_params(network, source.params, registry)
    with settings_of(network.nodes[0].place):
        entries = find_inputs(network, source.manifest, input_shapes)
        for entry in entries:
            check_extents(entry.shape, f"input {entry.name!r}")

    builder = GraphBuilder(source.params.dtype, opset)
    edge = LayerContext(builder, "input", Surroundings(registry, {}))
    layouts = chosen(ends.input_layout, {entry.name: entry.layout for entry in entries}, "input_layout")
    entrances = [enter(edge, entry, layouts[entry.name]) for entry in entries]
    inputs = {entry.name: entrance.inside for entry, entrance in zip(entries, entrances, strict=True)}
    given_masks = _mask_inputs(builder, entries) if masks else {}
    # Before anything else that may be called as they are.
    names = [builder.unique(name or OUTPUT_NAME) for name in _outside(network)]
    around = Surroundings(registry, inputs, given_masks, [] if stateful else None)
    values = dict(inputs)
    if ends.normalizer is not None:
        for index, entry in enumerate(entries):
            ctx = LayerContext(builder, "normalizer", around)
            values[entry.name] = normalized(ctx, inputs[entry.name], ends.normalizer.input_steps(index))
    passed: dict[str, Value | None] = {name: given_masks.get(name) for name in inputs}
    arrays = SharedArrays(network)
    for node, own in zip(network.nodes, params, strict=True):
        _emit(builder, around, node, own, values, passed)
        for name in arrays.written_by(node, registry[node.dl4j_class].in_place):
            values[name] = values[node.name]

    if stateful and not around.states:
        raise ExportError("stateful=True, but no layer of the network keeps a state between steps; leave it out")
    outside = [entrance.outside for entrance in entrances]
    if builder.rows is not None:
        entries = tuple(evolve(entry, shape=(builder.rows, *entry.shape[1:])) for entry in entries)
        outside = [evolve(value, shape=(builder.rows, *value.shape[1:])) for value in outside]
    outputs, further, orders = _leave(builder, around, network, values, ends, names)
    states = around.states or []
    built = Built(
        network,
        entries,
        (*outside, *given_masks.values(), *(before for _, before, _ in states)),
        (*outputs, *further, *(after for _, _, after in states)),
        tuple(entrance.order for entrance in entrances),
        tuple(orders),
        given_masks,
        tuple((before, after) for _, before, after in states),
        {node.name: values[node.name] for node in network.nodes},
        opset,
        builder,
    )
    built.check()
    return built


def _emit(
    builder: GraphBuilder,
    around: Surroundings,
    node: NodeDescription,
    params: Mapping[str, Array],
    values: dict[str, Value],
    masks: dict[str, Value | None],
) -> None:
    """Write one node of the network, its preprocessor first, and note what comes out of it."""
    given = [values[name] for name in node.inputs]
    before = [masks[name] for name in node.inputs]
    if node.preprocessor is not None:
        _check_single(node, given)
        ctx = LayerContext(builder, f"{node.name}/preprocessor", around, before)
        with settings_of(preprocessor_place(node)):
            converter = around.registry[node.preprocessor["@class"]]
            given = [_checked(converter.emit(ctx, given[0], node.preprocessor, {}), preprocessor_place(node))]
            before = [converter.mask(ctx, given[0], node.preprocessor)]
    ctx = LayerContext(builder, node.name, around, before)
    with settings_of(node.place):
        converter = around.registry[node.dl4j_class]
        if not converter.many:
            _check_single(node, given)
        y = _checked(converter.emit(ctx, tuple(given) if converter.many else given[0], node.json, params), node.place)
        values[node.name] = y
        masks[node.name] = converter.mask(ctx, y, node.json)


def _checked(y: Any, place: str) -> Value:
    if not isinstance(y, Value):
        raise ExportError(f"{place}: its converter gave {y!r}; a Value is expected, such as ctx.op returns")
    return y


def _check_single(node: NodeDescription, given: Sequence[Value]) -> None:
    if len(given) != 1:
        raise ModelFormatError(f"configuration.json: {node.place} takes one input, but has {len(given)}")


def _mask_inputs(builder: GraphBuilder, entries: Sequence[NetworkInput]) -> dict[str, Value]:
    """Declare the mask ``[N, T]`` of every input that is a sequence."""
    found = {
        entry.name: Value(mask_name(entry.name), (BATCH, entry.shape[entry.time_axis]))
        for entry in entries
        if entry.time_axis is not None
    }
    if not found:
        raise ExportError("masks=True, but no input is a sequence; leave it out")
    for name, mask in found.items():
        if mask.name in (entry.name for entry in entries):
            raise ExportError(
                f"masks=True, but the network has an input {mask.name!r}, as the mask of {name!r} would be called; "
                "rename the input in the network, or leave masks out"
            )
        builder.unique(mask.name)
    return found


def _outside(network: NetworkDescription) -> Sequence[str]:
    return [OUTPUT_NAME] if network.kind == "MultiLayerNetwork" else network.outputs


def _leave(
    builder: GraphBuilder,
    around: Surroundings,
    network: NetworkDescription,
    values: dict[str, Value],
    ends: Ends,
    names: Sequence[str],
) -> tuple[list[Value], list[Value], list[tuple[int, ...] | None]]:
    """Write what stands behind the network, and give the results the names that the outside sees."""
    taken = {value.name for value in around.inputs.values()}
    before = {name: output_layout(network, name, values[name].rank) for name in network.outputs}
    wanted = chosen(ends.output_layout, before, "output_layout")
    outputs, further, orders = [], [], []
    for index, (name, outside) in enumerate(zip(network.outputs, names, strict=True)):
        ctx = LayerContext(builder, outside, around)
        found = leave(ctx, values[name], name, index, before[name], wanted[name], ends)
        # An input that is an output too, or one result under two names.
        value = ctx.op("Identity", found.value) if found.value.name in taken else found.value
        outputs.append(_renamed(builder, values, value, outside))
        taken.add(outputs[-1].name)
        orders.append(found.order)
        for kind, also in found.also:
            further.append(_renamed(builder, values, also, builder.unique(f"{outside}_{kind}")))
    return outputs, further, orders


def _renamed(builder: GraphBuilder, values: dict[str, Value], old: Value, new: str) -> Value:
    renamed = builder.rename(old, new)
    for name, value in values.items():
        if value.name == old.name:
            values[name] = evolve(value, name=new)
    return renamed


def _split_params(network: NetworkDescription, flat: Array, registry: Registry) -> list[dict[str, Array]]:
    """Cut the flat vector into named arrays; it must end with the last node."""
    at = 0
    nodes = []
    for node in network.nodes:
        own = {}
        with settings_of(node.place):
            for spec in registry[node.dl4j_class].param_specs(node.json, registry):
                if min(spec.shape) < 1 or at + spec.size > flat.size:
                    raise ModelFormatError(
                        f"coefficients.bin has {flat.size} parameters, but {spec.name} of {node.place} "
                        f"ends at {at + spec.size}; file and configuration do not belong together"
                    )
                own[spec.name] = spec.cut(flat[at : at + spec.size])
                at += spec.size
        nodes.append(own)
    if at != flat.size:
        raise ModelFormatError(
            f"coefficients.bin has {flat.size} parameters, the configuration describes {at}; "
            "file and configuration do not belong together, or another version of DL4J wrote them"
        )
    return nodes
