"""An exported network, run by onnxruntime."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from numpy.typing import NDArray

from pydl4j_spark.array_rows import input_parts
from pydl4j_spark.data import is_frame
from pydl4j_spark.errors import ConfigError, DataError
from pydl4j_spark.example_shape import ExampleShape
from pydl4j_spark.frames import ColumnNames, Columns, frame_rows, own_name
from pydl4j_spark.local_network import TO_SCORE
from pydl4j_spark.prediction_columns import prediction_columns
from pydl4j_spark.serving.on_spark import Copies, Plan, scored_frame
from pydl4j_spark.serving.onnx_file import OnnxFile
from pydl4j_spark.serving.session import Feed, let_go, run, session_of


class OnnxModel:
    """An exported network, for numpy arrays and for Spark's DataFrames, scored by onnxruntime.

    It needs no jar, and any Spark session will do. onnxruntime works in Spark's Python workers: this package, pyarrow
    and onnxruntime must be importable where they run, as for any other Python function of Spark's, and on the driver
    pandas too (``pip install 'pyspark[sql]'``). Every worker has a session of its own, which ends with it.

    Parameters
    ----------
    path : str or Path
        A file that `export_onnx` wrote; weights that it keeps in other files lie beside it. Other ONNX files do too
        whose inputs and outputs are tensors of rows.
    task : str, or dict of them by output, optional
        ``"classification"``, ``"binary"`` (yes/no outputs) or ``"regression"``, where the file does not say: by default
        an output is taken for what its activation says, softmax or sigmoid, and for values otherwise.
    threads : int
        How many threads one call computes with. A Spark task has one core, so that is the default.
    batch_size : int
        How many rows go through the network together.

    Attributes
    ----------
    inputs, outputs : tuple of str
        Names in the file.
    labels : tuple of str, dict of them by output, or None
        Names of the classes.
    metadata : Mapping from str to str
        What the exporter wrote down: where the network comes from, whether and how it was compared with DL4J.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    ModelFormatError
        When it is no ONNX model, or none of rows.
    ConfigError
        For a task or an output that there is none of, and for less than one thread or row.

    Examples
    --------
    >>> net.network.to_onnx("model.onnx", include_normalizer=True)
    >>> model = OnnxModel("model.onnx")
    >>> model.predict(X)
    >>> model.predict(frame).select("prediction", "probability")
    """

    def __init__(
        self,
        path: str | Path,
        *,
        task: str | Mapping[str, str] | None = None,
        threads: int = 1,
        batch_size: int = 256,
    ) -> None:
        for name, setting in (("threads", threads), ("batch_size", batch_size)):
            if not isinstance(setting, int) or isinstance(setting, bool) or setting < 1:
                raise ConfigError(f"{name}={setting!r}: a whole number of at least 1 is expected")
        self._file = OnnxFile.read(Path(path))
        self._ends = self._file.ends(task)
        self._threads, self._batch_size = threads, batch_size
        self._copies = Copies(self._file.files)
        self.inputs = tuple(each.name for each in self._file.inputs)
        self.outputs = tuple(each.name for each in self._file.outputs)
        self.metadata = self._file.metadata
        if self.metadata.get("normalizer", "").startswith("not embedded"):
            warnings.warn(
                f"{path} has no normalizer in it, though the network was trained with one: give it normalized rows, or "
                "export the network with include_normalizer=True",
                UserWarning,
                stacklevel=2,
            )

    def __repr__(self) -> str:
        return f"OnnxModel({next(iter(self._file.files))!r}, {', '.join(self.inputs)} → {', '.join(self.outputs)})"

    @property
    def labels(self) -> Any:
        """Names of the classes."""
        labels = self._file.labels
        return labels or None if len(self.outputs) > 1 else labels.get(self.outputs[0])

    # --- arrays ------------------------------------------------------------------------------------------------------

    def output(self, features: Any, *, features_mask: Any = None) -> Any:
        """Give the raw outputs for numpy rows.

        Parameters
        ----------
        features : array, list or dict of arrays
            ``[N, …]`` as the network took it before it was exported, or in the ``input_layout`` that it was exported
            with; for several inputs one array each, in their order or by their names.
        features_mask : array, list or dict of arrays, optional
            ``[N, T]``, where the model has inputs for masks.

        Returns
        -------
        numpy.ndarray, or a list of them
            ``[N, n_out]``, for sequences ``[N, n_out, T]``; one for each output.

        Raises
        ------
        DataError
            When the array does not fit the network, the model has no input for a mask that there is, or onnxruntime
            cannot compute with a number in it, such as an index that is not in the vocabulary.
        EngineError
            When onnxruntime is not installed.
        """
        given: dict[str, NDArray[Any]] = {}
        for feed, part in zip(self._feeds, input_parts(features, features_mask, self._ends, TO_SCORE), strict=True):
            if part.mask is not None and feed.mask is None:
                raise DataError(f"{TO_SCORE}: {_without_mask(feed)}")
            given |= feed.arrays(part.array.reshape(-1, *part.spec.shape), part.mask)
        session = session_of(self._file.digest, self._threads, lambda: self._file.files)
        found = run(session, given, self.outputs, self._batch_size)
        return found[0] if len(found) == 1 else found

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
        """Predict classes or values, as the network did before it was exported; see `SparkDl4jMultiLayer.predict`.

        Parameters are those of that, and so are the columns of a DataFrame, their types, the order of rows and what is
        refused. Rows travel to Spark's Python workers and back in batches of Arrow's, with all of their columns: where
        most are not needed, `select` some first. How many rows a worker holds at once is Spark's
        ``spark.sql.execution.arrow.maxRecordsPerBatch``.

        Returns
        -------
        DataFrame or numpy.ndarray
            For a DataFrame its own rows with ``prediction`` and, of classes, ``probability``, computed when it is used,
            which must be before `close`. For an array: class indices ``[N]`` (sequences: ``[N, T]``), or values.

        Raises
        ------
        ConfigError
            When there is no such output, or its classes do not come first behind the rows.
        DataError
            When columns are missing or there already, or the array does not fit the network. A DataFrame's bad row (a
            null, more or fewer numbers than the network takes) is named, with its column, when it is come upon.
        """
        shapes = [self._meaning(place) for place in range(len(self.outputs))]
        if not is_frame(data):
            place = self._place(output)
            found = self.output(data, features_mask=features_mask)
            return shapes[place].predictions(found[place] if isinstance(found, list) else found)
        if features_mask is not None:
            raise DataError(f"{TO_SCORE}: a DataFrame has its masks in columns; name them by features_mask_col=")
        columns = ColumnNames(features_col, None, features_mask_col)
        rows = frame_rows(data, self._ends, columns, TO_SCORE, labelled=False)
        inputs = tuple(rows.spec["features"]["inputs"])
        for feed, spec in zip(self._feeds, inputs, strict=True):
            if spec["mask"] is not None and feed.mask is None:
                which = (
                    ", ".join(repr(own_name(each)) for each in spec["columns"])
                    if spec["ragged"]
                    else repr(spec["mask_column"])
                )
                held = "sequences of different lengths" if spec["ragged"] else "a mask"
                raise DataError(f"{TO_SCORE}: column {which} holds {held}; {_without_mask(feed)}")
        answers = tuple(prediction_columns(data, self._ends, prediction_col, probability_col))
        plan = Plan(
            digest=self._file.digest,
            threads=self._threads,
            batch_size=self._batch_size,
            columns=tuple(rows.frame.columns),
            kept=len(data.columns),
            inputs=inputs,
            feeds=self._feeds,
            outputs=self.outputs,
            answers=answers,
        )
        return scored_frame(data.schema, rows.frame, shapes, plan, self._copies.on(data.sparkSession.sparkContext))

    # --- ends --------------------------------------------------------------------------------------------------------

    @property
    def _feeds(self) -> tuple[Feed, ...]:
        feeds = []
        for each in self._file.inputs:
            mask = self._file.masks.get(each.name)
            axis = self._ends.time_axis(each.shape)
            # Sequences of indices have no other axis.
            steps = len(each.shape) - 1 if axis is None else axis
            feeds.append(
                Feed(each.name, each.dtype)
                if mask is None
                else Feed(each.name, each.dtype, mask.name, mask.dtype, steps)
            )
        return tuple(feeds)

    def _place(self, output: int | str) -> int:
        if isinstance(output, str) and output in self.outputs:
            return self.outputs.index(output)
        if isinstance(output, int) and not isinstance(output, bool) and 0 <= output < len(self.outputs):
            return output
        raise ConfigError(f"there is no output {output!r}; the model has {', '.join(map(repr, self.outputs))}")

    def _meaning(self, place: int) -> ExampleShape:
        shape, name = self._ends.output_shapes[place], self.outputs[place]
        layout = self._file.channels_last.get(name)
        if layout is not None:
            first = {"NWC": "NCW", "NHWC": "NCHW"}.get(layout, "NCDHW")
            raise ConfigError(
                f"output '{name}' has its channels last ({layout}); predictions have them first here: use output(), or "
                f"export the network with output_layout={first!r}"
            )
        if shape.labels[:1] in ((), (None,)):
            raise ConfigError(f"output '{name}' does not say how many values or classes it has; use output()")
        return shape

    # --- clusters ----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Take the model off all clusters, and end the session of this process.

        DataFrames that were not computed before cannot be any more; used again, the model is sent anew. Where this is
        not called, Spark lets go of the model when nothing refers to it or to such a DataFrame.
        """
        self._copies.close()
        let_go(self._file.digest, self._threads)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _without_mask(feed: Feed) -> str:
    return f"the model has no input for a mask of '{feed.name}': export it with masks=True, or leave masked steps out"
