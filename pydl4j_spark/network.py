"""A network by itself, trained, evaluated and looked into: in this process, or in a Spark driver's JVM."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike, NDArray

from pydl4j_spark.arrays import unlabelled
from pydl4j_spark.engine.protocol import Arrays
from pydl4j_spark.errors import DataError
from pydl4j_spark.evaluation import ROC, Evaluation, RegressionEvaluation, evaluation_result
from pydl4j_spark.example_shape import ExampleShape
from pydl4j_spark.fitting import Callback, recorded
from pydl4j_spark.local_data import Batches, is_pair, pair
from pydl4j_spark.network_state import NetworkState
from pydl4j_spark.normalizers import Normalizer
from pydl4j_spark.time_steps import step_shape, time_steps
from pydl4j_spark.training import History, ResidentAveragingTrainingMaster, whole_number

if TYPE_CHECKING:
    from pydl4j_spark.onnx import ExportReport

_TO_SCORE, _TO_EVALUATE = "the rows to score", "evaluation data"


class MultiLayerNetwork(NetworkState):
    """A network of layers, one after the other (DL4J: ``MultiLayerNetwork``).

    It works where it is: in the JVM it was moved to with `to`, or else in that of the active Spark session, or else in
    a JVM inside this process, for which pyspark is not needed.

    Parameters
    ----------
    conf : MultiLayerConfiguration
        What the network is. Its parameters are initialised, from the configuration's seed, when a JVM first gets it.
    labels : list of str, optional
        Names of the classes, in the order of the outputs.
    normalizer : Normalizer, optional
        Fitted on the first training data, unless it has its statistics already; applied to all inputs from then on,
        saved with the network.

    Raises
    ------
    ConfigError
        When the number of labels is not the number of outputs.
    """

    # --- training ----------------------------------------------------------------------------------------------------

    def fit(
        self,
        data: Any,
        epochs: int = 1,
        *,
        batch_size: int = 16,
        workers: int = 1,
        averaging_frequency: int = 5,
        validation: Any = None,
        shuffle: bool = True,
        callbacks: Iterable[Callback] = (),
        progress: bool = True,
    ) -> History:
        """Train for some epochs. A second fit continues where the first ended; `reset` starts anew.

        The same seed, batch size and number of workers give the same parameters, to the bit, as `SparkDl4jMultiLayer`
        with as many workers.

        Parameters
        ----------
        data : tuple of arrays, iterable or callable
            ``(X, y)`` numpy arrays; or an iterable of ``(x, y)`` minibatches, each of them trained as it is; or a
            function that returns such an iterable, called for every epoch. A generator gives its minibatches once, so
            it does for one epoch. Labels are class indices, one-hot rows or targets.
        epochs : int
            Passes over the data. Every row is trained once in each.
        batch_size : int
            Rows in a minibatch of arrays; minibatches of an iterable have their own sizes.
        workers : int
            Copies of the network that train at the same time, each in one thread, and are averaged: as many as there
            are cores use all of them. Minibatches are dealt to them in turn.
        averaging_frequency : int
            Minibatches that each worker trains between two averages; above 20 accuracy tends to suffer.
        validation : tuple of arrays, optional
            ``(X, y)``, evaluated after every epoch.
        shuffle : bool
            Shuffle the rows of arrays in every epoch, in an order that depends on the configuration's seed and the
            epoch's number alone. Minibatches of an iterable keep their order.
        callbacks : iterable of callables
            Called with the `History` after every epoch, while the network stands still: they may evaluate and save
            it. An exception ends the fit.
        progress : bool
            Draw progress on the terminal.

        Returns
        -------
        History
            One entry per epoch.

        Raises
        ------
        ConfigError
            For a setting that is impossible.
        DataError
            Before training starts: for arrays that do not fit the network, bad labels, NaN, no rows. Minibatches are
            looked at as they come.
        TrainingError
            When training failed. The network is as the last average left it.
        """
        epochs, shape = whole_number("epochs", epochs), self.labelled_shape
        master = _master(batch_size, workers, averaging_frequency)
        training: Arrays | Batches
        if is_pair(data):
            training = pair(data, shape, "training data")
        else:
            training = Batches(data, shape, epochs, "training data")
            _check_fitted(self._unfitted_normalizer)
        held_out = None if validation is None else pair(validation, shape, "validation data")
        engine, handle = self._alive()
        history = History()
        with (
            self._fit_settings(epochs, shuffle, master) as settings,
            recorded(history, epochs, labels=self.labels, callbacks=callbacks, progress=progress) as on_event,
        ):
            if isinstance(training, Batches):
                engine.fit_batches(handle, training, held_out, settings, on_event)
            else:
                engine.fit_arrays(handle, training, held_out, settings, on_event)
        return history

    # --- evaluation --------------------------------------------------------------------------------------------------

    def evaluate(self, data: Any) -> Evaluation | RegressionEvaluation:
        """Evaluate on labelled rows: classification metrics, or regression metrics by the loss.

        Parameters
        ----------
        data : tuple of arrays
            ``(X, y)``. DataFrames, RDDs and files are evaluated by `SparkDl4jMultiLayer`.

        Raises
        ------
        DataError
            When the arrays do not fit the network.
        """
        return evaluation_result(self._evaluate(data, self.labelled_shape.evaluation), self.labels)

    def evaluate_regression(self, data: Any) -> RegressionEvaluation:
        """Evaluate the outputs as numbers, whatever the loss is; data are those of `evaluate`."""
        return RegressionEvaluation.from_report(self._evaluate(data, "REGRESSION"), self.labels)

    def evaluate_roc(self, data: Any) -> ROC:
        """Exact ROC curves: one for two classes, one per class for more; data are those of `evaluate`."""
        return ROC.from_report(self._evaluate(data, self.labelled_shape.roc), self.labels)

    def score(self, data: Any) -> float:
        """Mean loss per row, regularisation included; data are those of `evaluate`."""
        return float(self._evaluate(data, "SCORE")["loss"])

    def _evaluate(self, data: Any, kind: str) -> dict[str, Any]:
        rows = pair(data, self.labelled_shape, _TO_EVALUATE)
        engine, handle = self._alive()
        return engine.evaluate_arrays(handle, rows, kind)

    # --- outputs -----------------------------------------------------------------------------------------------------

    def output(self, features: ArrayLike) -> NDArray[Any]:
        """Give the raw outputs for an array of examples, normalised as in training.

        Parameters
        ----------
        features : array
            ``[N, …]`` with what the network takes after the row axis.

        Returns
        -------
        numpy.ndarray
            ``[N, n_out]``, for sequences ``[N, n_out, T]``; float64 for a network of doubles, float32 for others.

        Raises
        ------
        DataError
            When the array does not fit the network.
        EngineError
            When there is no JVM.
        """
        rows = unlabelled(features, self.example_shape, _TO_SCORE)
        engine, handle = self._live or self._alive()
        return engine.output(handle, rows)

    def _normalized_output(self, features: NDArray[Any]) -> NDArray[Any]:
        """Give DL4J's outputs for rows that are normalised already, as the exporter compares them."""
        rows = unlabelled(features, self.example_shape, "the rows to compare")
        engine, handle = self._alive()
        return engine.output(handle, rows, normalize=False)

    def predict(self, features: ArrayLike) -> NDArray[Any]:
        """Predict class indices ``[N]`` (sequences: ``[N, T]``), or values; features are those of `output`."""
        return self.labelled_shape.predictions(self.output(features))

    def feed_forward(self, features: ArrayLike, *, train: bool = False) -> dict[str, NDArray[Any]]:
        """Give every layer's activations, in order, by its name.

        Parameters
        ----------
        features : array
            As for `output`, and normalised as there.
        train : bool
            As in training: dropout drops, batch normalization takes the batch's own statistics. Default False.

        Returns
        -------
        dict of str to numpy.ndarray
            The name is the configuration's, or ``layer<index>``.
        """
        rows = unlabelled(features, self.example_shape, _TO_SCORE)
        engine, handle = self._alive()
        names = [layer.name or f"layer{index}" for index, layer in enumerate(self.conf.layers)]
        return dict(zip(names, engine.feed_forward(handle, rows, bool(train)), strict=True))

    # --- step by step ------------------------------------------------------------------------------------------------

    def rnn_time_step(self, features: ArrayLike) -> NDArray[Any]:
        """Give a recurrent network's outputs for the next time steps, from the state that the last call left.

        Parameters
        ----------
        features : array
            ``[N, size]`` for one step, ``[N, size, T]`` for several; the same N in every call until
            `rnn_clear_previous_state`.

        Returns
        -------
        numpy.ndarray
            ``[N, n_out]`` for one step, ``[N, n_out, T]`` for several.

        Raises
        ------
        ConfigError
            When the network is not recurrent, or looks at whole sequences, as Bidirectional does.
        DataError
            When the array does not fit the network.
        """
        rows, single = time_steps(features, self._step_shape, "the time steps")
        engine, handle = self._alive()
        output = engine.rnn_time_step(handle, rows)
        return output[:, :, 0] if single and output.ndim == 3 else output

    def rnn_clear_previous_state(self) -> None:
        """Forget the state that `rnn_time_step` goes on from."""
        if self._live is not None:
            engine, handle = self._live
            engine.rnn_clear_previous_state(handle)

    @cached_property
    def _step_shape(self) -> ExampleShape:
        return step_shape(self.conf)

    # --- inside ------------------------------------------------------------------------------------------------------

    def gradient(self, data: Any) -> dict[str, NDArray[Any]]:
        """Give the gradient of `score` by parameter, computed as in training: regularisation is in it, dropout drops.

        It is what the updater gets, before any clipping. What a layer moves without a gradient (the running means and
        variances of batch normalization) is left out.

        Parameters
        ----------
        data : tuple of arrays
            ``(X, y)``.

        Returns
        -------
        dict of str to numpy.ndarray
            By DL4J's names of the parameters: layer index and parameter, such as ``"0_W"``; each in its own shape.
        """
        rows = pair(data, self.labelled_shape, "the rows of the gradient")
        engine, handle = self._alive()
        return engine.gradient(handle, rows)

    def to_onnx(self, path: str | Path, **options: Any) -> ExportReport:
        """Write the network as ONNX, compared with DL4J on the same rows where it is in a JVM.

        Options are those of `pydl4j_spark.onnx.export_onnx`.

        Raises
        ------
        UnsupportedLayer
            When layers have no ONNX counterpart; all of them are named.
        ExportError
            When the exported model's outputs are not equal to DL4J's.
        """
        from pydl4j_spark.onnx import export_onnx

        model = self.to_model_zip()
        if self._live is not None and "reference" not in options:
            options["reference"] = self._normalized_output
        if self._input_type is not None:
            options.setdefault("input_shapes", self._input_type.to_dict())
        return export_onnx(model, path, **options)


def _master(batch_size: int, workers: int, averaging_frequency: int) -> dict[str, Any]:
    # Checked here, under the names that the user knows them by.
    return ResidentAveragingTrainingMaster(
        batch_size_per_worker=whole_number("batch_size", batch_size),
        num_workers=whole_number("workers", workers),
        averaging_frequency=whole_number("averaging_frequency", averaging_frequency),
    ).settings()


def _check_fitted(normalizer: Normalizer | None) -> None:
    if normalizer is not None:
        kind = type(normalizer).__name__
        raise DataError(
            f"training data: {kind} is fitted on arrays (X, y), not on minibatches as they come; give one that has "
            f"its statistics, {kind}({', '.join(f'{name}=...' for name in normalizer.statistics)})"
        )
