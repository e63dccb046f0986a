"""How the columns of a DataFrame hold what goes into a network and what comes out."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from functools import reduce
from math import prod
from typing import Any, NamedTuple, TypedDict

from attrs import evolve

from pydl4j_spark.ends import Ends
from pydl4j_spark.errors import DataError
from pydl4j_spark.example_shape import ExampleShape, Shape, shape_text
from pydl4j_spark.masks import label_mask_shapes
from pydl4j_spark.row_spec import Input, Output, row_spec

Columns = str | list[Any] | tuple[Any, ...] | Mapping[str, Any]
"""Columns of one input or output; or those of several, in their order or by name."""


class ColumnNames(NamedTuple):
    """Where a DataFrame has what the network needs."""

    features_col: Columns | None = "features"
    label_col: Columns | None = "label"
    features_mask_col: Columns | None = None
    label_mask_col: Columns | None = None


class ColumnOptions(TypedDict, total=False):
    """The same as options."""

    features_col: Columns
    label_col: Columns
    features_mask_col: Columns | None
    label_mask_col: Columns | None


_FLAT = "__flat_"


def own_name(column: str) -> str:
    """Return what a user calls a column, also one that was made flat."""
    return column.removeprefix(_FLAT).partition("_")[2] if column.startswith(_FLAT) else column


class FrameRows(NamedTuple):
    """A DataFrame and what its rows are."""

    frame: Any
    """With nested arrays laid flat in columns of their own."""
    spec: dict[str, Any]
    added: tuple[str, ...]
    """The columns that were added for it."""


def frame_rows(frame: Any, ends: Ends, columns: ColumnNames, name: str, *, labelled: bool) -> FrameRows:
    """Check a DataFrame's columns, and settle by its rows what only they can tell.

    Sequences take one pass over the data: how long are they?

    Parameters
    ----------
    frame : DataFrame
        The rows.
    ends : Ends
        What takes them.
    columns : ColumnNames
        Where they hold it.
    name : str
        What to call the data in a message.
    labelled : bool
        Whether labels are wanted.

    Raises
    ------
    DataError
        For a column that is missing or of a type that holds no numbers, and for sequences that do not fit.
    """
    flat = _Flat(frame, name)
    features = [flat.cells(each) for each in ends.by_input(columns.features_col, "columns of features", name)]
    wanted = columns.label_col if labelled else None
    labels = [
        None if each is None else flat.cells(each)
        for each in ends.by_output(wanted, "columns of labels", name, optional=not labelled)
    ]
    features_masks, labels_masks = (
        [None if each is None else flat.cells(each) for each in some]
        for some in (
            ends.by_input(columns.features_mask_col, "columns of masks", name, optional=True),
            ends.by_output(columns.label_mask_col, "columns of masks", name, optional=True),
        )
    )
    measured = _measured(flat, ends, features, labels)
    inputs = tuple(
        _input(ends, index, cells, features_masks[index], measured.get(cells), name)
        for index, cells in enumerate(features)
    )
    outputs = tuple(
        _output(ends, index, cells, labels_masks[index], measured.get(cells), inputs, name)
        for index, cells in enumerate(labels)
    )
    return FrameRows(flat.frame, row_spec(inputs, outputs or None), tuple(flat.added))


# --- cells -----------------------------------------------------------------------------------------------------------


class _Cells(NamedTuple):
    """One column, or several side by side."""

    columns: tuple[str, ...]
    kind: str
    """``"number"``, ``"numbers"`` or ``"whole numbers"`` in a row."""
    nested: str | None
    """The column of arrays of arrays that it was."""

    def __str__(self) -> str:
        return f"column '{self.nested or self.columns[0]}'"


class _Flat:
    """A DataFrame whose arrays of arrays get columns of their own, laid flat as numpy lays them out."""

    def __init__(self, frame: Any, name: str) -> None:
        self.frame, self.name = frame, name
        self.added: list[str] = []
        self._cells: dict[tuple[str, ...], _Cells] = {}

    def cells(self, columns: Any) -> _Cells:
        names = (columns,) if isinstance(columns, str) else tuple(map(str, columns))
        if names not in self._cells:
            found = [self._flattened(column) for column in names]
            kind = found[0][1] if len(names) == 1 else "numbers"
            nested = names[0] if found[0][0] != names[0] else None
            self._cells[names] = _Cells(tuple(column for column, _ in found), kind, nested)
        return self._cells[names]

    def _flattened(self, column: str) -> tuple[str, str]:
        from pyspark.sql import functions as f
        from pyspark.sql import types as t

        if column not in self.frame.columns:
            known = [known for known in self.frame.columns if known not in self.added]
            raise DataError(f"{self.name}: there is no column '{column}'; the columns are {', '.join(known)}")
        kind = self.frame.schema[column].dataType
        flat, inner = spark_column(column), kind
        while isinstance(inner, t.ArrayType) and isinstance(inner.elementType, t.ArrayType):
            flat, inner = f.flatten(flat), inner.elementType
        what = _kind_of(inner)
        if what is None:
            raise DataError(
                f"{self.name}: column '{column}' is {kind.simpleString()}; features and labels are numbers, arrays of "
                "numbers or ml vectors (assemble columns with VectorAssembler, turn text into numbers with "
                "StringIndexer)"
            )
        if inner is kind:
            return column, what
        fresh = f"{_FLAT}{len(self.added)}_{column}"
        self.added.append(fresh)
        self.frame = self.frame.withColumn(fresh, flat)
        return fresh, what

    def size(self, cells: _Cells) -> Any:
        """Give Spark's expression of how many numbers a row has."""
        return reduce(operator.add, map(self._size, cells.columns))

    def _size(self, column: str) -> Any:
        from pyspark.ml.functions import vector_to_array
        from pyspark.sql import functions as f
        from pyspark.sql import types as t

        kind, cell = self.frame.schema[column].dataType, spark_column(column)
        if isinstance(kind, t.ArrayType):
            size = f.size(cell)
        elif isinstance(kind, t.BinaryType):
            size = f.length(cell) / 4
        elif kind.typeName() == "vector" or type(kind).__name__ == "VectorUDT":
            size = f.size(vector_to_array(cell))
        else:
            size = f.lit(1)
        return f.when(cell.isNotNull(), size).cast("long")


