import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pydl4j_spark import __main__ as command
from pydl4j_spark.engine import jar
from pydl4j_spark.errors import EngineError, JarMismatch


def make_jar(path: Path, manifest: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", manifest)
    return path


@pytest.fixture
def places(tmp_path, monkeypatch):
    monkeypatch.delenv(jar.ENVIRONMENT, raising=False)
    monkeypatch.setattr(jar, "_SHIPPED", tmp_path / "shipped.jar")
    monkeypatch.setattr(jar, "_BUILT", tmp_path / "built.jar")
    return tmp_path


def test_the_environment_comes_first_then_the_shipped_then_the_built_jar(places, monkeypatch):
    (places / "built.jar").touch()
    assert jar.jar_path() == places / "built.jar"
    (places / "shipped.jar").touch()
    assert jar.jar_path() == places / "shipped.jar"
    (places / "named.jar").touch()
    monkeypatch.setenv(jar.ENVIRONMENT, str(places / "named.jar"))
    assert jar.jar_path() == places / "named.jar"


def test_a_jar_that_the_environment_names_must_be_there(places, monkeypatch):
    (places / "shipped.jar").touch()
    monkeypatch.setenv(jar.ENVIRONMENT, str(places / "missing.jar"))
    with pytest.raises(EngineError, match=r"PYDL4J_SPARK_JAR names .*missing\.jar"):
        jar.jar_path()


def test_without_a_jar_the_message_has_the_command_that_builds_one(places):
    with pytest.raises(EngineError, match=r"make jar.*mvn .*package"):
        jar.jar_path()


def test_an_installed_package_without_a_jar_says_to_install_again(places, monkeypatch):
    monkeypatch.setattr(jar, "_PACKAGE", places / "site-packages" / "pydl4j_spark")
    with pytest.raises(EngineError, match="Install the wheel again"):
        jar.jar_path()


def test_long_manifest_lines_are_joined_and_only_the_main_section_counts(tmp_path):
    text = "Manifest-Version: 1.0\r\nImplementation-Version: 1.2\r\n .3\r\n\r\nName: part\r\nSealed: true\r\n"
    path = make_jar(tmp_path / "a.jar", text)
    assert jar.jar_manifest(path) == {"Manifest-Version": "1.0", "Implementation-Version": "1.2.3"}


def test_equal_versions_pass_and_others_are_refused_naming_both(tmp_path, monkeypatch):
    monkeypatch.setattr(jar, "package_version", lambda: "1.2.3")
    jar.check_jar(make_jar(tmp_path / "same.jar", "Implementation-Version: 1.2.3\n"))
    with pytest.raises(JarMismatch, match=r"1\.2\.3.*1\.2\.4.*make jar"):
        jar.check_jar(make_jar(tmp_path / "other.jar", "Implementation-Version: 1.2.4\n"))
    with pytest.raises(JarMismatch, match="no version"):
        jar.check_jar(make_jar(tmp_path / "foreign.jar", "Manifest-Version: 1.0\n"))


def test_a_package_that_is_not_installed_has_nothing_to_compare(tmp_path, monkeypatch):
    monkeypatch.setattr(jar, "package_version", lambda: None)
    jar.check_jar(make_jar(tmp_path / "any.jar", "Implementation-Version: 9\n"))


@pytest.mark.parametrize("content", [b"", b"no zip"])
def test_a_file_that_is_no_jar_is_named(tmp_path, content):
    path = tmp_path / "broken.jar"
    path.write_bytes(content)
    with pytest.raises(EngineError, match=r"broken\.jar cannot be read as a jar"):
        jar.jar_version(path)


def test_the_command_prints_the_path_or_says_why_not(places, capsys):
    (places / "shipped.jar").touch()
    assert command.main(["jar"]) == 0
    assert capsys.readouterr().out == f"{places / 'shipped.jar'}\n"
    (places / "shipped.jar").unlink()
    assert command.main(["jar"]) == 1
    said = capsys.readouterr()
    assert said.out == "" and "make jar" in said.err


def test_the_command_needs_only_the_standard_library(tmp_path):
    named = make_jar(tmp_path / "some.jar", "")
    run = subprocess.run(
        # -S: no site-packages at all
        [sys.executable, "-S", "-m", "pydl4j_spark", "jar"],
        env={**os.environ, jar.ENVIRONMENT: str(named), "PYTHONPATH": str(jar._PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == str(named)
