"""``python -m pydl4j_spark`` and ``pydl4j``, the command line.

``jar`` is answered here, by the standard library alone: a submit script asks for it where the rest of the package's
requirements need not be installed. Everything else is the work of :mod:`pydl4j_spark.cli`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words == ["jar"]:
        return _jar()
    if find_spec("pydl4j_spark.cli") is None:
        print("usage: pydl4j jar        print the path of the jar, for spark-submit --jars", file=sys.stderr)
        return 2
    # By name: the commands bring numpy and the rest with them.
    return int(import_module("pydl4j_spark.cli").main(words))


def _jar() -> int:
    from pydl4j_spark.engine.jar import jar_path
    from pydl4j_spark.errors import EngineError

    try:
        print(jar_path())
    except EngineError as reason:
        print(f"pydl4j: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
