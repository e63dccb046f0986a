"""Pictures of a fit and of what it learnt, by matplotlib; no display is needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pydl4j_spark.evaluation import ROC, Evaluation
    from pydl4j_spark.training import History

_MANY_CLASSES = 30


def _figure(width: float, height: float) -> Figure:
    # Figure by itself, not pyplot: nothing global is opened, no window and no backend is chosen for the user.
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _finished(figure: Figure, path: str | Path | None) -> Figure:
    if path is not None:
        figure.savefig(Path(path), dpi=120)
    return figure


def training_curve(history: History, path: str | Path | None = None) -> Figure:
    """Loss per epoch, training and validation; accuracy beside it where there is one; early stopping's best epoch."""
    accuracies = [ev.accuracy for ev in history.validation if hasattr(ev, "accuracy")]
    figure = _figure(10 if accuracies else 6, 4)
    panels = figure.subplots(1, 2 if accuracies else 1, squeeze=False)[0]
    marker = "o" if len(history) <= 30 else ""
    panels[0].plot(history.epoch, history.score, marker=marker, label="training")
    if history.validation:
        panels[0].plot(history.epoch, [ev.loss for ev in history.validation], marker=marker, label="validation")
    panels[0].set(title="Loss", xlabel="epoch", ylabel="mean loss per row")
    if history.best_epoch is not None:
        for panel in panels:
            best_epoch = f"best epoch, {history.best_epoch}"
            panel.axvline(history.best_epoch, color="gray", linewidth=1, linestyle="--", label=best_epoch)
    panels[0].legend()
    if accuracies:
        panels[1].plot(history.epoch, accuracies, marker=marker, color="tab:green")
        best = int(np.argmax(accuracies))
        panels[1].plot(history.epoch[best], accuracies[best], "o", color="none", markeredgecolor="black", markersize=11)
        panels[1].set(
            title=f"Validation accuracy, best {accuracies[best]:.4f} in epoch {history.epoch[best]}",
            xlabel="epoch",
            ylabel="accuracy",
        )
    for panel in panels:
        panel.grid(alpha=0.3)
        panel.xaxis.get_major_locator().set_params(integer=True)
    return _finished(figure, path)


def confusion_matrix(evaluation: Evaluation, path: str | Path | None = None) -> Figure:
    """Actual against predicted classes: shade by share of the actual class, numbers are counts."""
    matrix = evaluation.confusion_matrix
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    size = max(4.5, 0.55 * len(matrix) + 1.5)
    figure = _figure(size + 0.8, size)
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, label="share of the actual class", shrink=0.8)
    if len(matrix) <= _MANY_CLASSES:
        ticks: dict[str, Any] = {"ticks": range(len(matrix)), "labels": evaluation.labels}
        axes.set_xticks(**ticks, rotation=0 if max(map(len, evaluation.labels)) <= 3 else 45)
        axes.set_yticks(**ticks)
        for (actual, predicted), count in np.ndenumerate(matrix):
            if count:
                shade = "white" if shares[actual, predicted] > 0.5 else "black"
                axes.text(predicted, actual, f"{count:,}", ha="center", va="center", color=shade, fontsize=8)
    axes.set(xlabel="predicted", ylabel="actual", title=f"{evaluation.rows:,} rows, accuracy {evaluation.accuracy:.4f}")
    return _finished(figure, path)


def roc(curves: ROC, path: str | Path | None = None) -> Figure:
    """Draw a curve per class, and the diagonal of chance."""
    figure = _figure(5.5, 5)
    axes = figure.subplots()
    for curve in curves.curves:
        axes.plot(curve.false_positive_rate, curve.true_positive_rate, label=f"{curve.label} (AUC {curve.auc:.3f})")
    axes.plot([0, 1], [0, 1], color="gray", linewidth=0.8, linestyle="--")
    axes.set(xlabel="false positive rate", ylabel="true positive rate", title="ROC", aspect="equal")
    if len(curves.curves) <= _MANY_CLASSES:
        axes.legend(fontsize=8)
    axes.grid(alpha=0.3)
    return _finished(figure, path)
