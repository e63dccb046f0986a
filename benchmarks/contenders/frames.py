"""Rows as a DataFrame that Spark holds in memory."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession


def frame(spark: SparkSession, features: np.ndarray, one_hot: np.ndarray) -> DataFrame:
    """Give features as arrays of floats, labels as class indices; computed and cached."""
    flat = features.reshape(len(features), -1)
    ends = np.arange(0, flat.size + 1, flat.shape[1], dtype=np.int32)
    table = pa.table(
        {
            "features": pa.ListArray.from_arrays(pa.array(ends), pa.array(flat.ravel())),
            "label": pa.array(one_hot.argmax(axis=1).astype(np.int64)),
        }
    )
    rows = spark.createDataFrame(table).cache()
    rows.count()
    return rows
