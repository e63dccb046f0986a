"""A partition's rows on their way through a model, in a Python worker of Spark's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from numpy.typing import NDArray

from pydl4j_spark.errors import DataError
from pydl4j_spark.frames import own_name
from pydl4j_spark.serving.answers import answer_columns
from pydl4j_spark.serving.cells import Column, Refuse, input_arrays
from pydl4j_spark.serving.on_spark import Plan
from pydl4j_spark.serving.session import run, session_of


def scored(batches: Iterator[Any], files: Any, plan: Plan) -> Iterator[Any]:
    """Give each batch with its predictions beside it.

    Parameters
    ----------
    batches : iterator of pyarrow.RecordBatch
        A partition's rows.
    files : pyspark.Broadcast
        The model.
    plan : Plan
        What to do.

    Raises
    ------
    DataError
        For a row that the model does not take.
    """
    from pyspark import TaskContext

    context = TaskContext.get()
    partition = 0 if context is None else context.partitionId()
    session = session_of(plan.digest, plan.threads, lambda: files.value)
    first = 0
    for batch in batches:
        if batch.num_rows:
            yield _answered(batch, plan, session, _refusal(partition, first))
        first += batch.num_rows


def _refusal(partition: int, first: int) -> Refuse:
    return lambda row, problem: DataError(f"row {first + row} of partition {partition} cannot be scored: {problem}")


def _answered(batch: Any, plan: Plan, session: Any, refuse: Refuse) -> Any:
    columns = {name: Column(own_name(name), batch.column(place)) for place, name in enumerate(plan.columns)}
    given: dict[str, NDArray[Any]] = {}
    held, filled = None, 0
    for spec, feed in zip(plan.inputs, plan.feeds, strict=True):
        mask = None if spec["mask_column"] is None else columns[spec["mask_column"]]
        rows, steps, lengths = input_arrays(spec, [columns[each] for each in spec["columns"]], mask, refuse)
        given |= feed.arrays(rows, steps)
        if lengths is not None and held is None:
            held, filled = lengths, spec["mask"][0]
    arrays, names = list(batch.columns[: plan.kept]), list(plan.columns[: plan.kept])
    for output, wanted in zip(run(session, given, plan.outputs, plan.batch_size), plan.answers, strict=True):
        follows = output.ndim == 3 and output.shape[2] == filled
        arrays += answer_columns(wanted.task, output, held if follows else None)
        names += wanted.columns
    return pa.RecordBatch.from_arrays(arrays, names=names)
