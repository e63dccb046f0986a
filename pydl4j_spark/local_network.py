"""What networks of layers and graphs do alike in one JVM: train, score, look inside."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from pydl4j_spark.array_rows import labelled, unlabelled
from pydl4j_spark.ends import Ends
from pydl4j_spark.engine.protocol import Arrays
from pydl4j_spark.errors import DataError
from pydl4j_spark.example_shape import ExampleShape
from pydl4j_spark.fitting import Callbacks, begin, recorded
from pydl4j_spark.local_data import Batches, Check, is_whole, whole
from pydl4j_spark.network_state import NetworkState
from pydl4j_spark.normalizers import Normalizer
from pydl4j_spark.training import History, ResidentAveragingTrainingMaster, whole_number

TO_SCORE, _TO_EVALUATE = "the rows to score", "evaluation data"


class LocalNetwork(NetworkState):
    """A network that trains and answers in the JVM it is in; subclasses know what their arrays are."""

    @property
    @abstractmethod
    def _ends(self) -> Ends:
        """What goes in."""

    @property
    @abstractmethod
    def _labelled_ends(self) -> Ends:
        """What goes in and comes out; refuses a network that cannot have labels."""

    @abstractmethod
    def _labelled_output(self, output: int | str) -> tuple[int, ExampleShape]:
        """Find an output by its place or name."""

    @abstractmethod
    def _class_names(self, output: int) -> tuple[str, ...] | None:
        """Names of an output's classes."""

    def _unlabelled(self, features: Any, name: str, features_mask: Any = None) -> Arrays:
        return unlabelled(features, self._ends, name, features_mask)

    def _labelling(self) -> Check:
        ends = self._labelled_ends
        return lambda data, name: labelled(data, ends, name)

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
        callbacks: Callbacks = (),
        progress: bool = True,
        resume: str | Path | None = None,
    ) -> History:
        """Train for some epochs. A second fit continues where the first ended; `reset` starts anew.

        The same seed, batch size and number of workers give the same parameters, to the bit, as `SparkDl4jMultiLayer`
        with as many workers.

        Parameters
        ----------
        data : tuple of arrays, iterable or callable
            ======================================  ==================================================================
            ``(X, y)``                              numpy arrays; labels are class indices, one-hot rows or targets
            ``(X, y, features_mask)``               1 for the time steps that count, 0 for the others, ``[N, T]``
            ``(X, y, features_mask, labels_mask)``  that of the labels: ``[N, T]`` for sequences, or else ``[N]``, or
                                                    ``[N, n_out]`` for values; either mask may be None
            an iterable of any of these             minibatches, each of them trained as it is
            a function that returns such            called for every epoch; a generator gives its minibatches once, so
            an iterable                             it does for one epoch
            ======================================  ==================================================================

            Sequences ``[N, size, T]`` may also be a list of arrays ``[size, T_i]`` (of ``[T_i]`` where size is 1), with
            labels ``[T_i]`` or ``[n_out, T_i]``: they are padded and masked. Labels that are sequences have the mask of
            their features where they have none of their own. Which layers go by the features' mask is DL4J's matter:
            LSTM does not look at it, so that only what comes after a step is padding to it; Bidirectional reads the
            padding first. A graph of several inputs or outputs takes lists of arrays, and of masks, in their order, or
            dicts by their names, where others take an array.
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
            ``(X, y)`` with masks or without, evaluated after every epoch; of a graph its first output.
        shuffle : bool
            Shuffle the rows of arrays in every epoch, in an order that depends on the configuration's seed and the
            epoch's number alone. Minibatches of an iterable keep their order.
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
        ConfigError
            For a setting that is impossible.
        DataError
            Before training starts: for arrays that do not fit the network, bad labels, NaN, no rows. Minibatches are
            looked at as they come.
        TrainingError
            When training failed. The network is as the last average left it.
        """
        check = self._labelling()
        master = _master(batch_size, workers, averaging_frequency)
        training: Arrays | Batches
        if is_whole(data):
            training = whole(data, check, "training data")
        else:
            training = Batches(data, check, whole_number("epochs", epochs), "training data")
            _check_fitted(self._unfitted_normalizer)
        held_out = None if validation is None else whole(validation, check, "validation data")
        start = begin(self, epochs, resume)
        engine, handle = self._alive()
        with (
            self._fit_settings(start.epochs, shuffle, master) as settings,
            recorded(
                self,
                start,
                settings,
                labels=self._class_names(0),
                validation=held_out is not None,
                callbacks=callbacks,
                progress=progress,
            ) as on_event,
        ):
            if isinstance(training, Batches):
                engine.fit_batches(handle, training, held_out, settings, on_event)
            else:
                engine.fit_arrays(handle, training, held_out, settings, on_event)
        return start.history

    # --- numbers -----------------------------------------------------------------------------------------------------

    def score(self, data: Any) -> float:
        """Mean loss per row, of all outputs together and regularisation included; data are those of `evaluate`."""
        return float(self._evaluated(data, "SCORE")["loss"])

    def _evaluated(self, data: Any, kind: str, output: int = 0) -> dict[str, Any]:
        rows = whole(data, self._labelling(), _TO_EVALUATE)
        engine, handle = self._alive()
        return engine.evaluate_arrays(handle, rows, kind, output)

    # --- inside ------------------------------------------------------------------------------------------------------

    def feed_forward(self, features: Any, *, train: bool = False, features_mask: Any = None) -> dict[str, NDArray[Any]]:
        """Give the activations of every layer or vertex, in order, by its name.

        Parameters
        ----------
        features : array
            As for `output`, and normalised as there.
        train : bool
            As in training: dropout drops, batch normalization takes the batch's own statistics. Default False.
        features_mask : array, optional
            As for `output`.

        Returns
        -------
        dict of str to numpy.ndarray
            The name is the configuration's, or ``layer<index>``.
        """
        rows = self._unlabelled(features, TO_SCORE, features_mask)
        engine, handle = self._alive()
        return engine.feed_forward(handle, rows, bool(train))

    def gradient(self, data: Any) -> dict[str, NDArray[Any]]:
        """Give the gradient of `score` by parameter, computed as in training: regularisation is in it, dropout drops.

        It is what the updater gets, before any clipping. What a layer moves without a gradient (the running means and
        variances of batch normalization) is left out.

        Parameters
        ----------
        data : tuple of arrays
            ``(X, y)``, which masks may follow.

        Returns
        -------
        dict of str to numpy.ndarray
            By DL4J's names of the parameters: layer index or vertex name and parameter, such as ``"0_W"``; each in its
            own shape.
        """
        rows = whole(data, self._labelling(), "the rows of the gradient")
        engine, handle = self._alive()
        return engine.gradient(handle, rows)

    def rnn_clear_previous_state(self) -> None:
        """Forget the state that `rnn_time_step` goes on from."""
        if self._live is not None:
            engine, handle = self._live
            engine.rnn_clear_previous_state(handle)


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
