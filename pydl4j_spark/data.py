"""Data as users have it, brought to Spark: numpy arrays, DataFrames, RDDs and paths.

Nothing is converted here row by row: numpy arrays travel as files, DataFrame rows are converted where they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pydl4j_spark.arrays import labelled
from pydl4j_spark.engine.protocol import Handle
from pydl4j_spark.errors import DataError
from pydl4j_spark.example_shape import ExampleShape

if TYPE_CHECKING:
    from pydl4j_spark.engine.spark import SparkEngine

Columns = str | list[str] | tuple[str, ...]


class ColumnNames(NamedTuple):
    """Where a DataFrame has what the network needs."""

    features: Columns = "features"
    label: str = "label"


def is_frame(data: Any) -> bool:
    """Tell whether data is a Spark DataFrame."""
    return hasattr(data, "_jdf")


def is_rdd(data: Any) -> bool:
    """Tell whether data is an RDD of Python objects."""
    return hasattr(data, "_jrdd")


@contextmanager
def rows(
    engine: SparkEngine,
    spark: Any,
    data: Any,
    shape: ExampleShape,
    columns: ColumnNames,
    name: str,
) -> Iterator[Handle]:
    """Give labelled rows to the JVM for the length of a block.

    Parameters
    ----------
    data : tuple of arrays, DataFrame, RDD, str or Path
        ``(X, y)``; a DataFrame; an RDD of ``(features, label)`` pairs or ``LabeledPoint``; the path of a Parquet file.
    shape : ExampleShape
        What the network takes.
    columns : ColumnNames
        Column with all features, or one numeric column per feature; column with the label.
    name : str
        What to call the data in a message.

    Raises
    ------
    DataError
        For data that does not fit the network.
    """
    if isinstance(data, (str, Path)):
        data = spark.read.parquet(str(data))
    if is_rdd(data):
        data, columns = _frame_of(spark, data, name), ColumnNames()
    if is_frame(data):
        yield _frame_rows(engine, data, shape, columns, name)
        return
    if not (isinstance(data, (tuple, list)) and len(data) == 2):
        raise DataError(
            f"{name}: expected (X, y) arrays, a DataFrame, an RDD of pairs or the path of a Parquet file, "
            f"got {_kind(data)}"
        )
    with engine.array_rows(*labelled(data[0], data[1], shape, name)) as handle:
        yield handle


def _kind(data: Any) -> str:
    if isinstance(data, np.ndarray):
        return f"one array of shape {data.shape}; labels are missing"
    return type(data).__name__


# --- DataFrames and RDDs ---------------------------------------------------------------------------------------------


def frame_columns(frame: Any, shape: ExampleShape, features_col: Columns, name: str) -> tuple[list[str], ExampleShape]:
    """Check a DataFrame's feature columns, and settle an unknown number of time steps by its first row.

    Raises
    ------
    DataError
        For a column that is missing or of a type that holds no numbers.
    """
    columns = [features_col] if isinstance(features_col, str) else [str(column) for column in features_col]
    for column in columns:
        _check_type(frame, column, name)
    if None in shape.features:
        first = frame.select(*columns).first()
        if first is None:
            raise DataError(f"{name} has no rows")
        shape = shape.with_timesteps(sum(len(cell) if hasattr(cell, "__len__") else 1 for cell in first))
    return columns, shape


def _frame_rows(engine: SparkEngine, frame: Any, shape: ExampleShape, columns: ColumnNames, name: str) -> Handle:
    features, shape = frame_columns(frame, shape, columns.features, name)
    kind = _check_type(frame, columns.label, name)
    positions = prod(int(n) for n in shape.labels[1:] if n is not None)
    if kind == "number":
        indices = shape.classes > 1 and positions == 1
    else:
        # An array is a class index per time step, or the values themselves.
        indices = shape.classes > 1 and len(shape.labels) > 1 and kind == "whole numbers"
    spec = shape.spec(columns=features, label_column=columns.label, indices=indices)
    return engine.frame_rows(frame, spec, name)


def _check_type(frame: Any, column: str, name: str) -> str:
    from pyspark.sql import types as t

    if column not in frame.columns:
        raise DataError(f"{name}: there is no column '{column}'; the columns are {', '.join(frame.columns)}")
    kind = frame.schema[column].dataType
    if isinstance(kind, (t.NumericType, t.BooleanType)):
        return "number"
    if isinstance(kind, t.ArrayType) and isinstance(kind.elementType, t.IntegralType):
        return "whole numbers"
    if isinstance(kind, t.ArrayType) and isinstance(kind.elementType, t.NumericType):
        return "numbers"
    if kind.typeName() == "vector" or isinstance(kind, t.BinaryType) or type(kind).__name__ == "VectorUDT":
        return "numbers"
    raise DataError(
        f"{name}: column '{column}' is {kind.simpleString()}; features and labels are numbers, arrays of numbers or "
        "ml vectors (assemble columns with VectorAssembler, turn text into numbers with StringIndexer)"
    )


def _frame_of(spark: Any, rdd: Any, name: str) -> Any:
    """Turn an RDD of pairs or of LabeledPoint into a DataFrame: float32 bytes, and labels that are numbers or bytes."""
    from pyspark.sql.types import BinaryType, DoubleType, StructField, StructType

    # Nested, so that they are sent by value and executors need not have this package.
    def pair_of(row: Any) -> tuple[Any, Any]:
        return (row.features.toArray(), row.label) if hasattr(row, "features") else row

    def encoded(values: Any) -> bytearray:
        import numpy

        return bytearray(numpy.asarray(values, dtype="<f4").tobytes())

    def encode(row: Any) -> tuple[bytearray, Any]:
        features, label = pair_of(row)
        return encoded(features), encoded(label) if hasattr(label, "__len__") else float(label)

    first = rdd.take(1)
    if not first:
        raise DataError(f"{name} has no rows")
    try:
        _, label = pair_of(first[0])
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{name}: an RDD must hold (features, label) pairs or LabeledPoint, found {first[0]!r}"
        ) from error
    kind = BinaryType() if hasattr(label, "__len__") else DoubleType()
    columns = [StructField("features", BinaryType(), True), StructField("label", kind, True)]
    return spark.createDataFrame(rdd.map(encode), StructType(columns))
