"""The vertices by family. All are imported here, so that JSON finds every class."""

from pydl4j_spark.conf.vertices import (
    arithmetic,
    attention,
    frozen,
    joining,
    rnn,
    shaping,
)

__all__ = [
    "arithmetic",
    "attention",
    "frozen",
    "joining",
    "rnn",
    "shaping",
]