def spark_column(name: str) -> Any:
    """Give Spark's column of just this name, which may have dots in it."""
    from pyspark.sql import functions as f

    return f.col("`" + name.replace("`", "``") + "`")


def _kind_of(kind: Any) -> str | None:
    from pyspark.sql import types as t

    if isinstance(kind, (t.NumericType, t.BooleanType)):
        return "number"
    if isinstance(kind, t.ArrayType) and isinstance(kind.elementType, (t.IntegralType, t.BooleanType)):
        return "whole numbers"
    if isinstance(kind, t.ArrayType) and isinstance(kind.elementType, t.NumericType):
        return "numbers"
    if kind.typeName() == "vector" or isinstance(kind, t.BinaryType) or type(kind).__name__ == "VectorUDT":
        return "numbers"
    return None


# --- lengths ---------------------------------------------------------------------------------------------------------


class _Sizes(NamedTuple):
    """How many numbers the rows have in some cells."""

    least: int
    most: int


def _measured(
    flat: _Flat, ends: Ends, features: list[_Cells], labels: list[_Cells | None]
) -> dict[_Cells | None, _Sizes]:
    """Look in one pass at what only the rows can tell: how long sequences are."""
    from pyspark.sql import functions as f

    wanted = [cells for cells, shape in zip(features, ends.input_shapes, strict=True) if _is_open(shape)]
    wanted += [
        cells
        for cells, shape in zip(labels, ends.output_shapes, strict=False)
        if cells is not None and _is_open(shape.labels or None)
    ]
    if not wanted:
        return {}
    asked = [f.count(f.lit(1))]
    for cells in wanted:
        size = flat.size(cells)
        asked += [f.min(size), f.max(size), f.count_if(_uneven(cells))]
    unequal = _unequal(flat, ends, features, labels)
    asked.append(f.lit(0) if unequal is None else f.count_if(unequal))
    found = flat.frame.agg(*(each.alias(f"a{place}") for place, each in enumerate(asked))).first()
    if not found[0]:
        raise DataError(f"{flat.name} has no rows")
    if found[-1]:
        raise DataError(
            f"{flat.name}: in {found[-1]:,} rows {labels[0]} has another number of time steps than {features[0]} "
            "(class indices are arrays of whole numbers)"
        )
    measured: dict[_Cells | None, _Sizes] = {}
    for place, cells in enumerate(wanted):
        least, most, uneven = found[3 * place + 1 : 3 * place + 4]
        if uneven:
            raise DataError(
                f"{flat.name}: {cells} holds arrays of different lengths inside one cell in {uneven:,} rows; a cell is "
                "[size][time steps]"
            )
        measured[cells] = _Sizes(least or 0, most or 0)
    return measured


def _unequal(flat: _Flat, ends: Ends, features: list[_Cells], labels: list[_Cells | None]) -> Any:
    """Give Spark's condition of rows with more or fewer labels than time steps, where a network has as many."""
    if labels[:1] in ([], [None]) or not ends.output_shapes[0].features:
        return None
    given, output, cells = ends.input_shapes[0], ends.output_shapes[0], labels[0]
    axis = ends.time_axis(given)
    if given is None or axis is None or cells is None or output.labels[1:] != (given[axis],):
        return None
    each = 1 if _are_indices(output, cells) else output.classes
    return flat.size(cells) * (given[1 - axis] or 1) != flat.size(features[0]) * each


def _are_indices(output: ExampleShape, cells: _Cells) -> bool:
    """Tell class indices per time step from values: the latter are no whole numbers."""
    return output.classes > 1 and len(output.labels) > 1 and cells.kind == "whole numbers"


def _is_open(shape: Shape | None) -> bool:
    return shape is None or None in shape or len(shape) == 2


