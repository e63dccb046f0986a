"""Tables of numbers, drawn by rich, as text."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from pydl4j_spark.evaluation import Evaluation, RegressionEvaluation

_MANY_CLASSES = 25


def text(*tables: Table) -> str:
    """Draw tables without colours, as wide as they need."""
    buffer = io.StringIO()
    console = Console(file=buffer, width=200, no_color=True, force_terminal=False)
    for table in tables:
        console.print(table)
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines())


def evaluation_tables(evaluation: Evaluation) -> str:
    """Overall metrics, metrics per class, and the confusion matrix unless the classes are too many to read."""
    overall = Table(title=f"Evaluation of {evaluation.rows:,} rows")
    for heading in ("accuracy", "precision", "recall", "F1", "loss"):
        overall.add_column(heading, justify="right")
    overall.add_row(
        *(
            f"{value:.4f}"
            for value in (
                evaluation.accuracy,
                evaluation.precision,
                evaluation.recall,
                evaluation.f1,
                evaluation.loss,
            )
        )
    )
    classes = Table(title="Per class")
    classes.add_column("class")
    for heading in ("precision", "recall", "F1", "rows"):
        classes.add_column(heading, justify="right")
    for name, metrics in evaluation.per_class.items():
        classes.add_row(name, *(f"{metrics[key]:.4f}" for key in ("precision", "recall", "f1")), f"{metrics['rows']:,}")
    tables = [overall, classes]
    if len(evaluation.labels) <= _MANY_CLASSES:
        matrix = Table(title="Confusion matrix (rows: actual, columns: predicted)")
        matrix.add_column("")
        for name in evaluation.labels:
            matrix.add_column(name, justify="right")
        for name, counts in zip(evaluation.labels, evaluation.confusion_matrix, strict=True):
            matrix.add_row(name, *(f"{count:,}" if count else "." for count in counts))
        tables.append(matrix)
    return text(*tables)


def regression_table(evaluation: RegressionEvaluation) -> str:
    """Metrics of each output."""
    table = Table(title=f"Regression evaluation of {evaluation.rows:,} rows, loss {evaluation.loss:.6g}")
    table.add_column("output", justify="right")
    names = (
        "mean_squared_error",
        "mean_absolute_error",
        "root_mean_squared_error",
        "relative_squared_error",
        "pearson_correlation",
        "r_squared",
    )
    for name in names:
        table.add_column(name.replace("_", " "), justify="right")
    for output in range(len(evaluation.r_squared)):
        table.add_row(str(output), *(f"{getattr(evaluation, name)[output]:.6g}" for name in names))
    return text(table)
