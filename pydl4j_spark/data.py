"""Data as users have it, brought to Spark: numpy arrays, DataFrames, RDDs and paths.

Nothing is converted here row by row: numpy arrays travel as files, DataFrame rows are converted where they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydl4j_spark.array_rows import labelled
from pydl4j_spark.ends import Ends
from pydl4j_spark.engine.protocol import Handle
from pydl4j_spark.errors import DataError
from pydl4j_spark.frames import ColumnNames, frame_rows
from pydl4j_spark.local_data import is_whole, kind_of
from pydl4j_spark.rdds import frame_of_rdd

if TYPE_CHECKING:
    from pydl4j_spark.engine.spark import SparkEngine


def is_frame(data: Any) -> bool:
    """Tell whether data is a Spark DataFrame."""
    return hasattr(data, "_jdf")


def is_rdd(data: Any) -> bool:
    """Tell whether data is an RDD of Python objects."""
    return hasattr(data, "_jrdd")


@contextmanager
def rows(engine: SparkEngine, spark: Any, data: Any, ends: Ends, columns: ColumnNames, name: str) -> Iterator[Handle]:
    """Give labelled rows to the JVM for the length of a block.

    Parameters
    ----------
    data : tuple of arrays, DataFrame, RDD, str or Path
        ``(X, y)``, which masks may follow; a DataFrame; an RDD of such tuples for one row each, or of
        ``LabeledPoint``; the path of a Parquet file.
    ends : Ends
        What takes them.
    columns : ColumnNames
        Which columns of a DataFrame.
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
        data, columns = frame_of_rdd(spark, data, ends, name)
    if is_frame(data):
        found = frame_rows(data, ends, columns, name, labelled=True)
        yield engine.frame_rows(found.frame, found.spec, name)
        return
    if not is_whole(data):
        raise DataError(
            f"{name}: expected (X, y) arrays, which masks may follow, a DataFrame, an RDD of pairs or the path of a "
            f"Parquet file, got {kind_of(data)}"
        )
    with engine.array_rows(*labelled(data, ends, name)) as handle:
        yield handle
