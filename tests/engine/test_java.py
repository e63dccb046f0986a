"""The Java that Spark would start is looked at before Spark is asked to start it."""

from __future__ import annotations

import os
import stat
import sys

import pytest

from pydl4j_spark import EngineError
from pydl4j_spark.engine.java import check_java, find_jvm


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


# --- the JVM that this process loads ---------------------------------------------------------------------------------


def fake_home(folder, release='JAVA_VERSION="17.0.15"\n', library=True):
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "java").write_text("")
    (folder / "bin" / "java").chmod(0o755)
    if release is not None:
        (folder / "release").write_text('IMPLEMENTOR="x"\n' + release)
    server = folder / "lib" / "server"
    server.mkdir(parents=True)
    if library:
        (server / LIBRARY).touch()
    return folder


LIBRARY = "libjvm.so"
linux = pytest.mark.skipif(sys.platform != "linux", reason="the library has another name")


@linux
def test_the_argument_comes_first_then_java_home_then_the_path(monkeypatch, tmp_path):
    asked, home, path = (fake_home(tmp_path / name) for name in ("asked", "home", "path"))
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "java").symlink_to(path / "bin" / "java")
    monkeypatch.setenv("PATH", str(tmp_path / "links"))
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert find_jvm("4.3.0", str(asked)) == asked / "lib" / "server" / LIBRARY
    assert find_jvm("4.3.0") == home / "lib" / "server" / LIBRARY
    monkeypatch.delenv("JAVA_HOME")
    assert find_jvm("4.3.0") == path / "lib" / "server" / LIBRARY


@linux
def test_a_java_on_the_path_that_is_only_a_stub_is_left_to_others(monkeypatch, tmp_path):
    home = fake_home(tmp_path / "stub", release=None, library=False)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(home / "bin"))
    assert find_jvm("4.3.0") is None
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match=r"no java on the PATH.*install a JDK 17"):
        find_jvm("4.3.0")


@linux
@pytest.mark.parametrize(
    ("release", "spark", "says"),
    [
        ("1.8.0_402", "3.5.9", "is Java 8"),
        ("11.0.2", "3.5.9", None),
        ("11.0.2", "4.3.0", "is Java 11; .*Spark 4.3.0 needs Java 17"),
        ("25", "4.3.0", None),
        ("25-ea", "4.3.0", None),
    ],
)
def test_a_home_tells_its_version_without_being_run(tmp_path, release, spark, says):
    home = fake_home(tmp_path / "home", release=f'JAVA_VERSION="{release}"\n')
    if says is None:
        assert find_jvm(spark, str(home))
    else:
        with pytest.raises(EngineError, match=says):
            find_jvm(spark, str(home))


@linux
def test_a_home_without_the_library_is_named(monkeypatch, tmp_path):
    home = fake_home(tmp_path / "home", library=False)
    with pytest.raises(EngineError, match=rf"java_home is {home}, but there is no .*{LIBRARY}; install a JDK 17"):
        find_jvm("4.3.0", str(home))
    monkeypatch.setenv("JAVA_HOME", str(home))
    with pytest.raises(EngineError, match=rf"JAVA_HOME is {home}, but"):
        find_jvm("4.3.0")
