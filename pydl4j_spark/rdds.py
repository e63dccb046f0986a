"""RDDs of Python objects, made into DataFrames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydl4j_spark.ends import Ends
from pydl4j_spark.errors import DataError
from pydl4j_spark.frames import ColumnNames


def frame_of_rdd(spark: Any, rdd: Any, ends: Ends, name: str) -> tuple[Any, ColumnNames]:
    """Turn an RDD into a DataFrame of float32 bytes, with numbers and class indices as they are.

    Parameters
    ----------
    rdd : RDD
        Of ``LabeledPoint``, or of tuples for one row each: features, label, and the masks of both where there are any;
        lists of them for several inputs or outputs.
    ends : Ends
        What takes them.
    name : str
        What to call the data in a message.

    Raises
    ------
    DataError
        When it is empty or holds something else.
    """
    from pyspark.sql.types import ArrayType, BinaryType, DoubleType, IntegerType, StructField, StructType

    counts = (len(ends.inputs), len(ends.outputs)) * 2
    labels = range(counts[0], counts[0] + counts[1])

    # Nested, so that they are sent by value and executors need not have this package.
    def parts_of(row: Any) -> list[Any]:
        given = (row.features.toArray(), row.label) if hasattr(row, "features") else tuple(row)
        if not 2 <= len(given) <= 4:
            raise ValueError(f"a tuple of {len(given)}")
        parts: list[Any] = []
        for each, count in zip((*given, None, None), counts, strict=False):
            several = [each] if count == 1 else [None] * count if each is None else list(each)
            if len(several) != count:
                raise ValueError(f"{len(several)} where there are {count} inputs or outputs")
            parts += several
        return parts

    def kind_of(value: Any, is_label: bool) -> str:
        import numpy

        if value is None or not hasattr(value, "__len__"):
            return "none" if value is None else "number"
        # Class indices of sequences have to stay what they are.
        whole = is_label and numpy.ndim(value) == 1 and numpy.asarray(value).dtype.kind in "iu"
        return "indices" if whole else "bytes"

    first = rdd.take(1)
    if not first:
        raise DataError(f"{name} has no rows")
    try:
        kinds = [kind_of(value, place in labels) for place, value in enumerate(parts_of(first[0]))]
    except (TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"{name}: an RDD must hold (features, label) pairs, which masks may follow, or LabeledPoint, found "
            f"{first[0]!r} ({error})"
        ) from error

    def encode(row: Any) -> tuple[Any, ...]:
        import numpy

        encodings: dict[str, Callable[[Any], Any]] = {
            "number": float,
            "indices": lambda value: [int(index) for index in value],
            "bytes": lambda value: bytearray(numpy.asarray(value, dtype="<f4").tobytes()),
        }
        cells = zip(parts_of(row), kinds, strict=True)
        return tuple(None if value is None else encodings[kind](value) for value, kind in cells if kind != "none")

    types = {"number": DoubleType(), "indices": ArrayType(IntegerType()), "bytes": BinaryType()}
    names = [None if kind == "none" else f"c{place}" for place, kind in enumerate(kinds)]
    fields = [StructField(each, types[kind]) for each, kind in zip(names, kinds, strict=True) if each is not None]
    roles: list[Any] = []
    for count in counts:
        some, names = names[:count], names[count:]
        roles.append(some[0] if count == 1 else some)
    return spark.createDataFrame(rdd.map(encode), StructType(fields)), ColumnNames(*roles)
