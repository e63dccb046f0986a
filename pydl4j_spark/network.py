"""A network of layers by itself, trained, evaluated and looked into: in this process, or in a Spark driver's JVM."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import attrs
from numpy.typing import ArrayLike, NDArray

from pydl4j_spark.conf.inputs import InputType
from pydl4j_spark.conf.multilayer import MultiLayerConfiguration
from pydl4j_spark.conf.trainable import check_rows
from pydl4j_spark.ends import Ends
from pydl4j_spark.errors import ConfigError
from pydl4j_spark.evaluation import ROC, Evaluation, RegressionEvaluation, evaluation_result
from pydl4j_spark.example_shape import ExampleShape, class_names
from pydl4j_spark.local_network import TO_SCORE, LocalNetwork
from pydl4j_spark.model_zip import ModelZip
from pydl4j_spark.normalizers import Normalizer
from pydl4j_spark.time_steps import step_ends, time_steps

if TYPE_CHECKING:
    from pydl4j_spark.onnx import ExportReport


class MultiLayerNetwork(LocalNetwork):
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

    _KIND = "MultiLayerNetwork"
    labels: tuple[str, ...] | None

    def __init__(
        self,
        conf: MultiLayerConfiguration,
        *,
        labels: list[str] | tuple[str, ...] | None = None,
        normalizer: Normalizer | None = None,
    ) -> None:
        if not isinstance(conf, MultiLayerConfiguration):
            raise ConfigError(f"expected a MultiLayerConfiguration, got {type(conf).__name__}")
        self._conf: MultiLayerConfiguration | None = conf
        self._input_type = conf.input_type
        super().__init__(labels, normalizer)

    @classmethod
    def load(cls, path: str | Path, *, input_type: InputType | None = None) -> Self:
        """Read a model zip, written here or by DL4J. Local files need no JVM.

        Parameters
        ----------
        path : str or Path
            A local path, or a URI of a Hadoop filesystem such as ``hdfs://…/model.zip`` (needs a Spark session).
        input_type : InputType, optional
            What the network takes, for a file that DL4J wrote: it does not record it. Files written here do.

        Raises
        ------
        ModelFormatError
            When the file is damaged, or no model of layers.
        FileNotFoundError
            When there is no such file.
        EngineError
            When the path is a URI and no Spark session is active.
        """
        network = super().load(path)
        if input_type is not None:
            network._input_type = input_type
        return network

    # --- what it is --------------------------------------------------------------------------------------------------

    @property
    def conf(self) -> MultiLayerConfiguration:
        """What the network is."""
        if self._conf is None:
            configuration = dict(self.to_model_zip(updater=False).configuration)
            if self._input_type is not None:
                configuration["inputType"] = self._input_type.to_dict()
            read = MultiLayerConfiguration.from_json(json.dumps(configuration))
            # The counters are the network's (`epoch`, `iteration`), not part of what it is.
            counters = {"iteration_count": 0, "epoch_count": 0, "layer_states": ()}
            self._conf = attrs.evolve(read, **counters)  # type: ignore[misc]  # mypy cannot see through @config
        return self._conf

    @cached_property
    def example_shape(self) -> ExampleShape:
        """Shapes of an example's features and labels."""
        return ExampleShape.of(self.conf)

    @cached_property
    def labelled_shape(self) -> ExampleShape:
        """The same, where labels and predictions are wanted too."""
        return ExampleShape.with_labels(self.conf)

    @property
    def n_params(self) -> int:
        """Number of parameters."""
        return self.conf.n_params

    def summary(self) -> str:
        """Layers, shapes and parameters as a table."""
        return self.conf.summary()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.conf.layers)} layers, {self.n_params:,} parameters)"

    def _set_labels(self, labels: list[str] | tuple[str, ...]) -> None:
        self.labels = class_names(labels, self.example_shape)

    def _recall(self, model: ModelZip) -> None:
        manifest = model.manifest or {}
        recorded, labels = manifest.get("input_type"), manifest.get("labels")
        self._conf = None
        self._input_type = None if recorded is None else InputType.from_dict(recorded)
        self.labels = None if labels is None else tuple(labels)

    def _blueprint(self) -> str:
        return self.conf.to_json()

    def _record(self) -> dict[str, Any]:
        return {
            "input_type": None if self._input_type is None else self._input_type.to_dict(),
            "labels": None if self.labels is None else list(self.labels),
        }

    @property
    def _data_type(self) -> str:
        return self.conf.data_type

    @property
    def _evaluation(self) -> str:
        return self.labelled_shape.evaluation

    def _check_rows(self, rows: int) -> None:
        check_rows(self.conf.layer_types(), rows)

    def _class_names(self, output: int) -> tuple[str, ...] | None:
        return self.labels

    @cached_property
    def _ends(self) -> Ends:
        return Ends.of_layers(self.example_shape, time_first=self._time_first)

    @cached_property
    def _labelled_ends(self) -> Ends:
        return Ends.of_layers(self.labelled_shape, time_first=self._time_first)

    @property
    def _time_first(self) -> bool:
        return getattr(self.conf.input_type, "data_format", None) == "NWC"

    def _labelled_output(self, output: int | str) -> tuple[int, ExampleShape]:
        if output != 0 or isinstance(output, bool):
            raise ConfigError(f"there is no output {output!r}; the network has one, 0")
        return 0, self.labelled_shape

    # --- evaluation --------------------------------------------------------------------------------------------------

    def evaluate(self, data: Any) -> Evaluation | RegressionEvaluation:
        """Evaluate on labelled rows: classification metrics, or regression metrics by the loss.

        Parameters
        ----------
        data : tuple of arrays
            ``(X, y)``, which masks may follow, as for `fit`. DataFrames, RDDs and files are evaluated by
            `SparkDl4jMultiLayer`.

        Raises
        ------
        DataError
            When the arrays do not fit the network.
        """
        return evaluation_result(self._evaluated(data, self.labelled_shape.evaluation), self.labels)

    def evaluate_regression(self, data: Any) -> RegressionEvaluation:
        """Evaluate the outputs as numbers, whatever the loss is; data are those of `evaluate`."""
        return RegressionEvaluation.from_report(self._evaluated(data, "REGRESSION"), self.labels)

    def evaluate_roc(self, data: Any) -> ROC:
        """Exact ROC curves: one for two classes, one per class for more; data are those of `evaluate`."""
        return ROC.from_report(self._evaluated(data, self.labelled_shape.roc), self.labels)

    # --- outputs -----------------------------------------------------------------------------------------------------

    def output(self, features: Any, *, features_mask: ArrayLike | None = None) -> NDArray[Any]:
        """Give the raw outputs for an array of examples, normalised as in training.

        Parameters
        ----------
        features : array
            ``[N, …]`` with what the network takes after the row axis; sequences may be a list of arrays
            ``[size, T_i]``, which are padded and masked.
        features_mask : array, optional
            ``[N, T]``, 1 for the time steps of sequences that count, 0 for the others. Outputs at masked steps are
            DL4J's, and mean nothing.

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
        rows = self._unlabelled(features, TO_SCORE, features_mask)
        engine, handle = self._live or self._alive()
        return engine.output(handle, rows)

    def predict(self, features: Any, *, features_mask: ArrayLike | None = None) -> NDArray[Any]:
        """Predict class indices ``[N]`` (sequences: ``[N, T]``), or values; parameters are those of `output`."""
        return self.labelled_shape.predictions(self.output(features, features_mask=features_mask))

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
        rows, single = time_steps(features, self._step_ends, "the time steps")
        engine, handle = self._alive()
        output = engine.rnn_time_step(handle, rows)
        return output[:, :, 0] if single and output.ndim == 3 else output

    @cached_property
    def _step_ends(self) -> Ends:
        return step_ends(self.conf)

    # --- inside ------------------------------------------------------------------------------------------------------

    def to_onnx(self, path: str | Path, **options: Any) -> ExportReport:
        """Write the network as ONNX, compared with DL4J on the same rows.

        DL4J runs in the network's JVM, or else where `output` would run; where that cannot be, the probe that `save`
        recorded serves, or the file is marked as not compared.

        Options are those of `pydl4j_spark.onnx.export_onnx`.

        Raises
        ------
        UnsupportedLayer
            When layers have no ONNX counterpart; all of them are named.
        ExportError
            When the exported model's outputs are not equal to DL4J's.
        """
        from pydl4j_spark.onnx import export_onnx

        model = self.to_model_zip(updater=False)
        if self._input_type is not None:
            options.setdefault("input_shapes", self._input_type.to_dict())
        return export_onnx(model, path, **self._to_compare(options))
