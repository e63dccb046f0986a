"""Libraries that callbacks need and that are not installed with the package."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pydl4j_spark.errors import ConfigError


def extra(module: str, extra: str, owner: str) -> Any:
    """Import a module.

    Raises
    ------
    ConfigError
        When it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ConfigError(
            f"{owner} needs {module.partition('.')[0]}, which cannot be imported ({error}); install it with\n"
            f"    pip install 'pydl4j-spark[{extra}]'"
        ) from error
