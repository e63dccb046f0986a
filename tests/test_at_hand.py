"""Where a session is active, a network that was told nothing is there; and what only Spark reads is left to Spark."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pydl4j_spark import DataError, MultiLayerNetwork
from pydl4j_spark.at_hand import engine_at_hand, engine_of, hadoop_engine
from pydl4j_spark.engine.spark import spark_engine
from tests.conftest import digits_conf

pytestmark = pytest.mark.jvm


def test_the_active_session_is_at_hand_in_every_thread(spark):
    engine = spark_engine(spark)
    assert engine_at_hand() is engine_of(spark) is hadoop_engine("reading") is engine
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(engine_at_hand).result() is engine


def test_what_spark_reads_is_left_to_it(spark, digits, tmp_path):
    network = MultiLayerNetwork(digits_conf())
    frame = spark.createDataFrame([([0.0] * 64, 1)], ["features", "label"])
    for data, kind in [(frame, "DataFrame"), (frame.rdd, "RDD"), (tmp_path / "rows.parquet", "a path")]:
        for call in (network.fit, network.evaluate, network.score, network.gradient):
            with pytest.raises(DataError, match=f"{kind} is read by Spark; give it to SparkDl4jMultiLayer"):
                call(data)
    with pytest.raises(DataError, match="validation data: Spark's DataFrame"):
        network.fit((np.zeros((2, 64)), [0, 1]), validation=frame)
    assert network._live is None
