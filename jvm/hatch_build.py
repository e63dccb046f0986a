"""Build the jar, and put it into the wheel.

As hatchling's build hook: Maven runs when the jar is missing or no longer what the sources say; the wheel gets it,
and the tag of the platform whose native code is inside. As a program (the Makefile's `jar`): the same build, with
the JUnit tests.

    python jvm/hatch_build.py [--tests]

PYDL4J_SPARK_SKIP_JAR=1              build no jar: the wheel is pure Python, and PYDL4J_SPARK_JAR must name one
PYDL4J_SPARK_NATIVE_PLATFORM=…       linux-x86_64, linux-arm64, macosx-x86_64, macosx-arm64 or windows-x86_64;
                                     this machine's by default
PYDL4J_SPARK_NATIVE_EXTENSION=…      -onednn-avx2 (by default on x86-64), -onednn-avx512, -onednn, -avx2, -avx512;
                                     empty: generic code, the only one for arm64
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # the Makefile builds the jar where hatchling need not be installed
    BuildHookInterface = object  # type: ignore[assignment,misc]

ROOT = Path(__file__).resolve().parent.parent
IN_PACKAGE = Path("pydl4j_spark", "engine", "jars")
JAR = ROOT / IN_PACKAGE / "pydl4j-spark.jar"
# Next to the jar lie the JUnit results: the jar as it was last tested.
TESTED = ROOT / "jvm" / "target" / "tested"

# The newest C library that the binaries ask for: libnd4jcpu.so wants glibc 2.27.
TAGS = {
    "linux-x86_64": "manylinux_2_27_x86_64",
    "linux-arm64": "manylinux_2_27_aarch64",
    "macosx-x86_64": "macosx_10_15_x86_64",
    "macosx-arm64": "macosx_11_0_arm64",
    "windows-x86_64": "win_amd64",
}


def project_version() -> str:
    """Read the one place that states the version."""
    stated: str = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return stated


def native_platform() -> str:
    """Give JavaCPP's name of the platform to build for."""
    systems = {"Linux": "linux", "Darwin": "macosx", "Windows": "windows"}
    machines = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
    here = f"{systems.get(platform.system())}-{machines.get(platform.machine())}"
    name = os.environ.get("PYDL4J_SPARK_NATIVE_PLATFORM") or here
    if name not in TAGS:
        sys.exit(f"There is no native code for {name}: set PYDL4J_SPARK_NATIVE_PLATFORM to one of {', '.join(TAGS)}.")
    return name


def native_extension() -> str:
    """Give the variant of the native code, such as -avx2; empty for generic code."""
    fastest = "-onednn-avx2" if native_platform().endswith("-x86_64") else ""
    return os.environ.get("PYDL4J_SPARK_NATIVE_EXTENSION", fastest)


def stands(target: Path, sources: tuple[str, ...]) -> bool:
    """Tell whether a file is newer than all it is made from, and the jar of the version and platform asked for."""
    if not (target.is_file() and JAR.is_file()):
        return False
    made = target.stat().st_mtime
    files = [file for source in sources for file in (ROOT / source, *(ROOT / source).rglob("*")) if file.exists()]
    if any(file.stat().st_mtime > made for file in files):
        return False
    try:
        with zipfile.ZipFile(JAR) as jar:
            lines = jar.read("META-INF/MANIFEST.MF").decode("utf-8").splitlines()
    except (zipfile.BadZipFile, KeyError):  # a build that was cut off
        return False
    asked = {
        f"Implementation-Version: {project_version()}",
        f"Native-Platform: {native_platform()}{native_extension()}",
    }
    return asked <= set(lines)


def build_jar(*, tests: bool) -> None:
    """Run Maven where its last result no longer stands; with the JUnit tests, or without."""
    sources = ("jvm/pom.xml", "jvm/src/main", "jvm/THIRD-PARTY-LICENSES.txt", "LICENSE")
    if stands(TESTED, (*sources, "jvm/src/test")) if tests else stands(JAR, sources):
        return
    if shutil.which("mvn") is None:
        sys.exit("Maven is not installed: install Maven 3.6.3 or later and a JDK 17 to build the jar.")
    command = [
        "mvn",
        "--batch-mode",
        "--no-transfer-progress",
        "-Dstyle.color=never",
        f"--file={ROOT / 'jvm' / 'pom.xml'}",
        f"-Drevision={project_version()}",
        f"-Dnative.platform={native_platform()}",
        f"-Dnative.extension={native_extension()}",
        *([] if tests else ["-DskipTests"]),
        "package",
    ]
    # A session that runs has the old jar open, and goes on reading what it opened; written over, it would break.
    JAR.unlink(missing_ok=True)
    # Offline first: with a warm repository nothing asks the network, and the build works without one.
    code, errors = run([*command, "--offline"])
    if code and "in offline mode" in errors:
        print("Not all parts are in the local Maven repository yet: fetching them.", file=sys.stderr, flush=True)
        code, errors = run(command)
    sys.stderr.write(errors)
    if code:
        sys.exit(f"Maven ended with code {code}: the jar was not built.")
    if tests:
        TESTED.touch()


def run(command: list[str]) -> tuple[int, str]:
    """Run Maven, showing what it says but for its errors: those are given back, since the caller may have a cure."""
    # To stderr: pip and build take what a hook writes to stdout for themselves.
    errors = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "[ERROR]" in line[:20]:  # after a colour reset, sometimes
                errors.append(line)
            else:
                sys.stderr.write(line)
    return process.returncode, "".join(errors)


class JarHook(BuildHookInterface):  # type: ignore[type-arg]
    """The wheel's part: the jar inside, and a tag that says for which platform."""

    PLUGIN_NAME = "jar"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build where needed; an editable install finds the jar in the source tree, a wheel carries it."""
        if os.environ.get("PYDL4J_SPARK_SKIP_JAR") == "1":
            return
        build_jar(tests=False)
        if version == "editable":
            return
        for file in (JAR, JAR.with_name("THIRD-PARTY.txt")):
            build_data["force_include"][str(file)] = str(IN_PACKAGE / file.name)
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{TAGS[native_platform()]}"


if __name__ == "__main__":
    build_jar(tests="--tests" in sys.argv[1:])
