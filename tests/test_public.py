"""The package's own names: each is what the one list says, and importing the package costs nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import pydl4j_spark


@pytest.mark.parametrize("name", pydl4j_spark.__all__)
def test_every_name_is_there(name):
    assert getattr(pydl4j_spark, name).__name__ == name
    assert name in dir(pydl4j_spark)


def test_type_checkers_see_the_same_names():
    tree = ast.parse(Path(pydl4j_spark.__file__).read_text(encoding="utf-8"))
    (checked,) = (node for node in tree.body if isinstance(node, ast.If))
    assert sorted(alias.name for node in checked.body for alias in node.names) == pydl4j_spark.__all__


def test_what_is_not_there_is_no_attribute():
    with pytest.raises(AttributeError, match="no attribute 'SharkDl4j'"):
        pydl4j_spark.SharkDl4j  # noqa: B018


def test_importing_the_package_imports_nothing_else():
    script = "import sys, pydl4j_spark; sys.exit('numpy' in sys.modules or 'pyspark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
