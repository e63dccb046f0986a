"""Install a lock file into an environment: from the wheelhouse when it has everything, else fetch what is missing.

    python requirements/install.py <python of the environment> <lock file> <wheelhouse>

Run by the Makefile, with nothing but the standard library. Every file is compared with the lock's hashes each
time, whether it was fetched now or lay there already. pip's own --require-hashes cannot do this offline: pyspark
comes as a source archive, the wheel built from it has a hash of its own, and building it anew for every environment
costs half a minute. So the archives are verified, wheels are built from them once (into `built/`), and the
installation takes exactly those files, without index, resolver or network.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

# The caller's indexes and proxies must count; its ideas of where else to look, or what to demand, must not.
IGNORED = ("PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_REQUIRE_HASHES", "PIP_CONSTRAINT", "PIP_TARGET", "PIP_USER")


def read_lock(lock: Path) -> dict[str, set[str]]:
    """Give the pinned requirements of a lock file, each with its allowed SHA-256 sums."""
    pins: dict[str, set[str]] = {}
    name = ""
    for line in lock.read_text(encoding="utf-8").splitlines():
        if found := re.match(r"([A-Za-z0-9._-]+==[^ ;\\]+)", line):
            name = found.group(1)
            pins[name] = set()
        elif found := re.search(r"--hash=sha256:([0-9a-f]{64})", line):
            pins[name].add(found.group(1))
    return pins


def verified(pins: dict[str, set[str]], wheelhouse: Path) -> dict[str, list[Path]]:
    """Give, for each pin, the files in the wheelhouse that the lock allows."""
    sums = {hashlib.sha256(file.read_bytes()).hexdigest(): file for file in wheelhouse.iterdir() if file.is_file()}
    return {pin: [sums[known] for known in allowed if known in sums] for pin, allowed in pins.items()}


def pip(python: str, *arguments: str) -> None:
    """Run the environment's pip, quietly, ending the program where it fails."""
    environment = {name: value for name, value in os.environ.items() if name not in IGNORED}
    command = [python, "-m", "pip", "--disable-pip-version-check", *arguments, "--quiet"]
    if subprocess.run(command, env=environment, check=False).returncode:
        sys.exit(f"pip failed: {' '.join(arguments)}")


def best_for(python: str, files: list[Path]) -> Path:
    """Give the file for this interpreter: one is the rule; where machines share a wheelhouse pip chooses."""
    return files[0] if len(files) == 1 else max(files, key=lambda file: (fits(python, file), file.suffix == ".whl"))


def fits(python: str, file: Path) -> bool:
    """Tell whether pip would install this file here."""
    command = [python, "-m", "pip", "install", "--dry-run", "--no-deps", "--no-index", "--quiet", str(file)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def install(python: str, lock: Path, wheelhouse: Path) -> None:
    """Bring the environment to the lock file."""
    built = wheelhouse / "built"
    built.mkdir(parents=True, exist_ok=True)
    pins = read_lock(lock)
    have = verified(pins, wheelhouse)
    if missing := [pin for pin, files in have.items() if not files]:
        print(f"fetching {len(missing)} of {len(pins)} packages into {wheelhouse}", flush=True)
        pip(python, "download", "--require-hashes", "--no-deps", "-r", str(lock), "-d", str(wheelhouse))
        have = verified(pins, wheelhouse)
        if missing := [pin for pin, files in have.items() if not files]:
            sys.exit(f"not in the wheelhouse with a hash that {lock} allows: {', '.join(missing)}")
    wheels = []
    for pin, files in have.items():
        file = best_for(python, files)
        if file.suffix != ".whl":
            stem = file.name.removesuffix(".tar.gz").removesuffix(".zip")
            ready = list(built.glob(f"{stem}-*.whl"))
            if not ready:
                print(f"building {pin} once", flush=True)
                # setuptools, which the build asks for, is in the lock and so in the wheelhouse.
                pip(python, "wheel", "--no-deps", "--no-index", "-f", str(wheelhouse), "-w", str(built), str(file))
                ready = list(built.glob(f"{stem}-*.whl"))
            file = ready[0]
        wheels.append(str(file))
    pip(python, "install", "--no-deps", "--no-index", *wheels)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    install(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
