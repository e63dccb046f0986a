"""What an evaluation found: DL4J's numbers, as plain Python."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METRICS = {
    "CLASSIFICATION": ("accuracy", "precision", "recall", "f1"),
    "REGRESSION": (
        "mean_squared_error",
        "mean_absolute_error",
        "root_mean_squared_error",
        "relative_squared_error",
        "pearson_correlation",
        "r_squared",
    ),
}
"""The numbers that sum an evaluation up, by its kind."""


@frozen(kw_only=True, eq=False)
class Evaluation:
    """Classification metrics (DL4J: ``org.nd4j.evaluation.classification.Evaluation``).

    ``precision``, ``recall`` and ``f1`` are macro averages over the classes; with two classes they are those of
    class 1, as in DL4J.
    """

    accuracy: float
    precision: float
    recall: float
    f1: float
    confusion_matrix: NDArray[np.int64] = field(repr=False)
    """Counts, ``[actual, predicted]``."""
    labels: tuple[str, ...]
    """Class names, in the order of the network's outputs."""
    loss: float
    """Mean loss per row, regularisation included."""
    rows: int

    @classmethod
    def from_report(cls, report: dict[str, Any], labels: tuple[str, ...] | None) -> Evaluation:
        """Make it of the JVM's report; classes without names are called by their numbers."""
        matrix = np.asarray(report["confusion_matrix"], dtype=np.int64)
        return cls(
            accuracy=report["accuracy"],
            precision=report["precision"],
            recall=report["recall"],
            f1=report["f1"],
            confusion_matrix=matrix,
            labels=labels if labels is not None else tuple(str(i) for i in range(len(matrix))),
            loss=float(report["loss"]),
            rows=report["rows"],
        )

    @property
    def metrics(self) -> dict[str, float]:
        """Loss (as ``score``), accuracy, precision, recall and F1."""
        return {"score": self.loss, **{name: float(getattr(self, name)) for name in METRICS["CLASSIFICATION"]}}

    @property
    def per_class(self) -> dict[str, dict[str, float]]:
        """Precision, recall, F1 and number of rows of each class by itself."""
        hits = np.diag(self.confusion_matrix).astype(float)
        actual = self.confusion_matrix.sum(axis=1)
        predicted = self.confusion_matrix.sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            precision = np.where(predicted > 0, hits / predicted, 0.0)
            recall = np.where(actual > 0, hits / actual, 0.0)
            f1 = np.where(precision + recall > 0, 2 * precision * recall / (precision + recall), 0.0)
        return {
            name: {"precision": float(p), "recall": float(r), "f1": float(f), "rows": int(n)}
            for name, p, r, f, n in zip(self.labels, precision, recall, f1, actual, strict=True)
        }

    def stats(self) -> str:
        """All metrics, those of each class and the confusion matrix, as tables."""
        from pydl4j_spark.report import evaluation_tables

        return evaluation_tables(self)

    def plot(self, path: str | Path | None = None) -> Figure:
        """Draw the confusion matrix; write it to ``path`` (PNG, SVG, PDF by its ending) where one is given."""
        from pydl4j_spark.plot import confusion_matrix

        return confusion_matrix(self, path)

    def __str__(self) -> str:
        return self.stats()


@frozen(kw_only=True, eq=False)
class RegressionEvaluation:
    """Regression metrics per output (DL4J: ``org.nd4j.evaluation.regression.RegressionEvaluation``)."""

    mean_squared_error: NDArray[np.float64]
    mean_absolute_error: NDArray[np.float64]
    root_mean_squared_error: NDArray[np.float64]
    relative_squared_error: NDArray[np.float64]
    pearson_correlation: NDArray[np.float64]
    r_squared: NDArray[np.float64]
    loss: float
    """Mean loss per row, regularisation included."""
    rows: int

    @classmethod
    def from_report(cls, report: dict[str, Any], labels: tuple[str, ...] | None) -> RegressionEvaluation:
        """Make it of the JVM's report."""
        columns = report["columns"]
        metrics = {name: np.asarray([column[name] for column in columns], dtype=float) for name in columns[0]}
        return cls(loss=float(report["loss"]), rows=report["rows"], **metrics)

    @property
    def metrics(self) -> dict[str, float]:
        """Loss (as ``score``) and the means of all metrics over the outputs."""
        return {"score": self.loss, **{name: float(np.mean(getattr(self, name))) for name in METRICS["REGRESSION"]}}

    def stats(self) -> str:
        """All metrics of each output, as a table."""
        from pydl4j_spark.report import regression_table

        return regression_table(self)

    def __str__(self) -> str:
        return self.stats()


def evaluation_result(report: dict[str, Any], labels: tuple[str, ...] | None) -> Evaluation | RegressionEvaluation:
    """Make the result that a report is of."""
    kind = Evaluation if report["kind"] == "classification" else RegressionEvaluation
    return kind.from_report(report, labels)


@frozen(kw_only=True, eq=False)
class RocCurve:
    """One receiver operating characteristic: a class against all others."""

    label: str
    auc: float
    auc_pr: float
    false_positive_rate: NDArray[np.float64]
    true_positive_rate: NDArray[np.float64]
    threshold: NDArray[np.float64]


@frozen(kw_only=True, eq=False)
class ROC:
    """Exact ROC curves (DL4J: ``ROC`` for two classes, ``ROCMultiClass`` for more)."""

    curves: tuple[RocCurve, ...]
    loss: float
    rows: int

    @property
    def auc(self) -> float:
        """Area under the curve, the mean over the classes."""
        return float(np.mean([curve.auc for curve in self.curves]))

    @classmethod
    def from_report(cls, report: dict[str, Any], labels: tuple[str, ...] | None) -> ROC:
        """Make it of the JVM's report."""
        found = report["curves"]
        # With two classes there is one curve, that of class 1.
        names = labels if labels is not None and len(labels) == len(found) else None
        one = labels[1] if labels is not None and len(labels) == 2 else "1"
        return cls(
            curves=tuple(
                RocCurve(
                    label=names[i] if names else one if len(found) == 1 else str(i),
                    auc=curve["auc"],
                    auc_pr=curve["auc_pr"],
                    false_positive_rate=np.asarray(curve["false_positive_rate"]),
                    true_positive_rate=np.asarray(curve["true_positive_rate"]),
                    threshold=np.asarray(curve["threshold"]),
                )
                for i, curve in enumerate(found)
            ),
            loss=float(report["loss"]),
            rows=report["rows"],
        )

    def plot(self, path: str | Path | None = None) -> Figure:
        """Draw the curves; write them to ``path`` where one is given."""
        from pydl4j_spark.plot import roc

        return roc(self, path)
