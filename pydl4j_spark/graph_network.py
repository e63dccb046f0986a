"""A graph by itself, trained, evaluated and looked into: in this process, or in a Spark driver's JVM."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.markup import escape
from rich.table import Table

from pydl4j_spark.arrays import numeric
from pydl4j_spark.conf.graph import ComputationGraphConfiguration
from pydl4j_spark.conf.summary import printed
from pydl4j_spark.conf.trainable import check_rows
from pydl4j_spark.ends import Ends
from pydl4j_spark.errors import ConfigError, DataError, ModelFormatError
from pydl4j_spark.evaluation import ROC, Evaluation, RegressionEvaluation, evaluation_result
from pydl4j_spark.example_shape import ExampleShape, class_names, shape_text
from pydl4j_spark.graph_description import GraphDescription
from pydl4j_spark.local_network import TO_SCORE, LocalNetwork
from pydl4j_spark.model_zip import ModelZip
from pydl4j_spark.normalizers import Normalizer

if TYPE_CHECKING:
    from pydl4j_spark.onnx import ExportReport

Labels = Sequence[str] | Mapping[str, Sequence[str]]
"""Names of classes: those of the first output, or by the name of the output."""


class ComputationGraph(LocalNetwork):
    """A network of vertices, of one or several inputs and outputs (DL4J: ``ComputationGraph``).

    Made of a typed configuration, by `load` of a model zip, or by `from_json` of DL4J's configuration, which may name
    classes that are not known here. It works where it is: in the JVM it was moved to with `to`, or else in that of the
    active Spark session, or else in a JVM inside this process, for which pyspark is not needed.

    Where a graph has several inputs, features are a list of arrays in the order of `inputs`, or a dict of arrays by
    name; where it has several outputs, labels are the same by `outputs`. Every array has the rows along its first
    axis.

    Parameters
    ----------
    conf : ComputationGraphConfiguration
        What the graph is. Its parameters are initialised, from the configuration's seed, when a JVM first gets it.
    labels : list of str, or dict of them by output, optional
        Names of the classes; a list is for the first output.
    normalizer : Normalizer, optional
        For a graph of one input: fitted on the first training data, unless it has its statistics already; applied to
        all inputs from then on, saved with the graph.

    Raises
    ------
    ConfigError
        When the number of labels is not that of the output.
    """

    _KIND = "ComputationGraph"
    labels: dict[str, tuple[str, ...]] | None
    """Names of the classes, by output."""

    def __init__(
        self,
        conf: ComputationGraphConfiguration,
        *,
        labels: Labels | None = None,
        normalizer: Normalizer | None = None,
    ) -> None:
        if not isinstance(conf, ComputationGraphConfiguration):
            raise ConfigError(f"expected a ComputationGraphConfiguration, got {type(conf).__name__}")
        self._begin_as(GraphDescription.of(conf.to_json()), labels, normalizer)

    def _begin_as(self, description: GraphDescription, labels: Labels | None, normalizer: Normalizer | None) -> None:
        self._description = description
        super().__init__(labels, normalizer)

    @classmethod
    def from_json(cls, text: str, *, labels: Labels | None = None, normalizer: Normalizer | None = None) -> Self:
        """Make a new graph of DL4J's JSON, as ``ComputationGraphConfiguration.toJson()`` gives it.

        Parameters
        ----------
        text : str
            The JSON. Its parameters are initialised, from the configuration's seed, when a JVM first gets it.
        labels : list of str, or dict of them by output, optional
            Names of the classes; a list is for the first output.
        normalizer : Normalizer, optional
            For a graph of one input: fitted on the first training data, unless it has its statistics already; applied
            to all inputs from then on, saved with the graph.

        Raises
        ------
        ConfigError
            When it is no JSON of a graph, vertices do not fit together, or the number of labels is not that of the
            output. What only DL4J sees is refused when a JVM first gets the graph.
        """
        graph = cls.__new__(cls)
        graph._begin_as(GraphDescription.of(text), labels, normalizer)
        return graph

    # --- what it is --------------------------------------------------------------------------------------------------

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs, in the order of their arrays."""
        return self._description.inputs

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs, in the order of their arrays."""
        return self._description.outputs

    @property
    def conf(self) -> ComputationGraphConfiguration:
        """What the graph is.

        Raises
        ------
        ConfigError
            When it came from elsewhere and has classes that are not known here; `to_json` gives it even so.
        """
        return self._description.typed or ComputationGraphConfiguration.from_json(self._description.text)

    def to_json(self) -> str:
        """Give the configuration in DL4J's JSON, as it was read."""
        return self._description.text

    @property
    def n_params(self) -> int:
        """Number of parameters."""
        counts = [vertex.n_params for vertex in self._description.vertices.values()]
        known = [count for count in counts if count is not None]
        # Of layers that are not known here, DL4J counts them.
        return sum(known) if len(known) == len(counts) else len(self.params())

    def summary(self) -> str:
        """Vertices, what goes into them, shapes and parameters as a table."""
        if self._description.typed is not None:
            return self._description.typed.summary()
        made = Table(box=box.SIMPLE_HEAD, show_footer=True)
        vertices = self._description.vertices.values()
        counts = [vertex.n_params for vertex in vertices]
        total = "?" if None in counts and self._archive is None and self._live is None else f"{self.n_params:,}"
        made.add_column("vertex", footer=f"{len(counts)} vertices")
        made.add_column("kind")
        made.add_column("inputs", footer=escape(f"{', '.join(self.inputs)} → {', '.join(self.outputs)}"))
        made.add_column("parameters", justify="right", footer=total)
        for name, shape in zip(self.inputs, self._description.input_shapes, strict=True):
            made.add_row(escape(name), f"input ({'?' if shape is None else shape_text(shape)})", "", "")
        for vertex, count in zip(vertices, counts, strict=True):
            given = escape(", ".join(vertex.inputs))
            made.add_row(escape(vertex.name), vertex.kind, given, "?" if count is None else f"{count:,}")
        return printed(made)

    def __repr__(self) -> str:
        vertices = len(self._description.vertices)
        ends = f"{', '.join(self.inputs)} → {', '.join(self.outputs)}"
        return f"{type(self).__name__}({ends}, {vertices} vertices)"

    # --- evaluation --------------------------------------------------------------------------------------------------

    def evaluate(self, data: Any, *, output: int | str = 0) -> Evaluation | RegressionEvaluation:
        """Evaluate one output on labelled rows: classification metrics, or regression metrics by its loss.

        Parameters
        ----------
        data : tuple of arrays
            ``(X, y)``, which masks may follow, as for `fit`; labels of all outputs. The loss in the result is that
            of the whole graph.
        output : int or str
            Which output, by its place or name. Default: the first.

        Raises
        ------
        ConfigError
            When there is no such output.
        DataError
            When the arrays do not fit the graph.
        """
        place, shape = self._labelled_output(output)
        return evaluation_result(self._evaluated(data, shape.evaluation, place), self._class_names(place))

    def evaluate_regression(self, data: Any, *, output: int | str = 0) -> RegressionEvaluation:
        """Evaluate an output as numbers, whatever its loss is; parameters are those of `evaluate`."""
        place, _ = self._labelled_output(output)
        return RegressionEvaluation.from_report(self._evaluated(data, "REGRESSION", place), self._class_names(place))

    def evaluate_roc(self, data: Any, *, output: int | str = 0) -> ROC:
        """Exact ROC curves: one for two classes, one per class for more; parameters are those of `evaluate`."""
        place, shape = self._labelled_output(output)
        return ROC.from_report(self._evaluated(data, shape.roc, place), self._class_names(place))

    # --- outputs -----------------------------------------------------------------------------------------------------

    def output(self, features: Any, *, features_mask: Any = None) -> NDArray[Any] | list[NDArray[Any]]:
        """Give the raw outputs, normalised as in training.

        Parameters
        ----------
        features : array, list or dict of arrays
            ``[N, …]`` for each input; sequences may be a list of arrays ``[size, T_i]``, which are padded and masked.
        features_mask : array, list or dict of arrays, optional
            ``[N, T]`` for each input that is a sequence, 1 for the time steps that count; None where all do.

        Returns
        -------
        numpy.ndarray or list of numpy.ndarray
            ``[N, n_out]``, for sequences ``[N, n_out, T]``; a list in the order of `outputs` where there are several.
            float64 for a graph of doubles, float32 for others.

        Raises
        ------
        DataError
            When the arrays do not fit the graph.
        EngineError
            When there is no JVM.
        """
        found = self._all_outputs(features, features_mask)
        return found[0] if len(found) == 1 else found

    def _all_outputs(self, features: Any, features_mask: Any) -> list[NDArray[Any]]:
        rows = self._unlabelled(features, TO_SCORE, features_mask)
        engine, handle = self._alive()
        # Of a single output a few rows take a short way.
        return [engine.output(handle, rows)] if len(self.outputs) == 1 else engine.outputs(handle, rows)

    def predict(self, features: Any, *, output: int | str = 0, features_mask: Any = None) -> NDArray[Any]:
        """Predict one output's class indices ``[N]`` (sequences: ``[N, T]``), or values.

        Features and their masks are those of `output`; which output is chosen as in `evaluate`.
        """
        place, shape = self._labelled_output(output)
        return shape.predictions(self._all_outputs(features, features_mask)[place])

    def _place(self, output: int | str) -> int:
        names = self.outputs
        if isinstance(output, str):
            if output in names:
                return names.index(output)
        elif not isinstance(output, bool):
            try:
                place = operator.index(output)
            except TypeError:
                place = -1
            if 0 <= place < len(names):
                return place
        listed = ", ".join(f"{place} {name!r}" for place, name in enumerate(names))
        raise ConfigError(f"there is no output {output!r}; the graph has {listed}")

    def _labelled_output(self, output: int | str) -> tuple[int, ExampleShape]:
        place = self._place(output)
        return place, self._labelled_ends.output_shapes[place]

    # --- step by step ------------------------------------------------------------------------------------------------

    def rnn_time_step(self, features: Any) -> NDArray[Any] | list[NDArray[Any]]:
        """Give a recurrent graph's outputs for the next time steps, from the state that the last call left.

        Parameters
        ----------
        features : array, list or dict of arrays
            For each input that is a sequence ``[N, size]`` for one step, ``[N, size, T]`` for several; the same N in
            every call until `rnn_clear_previous_state`. Where some are single steps, all are.

        Returns
        -------
        numpy.ndarray or list of numpy.ndarray
            As `output`; sequences without their last axis where single steps were given.

        Raises
        ------
        ConfigError
            When the graph is not recurrent, or looks at whole sequences, as Bidirectional does.
        DataError
            When the arrays do not fit the graph.
        """
        objection = self._description.steps_objection()
        if objection is not None:
            raise ConfigError(f"{objection}: use output")
        arrays, single = self._steps(features)
        rows = self._unlabelled(arrays, "the time steps")
        engine, handle = self._alive()
        found = engine.rnn_time_step_outputs(handle, rows)
        if single:
            found = [array[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else array for array in found]
        return found[0] if len(found) == 1 else found

    def _steps(self, features: Any) -> tuple[list[Any], bool]:
        """Give single steps their time axis; tell whether they are single."""
        name, shapes = "the time steps", self._description.input_shapes
        given = [numeric(one, f"{name}: features") for one in self._ends.by_input(features, "features", name)]
        in_time = [shape is not None and len(shape) == 2 for shape in shapes]
        single = [one.ndim == 2 for one, sequence in zip(given, in_time, strict=True) if sequence]
        if any(single) and not all(single):
            raise DataError(f"{name}: some inputs are single steps [N, size], others have several [N, size, T]")
        if not any(single):
            return given, False
        return [one[:, :, np.newaxis] if sequence else one for one, sequence in zip(given, in_time, strict=True)], True

    def to_onnx(self, path: str | Path, **options: Any) -> ExportReport:
        """Write the network as ONNX, compared with DL4J on the same rows.

        DL4J runs in the network's JVM, or else where `output` would run; where that cannot be, the probe that `save`
        recorded serves, or the file is marked as not compared.

        Options are those of `pydl4j_spark.onnx.export_onnx`; inputs and outputs are called as in the graph.

        Raises
        ------
        UnsupportedLayer
            When layers or vertices have no ONNX counterpart; all of them are named.
        ExportError
            When the exported model's outputs are not equal to DL4J's.
        """
        from pydl4j_spark.onnx import export_onnx

        model = self.to_model_zip(updater=False)
        return export_onnx(model, path, **self._to_compare(options))

    # --- for what all networks do alike ------------------------------------------------------------------------------

    @cached_property
    def _ends(self) -> Ends:
        return Ends.to_score(self._description)

    @cached_property
    def _labelled_ends(self) -> Ends:
        return Ends.of_graph(self._description)

    def _class_names(self, output: int) -> tuple[str, ...] | None:
        return None if self.labels is None else self.labels.get(self.outputs[output])

    def _set_labels(self, labels: Labels) -> None:
        by_output = labels if isinstance(labels, Mapping) else {self.outputs[0]: labels}
        named = {}
        for name, classes in by_output.items():
            _, shape = self._labelled_output(name)
            if shape.labels:
                named[name] = class_names(tuple(classes), shape)
            else:
                named[name] = tuple(map(str, classes))
        self.labels = named

    def _normalize_by(self, normalizer: Normalizer) -> None:
        if len(self.inputs) > 1:
            raise ConfigError(
                f"a normalizer has statistics for one input, and the graph has {len(self.inputs)} "
                f"({', '.join(self.inputs)}): normalize the arrays before"
            )
        super()._normalize_by(normalizer)

    def _recall(self, model: ModelZip) -> None:
        try:
            types = (model.manifest or {}).get("input_types")
            self._description = GraphDescription.of(model.configuration_text, types)
        except ConfigError as why:
            raise ModelFormatError(f"configuration.json: {why}") from None
        labels = (model.manifest or {}).get("labels")
        if isinstance(labels, Mapping):
            self.labels = {str(name): tuple(map(str, classes)) for name, classes in labels.items()}

    def _blueprint(self) -> str:
        return self._description.without_state()

    def _record(self) -> dict[str, Any]:
        labels = None if self.labels is None else {name: list(classes) for name, classes in self.labels.items()}
        typed = self._description.typed
        given = {} if typed is None else typed.input_types
        types = {name: None if one is None else one.to_dict() for name, one in given.items()}
        return {"input_type": None, "input_types": types, "labels": labels}

    @property
    def _data_type(self) -> str:
        return self._description.data_type

    def _check_rows(self, rows: int) -> None:
        if (conf := self._description.typed) is not None:
            check_rows(conf.vertex_types(), rows)

    @property
    def _evaluation(self) -> str:
        return self._labelled_ends.output_shapes[0].evaluation
