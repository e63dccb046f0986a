"""DL4J's vertices: what joins, cuts and reshapes in a graph, between the layers."""

from pydl4j_spark.conf.vertices.arithmetic import (
    ElementWiseVertex,
    L2NormalizeVertex,
    L2Vertex,
    ScaleVertex,
    ShiftVertex,
)
from pydl4j_spark.conf.vertices.attention import AttentionVertex
from pydl4j_spark.conf.vertices.base import GraphVertex
from pydl4j_spark.conf.vertices.frozen import FrozenVertex
from pydl4j_spark.conf.vertices.joining import MergeVertex, StackVertex, SubsetVertex, UnstackVertex
from pydl4j_spark.conf.vertices.rnn import DuplicateToTimeSeriesVertex, LastTimeStepVertex, ReverseTimeSeriesVertex
from pydl4j_spark.conf.vertices.shaping import PoolHelperVertex, PreprocessorVertex, ReshapeVertex

__all__ = [
    "AttentionVertex",
    "DuplicateToTimeSeriesVertex",
    "ElementWiseVertex",
    "FrozenVertex",
    "GraphVertex",
    "L2NormalizeVertex",
    "L2Vertex",
    "LastTimeStepVertex",
    "MergeVertex",
    "PoolHelperVertex",
    "PreprocessorVertex",
    "ReshapeVertex",
    "ReverseTimeSeriesVertex",
    "ScaleVertex",
    "ShiftVertex",
    "StackVertex",
    "SubsetVertex",
    "UnstackVertex",
]
