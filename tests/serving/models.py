"""Small ONNX models, written by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def tensor(name: str, *shape: Any, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def written(
    path: Path,
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    weights: dict[str, np.ndarray] | None = None,
    **metadata: str,
) -> Path:
    initializers = [numpy_helper.from_array(array, name) for name, array in (weights or {}).items()]
    graph = helper.make_graph(nodes, "test", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    helper.set_model_props(model, metadata)
    onnx.save(model, path)
    return path


def classifier(path: Path, weights: np.ndarray, last: str = "Softmax", **metadata: str) -> Path:
    """One product of matrices and an activation."""
    nodes = [helper.make_node("MatMul", ["input", "W"], ["z"]), helper.make_node(last, ["z"], ["output"])]
    size, classes = weights.shape
    return written(
        path, nodes, [tensor("input", "N", size)], [tensor("output", "N", classes)], {"W": weights}, **metadata
    )


def two_ends(path: Path) -> Path:
    """Two inputs, one of them sequences with a mask; a class and a value come out, and a value for each time step.

    ``kind`` is softmax of ``left`` and the masked sum of ``steps``; ``sum`` and ``each`` are the sums themselves.
    """
    nodes = [
        helper.make_node("Unsqueeze", ["steps_mask", "one"], ["wide_mask"]),
        helper.make_node("Mul", ["steps", "wide_mask"], ["each"]),
        helper.make_node("ReduceSum", ["each", "two"], ["sums"], keepdims=0),
        helper.make_node("Concat", ["left", "sums"], ["all"], axis=1),
        helper.make_node("Softmax", ["all"], ["kind"]),
        helper.make_node("ReduceSum", ["all", "one"], ["sum"], keepdims=1),
        helper.make_node("ArgMax", ["all"], ["class"], axis=1, keepdims=0),
    ]
    return written(
        path,
        nodes,
        [tensor("left", "N", 3), tensor("steps", "N", 2, "T"), tensor("steps_mask", "N", "T")],
        [
            tensor("kind", "N", 5),
            tensor("sum", "N", 1),
            tensor("each", "N", 2, "T"),
            tensor("class", "N", kind=TensorProto.INT64),
        ],
        {"one": np.array([1]), "two": np.array([2])},
        network="ComputationGraph",
        labels='{"kind": ["a", "b", "c", "d", "e"]}',
    )
