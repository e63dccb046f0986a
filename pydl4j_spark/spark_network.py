"""Networks trained, evaluated and applied on Spark."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike, NDArray

from pydl4j_spark import data as routes
from pydl4j_spark.conf.multilayer import MultiLayerConfiguration
from pydl4j_spark.engine.protocol import Handle
from pydl4j_spark.engine.spark import spark_engine
from pydl4j_spark.errors import ConfigError, DataError
from pydl4j_spark.evaluation import ROC, Evaluation, RegressionEvaluation, evaluation_result
from pydl4j_spark.fitting import Callbacks, begin, recorded
from pydl4j_spark.local_network import LocalNetwork
from pydl4j_spark.network import MultiLayerNetwork
from pydl4j_spark.normalizers import Normalizer
from pydl4j_spark.training import History, ResidentAveragingTrainingMaster, TrainingMaster


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
        elif isinstance(network, LocalNetwork) and not isinstance(network, MultiLayerNetwork):
            raise ConfigError(
                f"a {type(network).__name__} is not trained on Spark's workers in this version: train it in one JVM, "
                "graph.to('local').fit(...) or graph.to(spark).fit(...)"
            )
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
        network.attach(self._engine)
        if normalizer is not None:
            network._normalize_by(normalizer)

    @property
    def network(self) -> MultiLayerNetwork:
        """The network as it is now: save it, export it, look at its parameters."""
        return self._network

    @property
    def _handle(self) -> Handle:
        return self._network.attach(self._engine)

    def reset(self) -> None:
        """Start anew: fresh parameters from the configuration's seed, no updater state, counters at zero.

        A normalizer is fitted again on the data of the next fit.
        """
        self._network.reset()

    def fit(
        self,
        data: Any,
        epochs: int = 1,
        *,
        validation: Any = None,
        features_col: routes.Columns = "features",
        label_col: str = "label",
        shuffle: bool = True,
        callbacks: Callbacks = (),
        progress: bool = True,
        resume: str | Path | None = None,
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
        callbacks : iterable of Callback or callables
            See `pydl4j_spark.callbacks`: early stopping, checkpoints, logs. A callable is called with the `History`
            after every epoch. The network stands still meanwhile: they may evaluate and save it. An exception ends the
            fit; ``Fit.stop`` ends it well.
        progress : bool
            Draw progress on the terminal.
        resume : str or Path, optional
            A folder that a `Checkpoint` writes: go on from its newest whole checkpoint with what is left of ``epochs``;
            where it has none, begin. The parameters come out as if nothing had happened, to the bit.

        Returns
        -------
        History
            One entry per epoch; of a resumed fit, those before it was interrupted, too.

        Raises
        ------
        DataError
            Before training starts: for data that does not fit the network, bad labels, NaN, nulls, no rows.
        TrainingError
            When training failed. The network is as the last averaging round left it.
        """
        shape = self._network.labelled_shape
        columns = routes.ColumnNames(features_col, label_col)
        self._network.attach(self._engine)
        start = begin(self._network, epochs, resume)
        with ExitStack() as stack:
            training = stack.enter_context(
                routes.rows(self._engine, self._spark, data, shape, columns, "training data")
            )
            held_out = None
            if validation is not None:
                held_out = stack.enter_context(
                    routes.rows(self._engine, self._spark, validation, shape, columns, "validation data")
                )
            settings = stack.enter_context(self._network._fit_settings(start.epochs, shuffle, self.master.settings()))
            on_event = stack.enter_context(
                recorded(
                    self._network,
                    start,
                    settings,
                    labels=self._network.labels,
                    validation=held_out is not None,
                    callbacks=callbacks,
                    progress=progress,
                )
            )
            self._engine.fit(self._handle, training, held_out, settings, on_event)
        return start.history

    # --- evaluation ------------------------------------------------------------------------------------------------

    def evaluate(
        self, data: Any, *, features_col: routes.Columns = "features", label_col: str = "label"
    ) -> Evaluation | RegressionEvaluation:
        """Evaluate on labelled rows, distributed: classification metrics, or regression metrics by the loss.

        Parameters and errors are those of `fit`.
        """
        report = self._evaluate(data, self._network.labelled_shape.evaluation, features_col, label_col)
        return evaluation_result(report, self._network.labels)

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
        report = self._evaluate(data, self._network.labelled_shape.roc, features_col, label_col)
        return ROC.from_report(report, self._network.labels)

    def _evaluate(self, data: Any, kind: str, features_col: routes.Columns, label_col: str) -> dict[str, Any]:
        with routes.rows(
            self._engine,
            self._spark,
            data,
            self._network.labelled_shape,
            routes.ColumnNames(features_col, label_col),
            "evaluation data",
        ) as rows:
            return self._engine.evaluate(self._handle, rows, kind)

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
        if not routes.is_frame(data):
            self._handle  # noqa: B018 (bring the network here first)
            return self._network.predict(data)
        shape = self._network.labelled_shape
        for column in (prediction_col, probability_col):
            if column in data.columns:
                raise DataError(
                    f"the DataFrame has a column '{column}' already; drop it, or name the new one with "
                    "prediction_col= / probability_col="
                )
        columns, shape = routes.frame_columns(data, shape, features_col, "the rows to score")
        settings = {"task": shape.task, "prediction_col": prediction_col, "probability_col": probability_col}
        from pyspark.sql import DataFrame

        scored = self._engine.predict(self._handle, data, shape.spec(columns=columns, indices=False), settings)
        return DataFrame(scored, self._spark)
