"""Networks trained, evaluated and applied on Spark."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Unpack

from numpy.typing import ArrayLike, NDArray

from pydl4j_spark import data as routes
from pydl4j_spark.conf.multilayer import MultiLayerConfiguration
from pydl4j_spark.engine.protocol import Handle
from pydl4j_spark.engine.spark import spark_engine
from pydl4j_spark.errors import ConfigError, DataError
from pydl4j_spark.evaluation import ROC, Evaluation, RegressionEvaluation, evaluation_result
from pydl4j_spark.fitting import Callbacks, begin, recorded
from pydl4j_spark.frames import ColumnNames, ColumnOptions, Columns, frame_rows
from pydl4j_spark.local_network import LocalNetwork
from pydl4j_spark.network import MultiLayerNetwork
from pydl4j_spark.normalizers import Normalizer
from pydl4j_spark.prediction_columns import prediction_columns
from pydl4j_spark.training import History, ResidentAveragingTrainingMaster, TrainingMaster


class SparkNetwork(ABC):
    """What networks of layers and graphs do alike on Spark; subclasses know what they are."""

    def __init__(
        self,
        spark: Any,
        network: Any,
        master: TrainingMaster | None = None,
        *,
        normalizer: Normalizer | None = None,
        labels: Any = None,
    ) -> None:
        kind = self._kind()
        if not isinstance(network, LocalNetwork):
            network = kind(network, labels=labels)
        elif not isinstance(network, kind):
            raise ConfigError(
                f"{type(self).__name__} trains a {kind.__name__}; a {type(network).__name__} is trained by "
                f"{_TRAINED_BY[type(network).__name__]}"
            )
        elif labels is not None:
            network._set_labels(labels)
        if master is not None and not isinstance(master, TrainingMaster):
            raise ConfigError(f"expected a training master, got {type(master).__name__}")
        self._spark = spark
        self._engine = spark_engine(spark)
        self._network: Any = network
        self.master = master if master is not None else ResidentAveragingTrainingMaster()
        network.attach(self._engine)
        if normalizer is not None:
            network._normalize_by(normalizer)

    @staticmethod
    @abstractmethod
    def _kind() -> type[Any]:
        """Give the class of the networks that are trained here."""

    @property
    def network(self) -> Any:
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
        features_col: Columns = "features",
        label_col: Columns = "label",
        features_mask_col: Columns | None = None,
        label_mask_col: Columns | None = None,
        shuffle: bool = True,
        callbacks: Callbacks = (),
        progress: bool = True,
        resume: str | Path | None = None,
    ) -> History:
        """Train for some epochs. A second fit continues where the first ended; `reset` starts anew.

        Parameters
        ----------
        data : tuple of arrays, DataFrame, RDD, str or Path
            ====================================== ====================================================================
            ``(X, y)``                             numpy arrays; labels are class indices, one-hot rows or targets
            ``(X, y, features_mask)``              1 for the time steps that count, 0 for the others, ``[N, T]``
            ``(X, y, features_mask, labels_mask)`` that of the labels: ``[N, T]`` for sequences, or else ``[N]``, or
                                                   ``[N, n_out]`` for values; either mask may be None
            a DataFrame                            columns of numbers, arrays of numbers or ml vectors; arrays are laid
                                                   flat, or nested as numpy nests them
            the path of a Parquet file             read as a DataFrame
            an RDD                                 of tuples as above for one row each, or of ``LabeledPoint``
            ====================================== ====================================================================

            Sequences ``[N, size, T]`` may have different lengths: as a list of arrays ``[size, T_i]`` (of ``[T_i]``
            where size is 1) with labels ``[T_i]`` or ``[n_out, T_i]``, or as cells of ``size * T_i`` numbers. They are
            padded and masked. Labels that are sequences have the mask of their features where they have none of their
            own. Which layers go by the features' mask is DL4J's matter: LSTM does not look at it, so that only what
            comes after a step is padding to it; Bidirectional reads the padding first. A graph of several inputs or
            outputs takes lists of arrays, and of masks, in their order, or dicts by their names, where others take an
            array.
        epochs : int
            Passes over the data. Every row is trained once in each.
        validation : like data, optional
            Evaluated after every epoch; of a graph its first output.
        features_col : str, list or dict
            Column with all features, or one column per feature or channel. For several inputs a list of these in their
            order, or a dict by their names.
        label_col : str, list or dict
            Column with the label; for several outputs in their order or by their names.
        features_mask_col, label_mask_col : str, list or dict, optional
            Columns with masks, arrays of 0 and 1 (the labels' of single answers: one number); for several inputs or
            outputs in their order or by their names, which may leave some out.
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
        ends = self._network._labelled_ends
        columns = ColumnNames(features_col, label_col, features_mask_col, label_mask_col)
        self._network.attach(self._engine)
        start = begin(self._network, epochs, resume)
        with ExitStack() as stack:
            training = stack.enter_context(routes.rows(self._engine, self._spark, data, ends, columns, "training data"))
            held_out = None
            if validation is not None:
                held_out = stack.enter_context(
                    routes.rows(self._engine, self._spark, validation, ends, columns, "validation data")
                )
            settings = stack.enter_context(self._network._fit_settings(start.epochs, shuffle, self.master.settings()))
            on_event = stack.enter_context(
                recorded(
                    self._network,
                    start,
                    settings,
                    labels=self._network._class_names(0),
                    validation=held_out is not None,
                    callbacks=callbacks,
                    progress=progress,
                )
            )
            self._engine.fit(self._handle, training, held_out, settings, on_event)
        return start.history

    # --- evaluation ------------------------------------------------------------------------------------------------

    def evaluate(
        self, data: Any, *, output: int | str = 0, **columns: Unpack[ColumnOptions]
    ) -> Evaluation | RegressionEvaluation:
        """Evaluate on labelled rows, distributed: classification metrics, or regression metrics by the loss.

        Parameters
        ----------
        data : tuple of arrays, DataFrame, RDD, str or Path
            As for `fit`; where labels are masked, only what counts is counted.
        output : int or str
            Which output of a graph, by its place or name. Default: the first. The loss is that of all outputs.
        **columns
            ``features_col``, ``label_col``, ``features_mask_col`` and ``label_mask_col``, as for `fit`.

        Raises
        ------
        ConfigError
            When there is no such output.
        DataError
            As `fit`.
        """
        place, shape = self._network._labelled_output(output)
        report = self._evaluated(data, shape.evaluation, place, columns)
        return evaluation_result(report, self._network._class_names(place))

    def evaluate_regression(
        self, data: Any, *, output: int | str = 0, **columns: Unpack[ColumnOptions]
    ) -> RegressionEvaluation:
        """Evaluate an output as numbers, whatever its loss is; parameters are those of `evaluate`."""
        place, _ = self._network._labelled_output(output)
        report = self._evaluated(data, "REGRESSION", place, columns)
        return RegressionEvaluation.from_report(report, self._network._class_names(place))

    def evaluate_roc(self, data: Any, *, output: int | str = 0, **columns: Unpack[ColumnOptions]) -> ROC:
        """Exact ROC curves: one for two classes, one per class for more; parameters are those of `evaluate`.

        Exact curves keep every row's probability on the driver.
        """
        place, shape = self._network._labelled_output(output)
        return ROC.from_report(self._evaluated(data, shape.roc, place, columns), self._network._class_names(place))

    def score(self, data: Any, **columns: Unpack[ColumnOptions]) -> float:
        """Mean loss per row, of all outputs together and regularisation included; parameters as for `evaluate`."""
        return float(self._evaluated(data, "SCORE", 0, columns)["loss"])

    def _evaluated(self, data: Any, kind: str, output: int, columns: ColumnOptions) -> dict[str, Any]:
        ends, names = self._network._labelled_ends, ColumnNames(**columns)
        with routes.rows(self._engine, self._spark, data, ends, names, "evaluation data") as rows:
            return self._engine.evaluate(self._handle, rows, kind, output)

    # --- prediction ------------------------------------------------------------------------------------------------

    def output(self, features: Any, *, features_mask: Any = None) -> Any:
        """Give the network's raw outputs for numpy rows, by all executors; see `output` of the network."""
        self._handle  # noqa: B018 (bring the network here first)
        return self._network.output(features, features_mask=features_mask)

    def predict(
        self,
        data: Any,
        *,
        features_col: Columns = "features",
        features_mask_col: Columns | None = None,
        prediction_col: str = "prediction",
        probability_col: str = "probability",
        features_mask: Any = None,
        output: int | str = 0,
    ) -> Any:
        """Predict classes or values.

        Parameters
        ----------
        data : DataFrame or array
            Rows to score.
        features_col, features_mask_col : str, list or dict
            As for `fit`.
        prediction_col, probability_col : str
            Columns to add. Of a graph with several outputs each has its own, ``prediction_<output>`` and
            ``probability_<output>``.
        features_mask : array, list or dict of arrays, optional
            That of arrays, as for `output`.
        output : int or str
            Where data are arrays, which output of a graph, by its place or name; a DataFrame gets all. Default: the
            first.

        Returns
        -------
        DataFrame or numpy.ndarray
            For a DataFrame its own rows, in their order and with all their columns, and two more for each output:
            ``prediction`` (the class index as double; the value; for several values or for sequences an array) and, for
            classifiers, ``probability`` (an ml vector). It is computed when it is used. For an array: class indices
            ``[N]`` (sequences: ``[N, T]``), or values. What stands at masked steps means nothing.

        Raises
        ------
        DataError
            When columns are missing or there already, or the array does not fit the network.
        """
        if not routes.is_frame(data):
            place, shape = self._network._labelled_output(output)
            found = self.output(data, features_mask=features_mask)
            return shape.predictions(found[place] if isinstance(found, list) else found)
        if features_mask is not None:
            raise DataError("the rows to score: a DataFrame has its masks in columns; name them by features_mask_col=")
        ends, name = self._network._labelled_ends, "the rows to score"
        rows = frame_rows(data, ends, ColumnNames(features_col, None, features_mask_col), name, labelled=False)
        outputs = prediction_columns(data, ends, prediction_col, probability_col)
        from pyspark.sql import DataFrame

        settings = {"outputs": [each._asdict() for each in outputs]}
        scored = self._engine.predict(self._handle, rows.frame, rows.spec, settings)
        return DataFrame(scored, self._spark).drop(*rows.added)


_TRAINED_BY = {"MultiLayerNetwork": "SparkDl4jMultiLayer", "ComputationGraph": "SparkComputationGraph"}


class SparkDl4jMultiLayer(SparkNetwork):
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
        super().__init__(spark, network, master, normalizer=normalizer, labels=labels)

    @staticmethod
    def _kind() -> type[MultiLayerNetwork]:
        return MultiLayerNetwork

    @property
    def network(self) -> MultiLayerNetwork:
        """The network as it is now: save it, export it, look at its parameters."""
        network: MultiLayerNetwork = self._network
        return network

    def output(self, features: Any, *, features_mask: ArrayLike | None = None) -> NDArray[Any]:
        """Give the network's raw outputs for numpy rows, by all executors; see `MultiLayerNetwork.output`."""
        output: NDArray[Any] = super().output(features, features_mask=features_mask)
        return output
