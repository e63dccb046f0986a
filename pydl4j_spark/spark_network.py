"""Networks trained, evaluated and applied on Spark."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pydl4j_spark import data as routes
from pydl4j_spark.conf.multilayer import MultiLayerConfiguration
from pydl4j_spark.engine.protocol import Event, Handle
from pydl4j_spark.engine.spark import spark_engine
from pydl4j_spark.errors import ConfigError, DataError
from pydl4j_spark.evaluation import ROC, Evaluation, RegressionEvaluation
from pydl4j_spark.example_shape import ExampleShape
from pydl4j_spark.network import MultiLayerNetwork
from pydl4j_spark.normalizers import Normalizer
from pydl4j_spark.progress import FitProgress
from pydl4j_spark.training import History, ResidentAveragingTrainingMaster, TrainingMaster

_BATCH = 256
_Result = TypeVar("_Result", Evaluation, RegressionEvaluation, ROC)

Callback = Callable[[History], None]


class SparkDl4jMultiLayer:
    """A network of layers, trained on Spark (DL4J: ``SparkDl4jMultiLayer``).

    Parameters
    ----------
    spark : pyspark.sql.SparkSession
        A session that has the jar; see `configure_spark`.
    network : MultiLayerConfiguration or MultiLayerNetwork
        What to train: a description, or a network that has been trained before.
    master : ResidentAveragingTrainingMaster or ParameterAveragingTrainingMaster, optional
        How to train; a ``ResidentAveragingTrainingMaster()`` where not given.
    normalizer : Normalizer, optional
        Fitted on the first training data, unless it has its statistics already; applied to all inputs from then on,
        saved with the network.
    labels : list of str, optional
        Names of the classes, in the order of the outputs.

    Raises
    ------
    ConfigError
        When DL4J refuses the configuration.
    EngineError
        When the session has no jar, is stopped, or is a Spark Connect session.
    """

    def __init__(
        self,
        spark: Any,
        network: MultiLayerConfiguration | MultiLayerNetwork,
        master: TrainingMaster | None = None,
        *,
        normalizer: Normalizer | None = None,
        labels: list[str] | tuple[str, ...] | None = None,
    ) -> None:
        if isinstance(network, MultiLayerConfiguration):
            network = MultiLayerNetwork(network, labels=labels)
        elif not isinstance(network, MultiLayerNetwork):
            raise ConfigError(f"expected a MultiLayerConfiguration or MultiLayerNetwork, got {type(network).__name__}")
        elif labels is not None:
            network._set_labels(labels)
        if master is not None and not isinstance(master, TrainingMaster):
            raise ConfigError(f"expected a training master, got {type(master).__name__}")
        self._spark = spark
        self._engine = spark_engine(spark)
        self._network = network
        self.master = master if master is not None else ResidentAveragingTrainingMaster()
        self._to_fit: Normalizer | None = None
        network.attach(self._engine)
        if normalizer is not None:
            self._normalize_by(normalizer)

    def _normalize_by(self, normalizer: Normalizer) -> None:
        """Use a normalizer as it is, or have the next fit fit it first."""
        if normalizer.fitted:
            self._engine.set_normalizer(self._handle, normalizer.to_bytes())
        else:
            self._to_fit = normalizer

    @property
    def network(self) -> MultiLayerNetwork:
        """The network as it is now: save it, export it, look at its parameters."""
        return self._network

    @property
    def _handle(self) -> Handle:
        return self._network.attach(self._engine)

    def _shape(self) -> ExampleShape:
        return ExampleShape.with_labels(self._network.conf)

    def reset(self) -> None:
        """Start anew: fresh parameters from the configuration's seed, no updater state, counters at zero.

        A normalizer is fitted again on the data of the next fit.
        """
        conf, labels, normalizer = self._network.conf, self._network.labels, self._network.normalizer
        self._network = MultiLayerNetwork(conf, labels=labels)
        self._network.attach(self._engine)
        if normalizer is not None:
            self._normalize_by(normalizer.unfitted())

    def fit(
        self,
        data: Any,
        epochs: int = 1,
        *,
        validation: Any = None,
        features_col: routes.Columns = "features",
        label_col: str = "label",
        shuffle: bool = True,
        callbacks: Iterable[Callback] = (),
        progress: bool = True,
    ) -> History:
        """Train for some epochs. A second fit continues where the first ended; `reset` starts anew.

        Parameters
        ----------
        data : tuple of arrays, DataFrame, RDD, str or Path
            ``(X, y)`` numpy arrays; a DataFrame; an RDD of ``(features, label)`` pairs of arrays or of
            ``LabeledPoint``; the path of a Parquet file. Labels are class indices, one-hot rows or targets.
        epochs : int
            Passes over the data. Every row is trained once in each.
        validation : like data, optional
            Evaluated after every epoch.
        features_col : str or list of str
            Column with all features, or one numeric column per feature.
        label_col : str
            Column with the label.
        shuffle : bool
            Shuffle the rows over all partitions once, and again in every epoch within what one worker holds; the
            order depends on the configuration's seed and the epoch's number alone. False keeps the rows in order.
            (A DataFrame that comes out of a Spark shuffle has its rows in another order each time; sort it within
            its partitions where two runs must agree to the bit.)
        callbacks : iterable of callables
            Called with the `History` after every epoch; an exception ends the fit.
        progress : bool
            Draw progress on the terminal.

        Returns
        -------
        History
            One entry per epoch.

        Raises
        ------
        DataError
            Before training starts: for data that does not fit the network, bad labels, NaN, nulls, no rows.
        TrainingError
            When training failed. The network is as the last averaging round left it.
        """
        epochs = getattr(epochs, "item", lambda: epochs)()
        if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 1:
            raise ConfigError(f"epochs must be a whole number of at least 1, got {epochs!r}")
        callbacks = list(callbacks)
        shape = self._shape()
        history = History()
        columns = routes.ColumnNames(features_col, label_col)
        with ExitStack() as stack:
            training = stack.enter_context(
                routes.rows(self._engine, self._spark, data, shape, columns, "training data")
            )
            held_out = None
            if validation is not None:
                held_out = stack.enter_context(
                    routes.rows(self._engine, self._spark, validation, shape, columns, "validation data")
                )
            bar = stack.enter_context(FitProgress(epochs, visible=progress))
            self._engine.fit(
                self._handle,
                training,
                held_out,
                self._settings(epochs, shape, shuffle),
                self._on_event(history, bar, callbacks),
            )
        self._to_fit = None  # fitted now: it belongs to the network
        return history

    def _settings(self, epochs: int, shape: ExampleShape, shuffle: bool) -> dict[str, Any]:
        return {
            "epochs": epochs,
            "shuffle": bool(shuffle),
            "normalizer": None if self._to_fit is None else self._to_fit.to_spec(),
            "master": self.master.settings(),
            "evaluation": _evaluation_of(shape),
            "evaluation_batch": _BATCH,
        }

    def _on_event(self, history: History, bar: FitProgress, callbacks: list[Callback]) -> Callable[[Event], None]:
        def on_event(event: Event) -> None:
            # What is no number comes as the text "NaN" or "Infinity".
            event = {**event, **{key: float(event[key]) for key in ("score", "overhead") if key in event}}
            getattr(bar, event["event"])(event)
            if event["event"] != "epoch":
                return
            for key in ("epoch", "score", "seconds", "rows", "overhead", "iteration"):
                getattr(history, key).append(event[key])
            if event.get("validation") is not None:
                history.validation.append(self._result(event["validation"]))
            for callback in callbacks:
                callback(history)

        return on_event

    # --- evaluation ------------------------------------------------------------------------------------------------

    def evaluate(
        self, data: Any, *, features_col: routes.Columns = "features", label_col: str = "label"
    ) -> Evaluation | RegressionEvaluation:
        """Evaluate on labelled rows, distributed: classification metrics, or regression metrics by the loss.

        Parameters and errors are those of `fit`.
        """
        return self._result(self._evaluate(data, _evaluation_of(self._shape()), features_col, label_col))

    def evaluate_regression(
        self, data: Any, *, features_col: routes.Columns = "features", label_col: str = "label"
    ) -> RegressionEvaluation:
        """Evaluate the outputs as numbers, whatever the loss is."""
        report = self._evaluate(data, "REGRESSION", features_col, label_col)
        return RegressionEvaluation.from_report(report, self._network.labels)

    def evaluate_roc(self, data: Any, *, features_col: routes.Columns = "features", label_col: str = "label") -> ROC:
        """Exact ROC curves: one for two classes, one per class for more.

        Exact curves keep every row's probability on the driver.
        """
        kind = "ROC_MULTI_CLASS" if self._shape().classes > 2 else "ROC_BINARY"
        return ROC.from_report(self._evaluate(data, kind, features_col, label_col), self._network.labels)

    def _evaluate(self, data: Any, kind: str, features_col: routes.Columns, label_col: str) -> dict[str, Any]:
        with routes.rows(
            self._engine,
            self._spark,
            data,
            self._shape(),
            routes.ColumnNames(features_col, label_col),
            "evaluation data",
        ) as rows:
            return self._engine.evaluate(self._handle, rows, kind, _BATCH)

    def _result(self, report: dict[str, Any]) -> Evaluation | RegressionEvaluation:
        if report["kind"] == "classification":
            return Evaluation.from_report(report, self._network.labels)
        return RegressionEvaluation.from_report(report, self._network.labels)

    # --- prediction ------------------------------------------------------------------------------------------------

    def output(self, features: ArrayLike) -> NDArray[Any]:
        """Give the network's raw outputs for numpy rows; see `MultiLayerNetwork.output`."""
        self._handle  # noqa: B018 (bring the network here first)
        return self._network.output(features)

    def predict(
        self,
        data: Any,
        *,
        features_col: routes.Columns = "features",
        prediction_col: str = "prediction",
        probability_col: str = "probability",
    ) -> Any:
        """Predict classes or values.

        Parameters
        ----------
        data : DataFrame or array
            Rows to score.
        features_col : str or list of str
            Column with all features, or one numeric column per feature.
        prediction_col, probability_col : str
            Columns to add.

        Returns
        -------
        DataFrame or numpy.ndarray
            For a DataFrame its own rows, in their order and with all their columns, and two more: ``prediction`` (the
            class index as double; the value; for several values or for sequences an array) and, for classifiers,
            ``probability`` (an ml vector). It is computed when it is used. For an array: class indices ``[N]``
            (sequences: ``[N, T]``), or values.

        Raises
        ------
        DataError
            When columns are missing or there already, or the array does not fit the network.
        """
        shape = self._shape()
        if not routes.is_frame(data):
            return _predictions(self.output(data), shape)
        for column in (prediction_col, probability_col):
            if column in data.columns:
                raise DataError(
                    f"the DataFrame has a column '{column}' already; drop it, or name the new one with "
                    "prediction_col= / probability_col="
                )
        columns, shape = routes.frame_columns(data, shape, features_col, "the rows to score")
        settings = {
            "task": shape.task,
            "prediction_col": prediction_col,
            "probability_col": probability_col,
            "batch": _BATCH,
        }
        from pyspark.sql import DataFrame

        scored = self._engine.predict(self._handle, data, shape.spec(columns=columns, indices=False), settings)
        return DataFrame(scored, self._spark)


def _evaluation_of(shape: ExampleShape) -> str:
    return "REGRESSION" if shape.task == "REGRESSION" else "CLASSIFICATION"


def _predictions(output: NDArray[Any], shape: ExampleShape) -> NDArray[Any]:
    if shape.task == "REGRESSION":
        return output[:, 0] if output.ndim == 2 and output.shape[1] == 1 else output
    if output.shape[1] == 1:
        return (output[:, 0] >= 0.5).astype(np.int64)
    classes: NDArray[np.int64] = np.argmax(output, axis=1)
    return classes
