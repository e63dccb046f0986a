"""A model's way to Spark's Python workers, and what comes back from there."""

from __future__ import annotations

import pickle
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from pydl4j_spark.example_shape import ExampleShape
from pydl4j_spark.prediction_columns import PredictionColumns
from pydl4j_spark.serving.session import Feed


class Copies:
    """A model on the clusters that score with it: sent to each once, when it is first needed there."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = dict(files)
        self._shared: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()

    def on(self, context: Any) -> Any:
        """Give the broadcast of the model's files on a Spark context's cluster."""
        if context not in self._shared:
            self._shared[context] = context.broadcast(self._files)
        return self._shared[context]

    def close(self) -> None:
        """Destroy all broadcasts; what a stopped context had is gone with it."""
        from pyspark import SparkContext

        while self._shared:
            context, files = self._shared.popitem()
            if context is SparkContext._active_spark_context:
                files.destroy()


class Plan(NamedTuple):
    """What a worker is told.

    Attributes
    ----------
    digest : str
        What the model is known by.
    threads, batch_size : int
        As `OnnxModel` says.
    columns : tuple of str
        Of the batches.
    kept : int
        How many of them are the user's, the first ones; behind them are columns that were laid flat.
    inputs : tuple of dict
        What `pydl4j_spark.row_spec.Input` says of each, as JSON has it.
    feeds : tuple of Feed
        The same inputs in the model.
    outputs : tuple of str
        Their names in the model.
    answers : tuple of PredictionColumns
        What becomes of them.
    """

    digest: str
    threads: int
    batch_size: int
    columns: tuple[str, ...]
    kept: int
    inputs: tuple[dict[str, Any], ...]
    feeds: tuple[Feed, ...]
    outputs: tuple[str, ...]
    answers: tuple[PredictionColumns, ...]


def scored_frame(schema: Any, frame: Any, shapes: Sequence[ExampleShape], plan: Plan, files: Any) -> Any:
    """Give the DataFrame that is scored when it is computed.

    Parameters
    ----------
    schema : StructType
        Of the user's columns.
    frame : DataFrame
        These, and behind them columns that were laid flat.
    shapes : list of ExampleShape
        Of the outputs.
    plan : Plan
        What workers do.
    files : Broadcast
        The model.
    """
    from pyspark.sql.types import StructType

    fields = [field for shape, each in zip(shapes, plan.answers, strict=True) for field in _fields(shape, each.columns)]
    # Columns go by their place: pyspark would take dots in their names for those of fields.
    placed = frame.toDF(*(f"c{place}" for place in range(len(plan.columns))))
    with warnings.catch_warnings():
        # pyspark asks for pandas here and warns of its version, but no row goes through it.
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        return placed.mapInArrow(_work(files, pickle.dumps(plan)), StructType([*schema.fields, *fields]))


def _work(files: Any, plan: bytes) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """Give what workers do. They must be able to read it without this package, to say that it is missing."""

    def work(batches: Iterator[Any]) -> Iterator[Any]:
        try:
            from pydl4j_spark.serving.worker import scored
        except ImportError as error:
            raise ImportError(
                f"{sys.executable} cannot import what scores rows ({error}): install pydl4j_spark, pyarrow and "
                "onnxruntime on every machine that scores, or ship an environment that has them with spark.archives"
            ) from error
        return scored(batches, files, pickle.loads(plan))

    return work


def _fields(shape: ExampleShape, columns: tuple[str, ...]) -> list[Any]:
    """Give Spark's fields of an output's columns."""
    from pyspark.ml.linalg import VectorUDT
    from pyspark.sql import types as t

    alone = len(shape.labels) == 1 and (shape.task != "REGRESSION" or shape.labels[0] == 1)
    predicted = t.DoubleType() if alone else t.ArrayType(t.DoubleType(), containsNull=False)
    kinds = (predicted, VectorUDT())
    return [t.StructField(column, kind, nullable=False) for column, kind in zip(columns, kinds, strict=False)]