def _uneven(cells: _Cells) -> Any:
    from pyspark.sql import functions as f

    if cells.nested is None:
        return f.lit(False)
    sizes = f.transform(spark_column(cells.nested), f.size)
    return f.array_min(sizes) != f.array_max(sizes)


# --- inputs and outputs ----------------------------------------------------------------------------------------------


def _input(ends: Ends, index: int, cells: _Cells, mask: _Cells | None, sizes: _Sizes | None, name: str) -> Input:
    shape = ends.input_shapes[index]
    place, axis = ends.input_place(index, name), ends.time_axis(shape)
    if shape is None:
        assert sizes is not None
        shape = (sizes.most,)
    if mask is not None and axis is None:
        raise DataError(f"{place}: {mask} masks time steps, and these features are no sequences")
    ragged = False
    if sizes is not None:
        shape, ragged = _settled(shape, sizes, axis, masked=mask is not None, what=f"{place}: {cells}")
    if ragged and axis == 0:
        raise DataError(
            f"{place}: {cells} holds sequences of different lengths, which are padded where time is last: leave "
            "data_format='NWC' out"
        )
    settled = tuple(int(n or 0) for n in shape)
    masked = (settled[axis],) if axis is not None and (ragged or mask is not None) else None
    column = None if mask is None else mask.columns[0]
    return Input(ends.inputs[index], settled, masked, cells.columns, column, ragged)


def _settled(shape: Shape, sizes: _Sizes, axis: int | None, *, masked: bool, what: str) -> tuple[Shape, bool]:
    """Fill in the one extent that is not known; tell whether rows are to be padded to it."""
    known = prod(n for n in shape if n is not None)
    if axis is not None:
        known = int(shape[1 - axis] or 1)
    if shape.count(None) > 1 or sizes.most % known:
        raise DataError(
            f"{what} holds up to {sizes.most:,} numbers, which do not tell how they make [{shape_text(shape)}]"
        )
    extent = sizes.most // known
    if axis is None:
        return tuple(extent if n is None else n for n in shape), False
    steps = shape[axis] or extent
    if extent > steps:
        raise DataError(
            f"{what} holds sequences of up to {extent} time steps, the network takes {steps}; cut them, or leave the "
            "number of time steps out of the input type"
        )
    return tuple(steps if at == axis else n for at, n in enumerate(shape)), not masked and sizes.least < steps * known


def _output(
    ends: Ends,
    index: int,
    cells: _Cells | None,
    mask: _Cells | None,
    sizes: _Sizes | None,
    inputs: tuple[Input, ...],
    name: str,
) -> Output:
    shape, place = ends.output_shapes[index], ends.output_place(index, name)
    steps = [one.shape[axis] for one in inputs if (axis := ends.time_axis(one.shape)) is not None]
    if shape.features or cells is None:
        # Of a network of layers, whose sequences are as long at both ends.
        shape = shape.with_timesteps(steps[0] if steps else 1)
    if cells is None:
        if not shape.labels:
            raise DataError(f"{place}: the size of the output is not known; predict arrays instead of a DataFrame")
        return Output(ends.outputs[index], tuple(int(n or 0) for n in shape.labels), indices=False, sparse=shape.sparse)
    if not shape.labels and sizes is not None:
        shape = evolve(shape, labels=(sizes.most,))
    indices = _are_indices(shape, cells)
    ragged = False
    if sizes is not None and len(shape.labels) == 2:
        each = (1 if indices else shape.classes, shape.labels[1])
        found, ragged = _settled(each, sizes, 1, masked=mask is not None, what=f"{place}: {cells}")
        shape = shape.with_timesteps(int(found[1] or 0))
    labels = tuple(int(n or 0) for n in shape.labels)
    if cells.kind == "number":
        indices = shape.classes > 1 and prod(labels[1:]) == 1
    column = None if mask is None else mask.columns[0]
    masked = None
    if ragged:
        masked = labels[1:]
    elif mask is not None:
        masked = _mask_shape(shape, mask, place)
    elif len(labels) == 2:
        column = _mask_of_features(labels, inputs)
        masked = None if column is None else labels[1:]
    return Output(ends.outputs[index], labels, indices, shape.sparse, masked, cells.columns[0], column, ragged)


def _mask_of_features(labels: tuple[int, ...], inputs: tuple[Input, ...]) -> str | None:
    """Mask labels as their features are: DL4J counts the padding of labels that have no mask."""
    masked = [one for one in inputs if one.mask is not None]
    return masked[0].mask_column if len(masked) == 1 and masked[0].mask == labels[1:] else None


def _mask_shape(shape: ExampleShape, mask: _Cells, place: str) -> tuple[int, ...]:
    wanted = label_mask_shapes(shape)
    if len(shape.labels) == 2:
        return wanted[0]
    if mask.kind == "number" or len(wanted) > 1:
        return wanted[0 if mask.kind == "number" else 1]
    raise DataError(f"{place}: {mask} masks single outputs; here it is one number for each row")
