"""The Java that Spark would start is looked at before Spark is asked to start it."""

from __future__ import annotations

import os
import stat

import pytest

from pydl4j_spark import EngineError
from pydl4j_spark.engine.java import check_java


def fake_java(folder, text):
    (folder / "bin").mkdir()
    java = folder / "bin" / "java"
    java.write_text(f"#!/bin/sh\necho '{text}' >&2\n")
    java.chmod(java.stat().st_mode | stat.S_IXUSR)
    return folder


def test_the_real_one_will_do():
    check_java("4.3.0")


def test_no_java(monkeypatch, tmp_path):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match=r"no java on the PATH.*install a JDK 17 and set JAVA_HOME"):
        check_java("4.3.0")


def test_a_home_without_java(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(EngineError, match=r"JAVA_HOME is .* but there is no .*bin.java"):
        check_java("4.3.0")


@pytest.mark.parametrize(
    ("text", "spark", "fails"),
    [
        ('openjdk version "1.8.0_402"', "3.5.9", "is Java 8"),
        ('openjdk version "11.0.2" 2019-01-15', "3.5.9", None),
        ('openjdk version "11.0.2" 2019-01-15', "4.3.0", "is Java 11; .*Spark 4.3.0 needs Java 17"),
        ('openjdk version "17" 2021-09-14', "4.3.0", None),
        ('openjdk version "21.0.1" 2023-10-17', "4.3.0", None),
        ("gibberish", "4.3.0", "does not tell a version"),
    ],
)
def test_versions(monkeypatch, tmp_path, text, spark, fails):
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path, text)))
    if fails is None:
        check_java(spark)
    else:
        with pytest.raises(EngineError, match=fails):
            check_java(spark)
    assert os.environ["JAVA_HOME"] == str(tmp_path)
