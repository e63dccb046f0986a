# Everything here works on a machine that has never seen the project, needs Python 3.11, a JDK 17 and Maven, and is
# quick the second time. What is fetched stays in caches, so that with warm ones nothing asks the network:
# Python packages in WHEELHOUSE, the JVM's in Maven's own repository.

PYTHON ?= python3.11
CACHE_HOME := $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)
WHEELHOUSE ?= $(CACHE_HOME)/pydl4j_spark/wheels
PYTEST_ARGS ?=
# Each process has a Spark session of its own; the tests of one file stay together.
TESTS_AT_ONCE ?= 2

PY := .venv/bin/python
PY35 := .venv-spark35/bin/python

# The environments hold the Spark that is meant; these would bring another, or none. The loopback address spares
# Spark the look-up of a host name that a container may not know.
unexport SPARK_HOME PYTHONPATH PYTHONHOME VIRTUAL_ENV
SPARK_LOCAL_IP ?= 127.0.0.1
export SPARK_LOCAL_IP
export PYDL4J_SPARK_WHEELHOUSE := $(WHEELHOUSE)
export PYDL4J_SPARK35_PYTHON := $(abspath $(PY35))

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test fuzz venv spark35 jar wheel lint lock clean clean-all tools quick-jar install bench

help:  ## this list
	@sed -nE 's/^([a-z0-9-]+):.*  ## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

demo: install  ## train the digits, into out/
	@mkdir -p out
	PYSPARK_PYTHON=$(abspath $(PY)) PYSPARK_DRIVER_PYTHON=$(abspath $(PY)) $(PY) examples/digits_mlp.py

# Every part runs, and pytest last, whatever fails before it; one failure fails the whole. Where a JUnit test fails
# the jar is still made, without them, so that pytest has one.
test: venv spark35  ## JUnit, ruff, mypy and pytest, slow and cluster tests too
	@status=0; \
	$(MAKE) --no-print-directory jar || { status=1; $(MAKE) --no-print-directory quick-jar || exit 1; }; \
	$(MAKE) --no-print-directory install .venv-spark35/.editable || exit 1; \
	$(MAKE) --no-print-directory lint || status=1; \
	[ $$status -eq 0 ] || echo "make test: JUnit, ruff or mypy FAILED above; pytest runs all the same." >&2; \
	PYSPARK_PYTHON=$(abspath $(PY)) PYSPARK_DRIVER_PYTHON=$(abspath $(PY)) $(PY) -m pytest --numprocesses=$(TESTS_AT_ONCE) --dist=loadfile $(PYTEST_ARGS) || status=1; \
	exit $$status

# The same seed gives the same cases: FUZZ_ARGS="--seed 1 --only 4711" shows one configuration, --only-file one file.
FUZZ_ARGS ?= --files 10000 --sizes 2000 --cases 10000 --networks 2000 --seed 1

fuzz: install  ## damaged files, damaged JSON and drawn networks by the thousand; half an hour (FUZZ_ARGS)
	$(PY) -m tests.fuzz $(FUZZ_ARGS)

venv: .venv/.installed  ## .venv with everything locked

spark35: .venv-spark35/.installed

jar: .venv/.installed  ## the shaded jar, after its JUnit tests
	@$(PY) jvm/hatch_build.py --tests

quick-jar: .venv/.installed
	@$(PY) jvm/hatch_build.py

install: quick-jar .venv/.editable

wheel: install  ## the wheel, jar inside, into dist/
	$(PY) -m build --wheel --no-isolation

# Elephas and Keras have an environment of their own. What was measured is kept, and a second call goes on with the
# rest: see benchmarks/README.md.
DATA ?= ../shared/data
BENCH_ARGS ?=

bench: install .venv-bench/.installed  ## Elephas, stock DL4J, Keras and this side by side; hours (BENCH_ARGS=--quick: minutes)
	$(PY) -m benchmarks --data "$(DATA)" $(BENCH_ARGS)

lint: .venv/.installed  ## ruff and mypy
	@status=0; \
	$(PY) -m ruff check . || status=1; \
	$(PY) -m ruff format --check . || status=1; \
	$(PY) -m mypy || status=1; \
	$(PY) -m mypy jvm/hatch_build.py requirements/install.py || status=1; \
	exit $$status

lock:  ## compile the lock files anew (needs uv); what is pinned stays unless uv is told --upgrade
	UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile -q --generate-hashes --no-annotate --python-version 3.11 \
	  --extra test pyproject.toml requirements/tools.in -o requirements/lock.txt
	UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile -q --generate-hashes --no-annotate --python-version 3.11 \
	  --extra test pyproject.toml requirements/tools.in requirements/spark35.in \
	  -o requirements/spark35.txt
	UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile -q --generate-hashes --no-annotate --python-version 3.11 \
	  requirements/bench.in -o requirements/bench.txt

clean:  ## remove what was built
	rm -rf build dist out jvm/target pydl4j_spark/engine/jars .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -f .venv/.editable .venv-spark35/.editable

clean-all: clean  ## and the environments; the caches stay
	rm -rf .venv .venv-spark35 .venv-bench

.venv/.installed: requirements/lock.txt requirements/install.py | tools
.venv-spark35/.installed: requirements/spark35.txt requirements/install.py | tools
.venv-bench/.installed: requirements/bench.txt requirements/install.py | tools
.venv/.installed .venv-spark35/.installed .venv-bench/.installed:
	@[ -x $(@D)/bin/python ] || $(PYTHON) -m venv $(@D)
	@$(PYTHON) requirements/install.py $(@D)/bin/python $< "$(WHEELHOUSE)"
	@touch $@

# No jar is built here: an editable installation finds the one in the source tree.
.venv/.editable: .venv/.installed pyproject.toml jvm/hatch_build.py
.venv-spark35/.editable: .venv-spark35/.installed pyproject.toml jvm/hatch_build.py
.venv/.editable .venv-spark35/.editable:
	@PYDL4J_SPARK_SKIP_JAR=1 $(@D)/bin/python -m pip install --disable-pip-version-check --quiet --no-deps --no-index \
	  --no-build-isolation --editable .
	@touch $@

tools:
	@$(PYTHON) -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Install Python 3.11 with its venv module (Debian: python3.11-venv), or say where: make PYTHON=…" >&2; exit 1; }
	@javac=$${JAVA_HOME:+$$JAVA_HOME/bin/}javac; version=$$($$javac -version 2>&1 | sed -nE 's/^javac ([0-9]+).*/\1/p'); \
	  [ "$${version:-0}" -ge 17 ] || { \
	  echo "Install a JDK of version 17 (Debian: openjdk-17-jdk-headless), or set JAVA_HOME to one." >&2; exit 1; }
	@mvn -v >/dev/null 2>&1 || { echo "Install Maven 3.6.3 or later (Debian: maven)." >&2; exit 1; }
