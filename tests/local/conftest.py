"""The engine of this process: one JVM for the whole run, beside Spark's."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def engine():
    """This process's JVM."""
    pytest.importorskip("jpype")
    from pydl4j_spark.engine.local import local_engine

    return local_engine()
