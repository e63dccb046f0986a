"""The columns that a scored DataFrame gets beside its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pydl4j_spark.errors import DataError

if TYPE_CHECKING:
    from pydl4j_spark.ends import Ends


class PredictionColumns(NamedTuple):
    """What becomes of one output.

    Attributes
    ----------
    task : str
        ``"CLASSIFICATION"``, ``"BINARY"`` or ``"REGRESSION"``, which has no column of probabilities.
    prediction_col, probability_col : str
        Names of the columns.
    """

    task: str
    prediction_col: str
    probability_col: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Those that there are."""
        return (self.prediction_col,) if self.task == "REGRESSION" else (self.prediction_col, self.probability_col)


def prediction_columns(frame: Any, ends: Ends, prediction_col: str, probability_col: str) -> list[PredictionColumns]:
    """Name the columns of each output; of several outputs each has its own.

    Raises
    ------
    DataError
        When the DataFrame has such a column already, or two would have one name.
    """
    several = len(ends.outputs) > 1
    for setting, name in (("prediction_col", prediction_col), ("probability_col", probability_col)):
        if not isinstance(name, str) or not name:
            raise DataError(f"{setting}={name!r}: the name of a column is expected")
    if prediction_col == probability_col and any(shape.task != "REGRESSION" for shape in ends.output_shapes):
        raise DataError(
            f"prediction_col and probability_col are both {prediction_col!r}; each column needs its own name"
        )
    named = []
    for output, shape in zip(ends.outputs, ends.output_shapes, strict=True):
        columns = [f"{column}_{output}" if several else column for column in (prediction_col, probability_col)]
        for column in columns:
            if column in frame.columns:
                raise DataError(
                    f"the DataFrame has a column '{column}' already; drop it, or name the new one with "
                    "prediction_col= / probability_col="
                )
        named.append(PredictionColumns(shape.task, *columns))
    return named
