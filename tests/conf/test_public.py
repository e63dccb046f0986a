"""The public modules hold what they say, and every class that JSON may name."""

import importlib
import inspect

import pytest

from pydl4j_spark.conf.base import Config

MODULES = (
    *("activations", "constraints", "dropout", "layers", "losses"),
    *("preprocessors", "reconstruction", "schedules", "updaters", "vertices", "weights"),
)


@pytest.mark.parametrize("name", MODULES)
def test_all_is_what_is_exported(name):
    module = importlib.import_module(f"pydl4j_spark.{name}")
    public = {word for word, value in vars(module).items() if not word.startswith("_") and inspect.isclass(value)}
    assert set(module.__all__) == public


def test_every_class_of_dl4j_is_public():
    public = {
        value
        for name in MODULES
        for value in vars(importlib.import_module(f"pydl4j_spark.{name}")).values()
        if inspect.isclass(value)
    }

    def concrete(family):
        for child in family.__subclasses__():
            yield from concrete(child)
            if child.java_class and child.__module__.startswith("pydl4j_spark"):
                yield child

    hidden = {child.__name__ for child in concrete(Config) if child not in public}
    assert {name for name in hidden if not name.startswith("InputType")} == set()


@pytest.mark.parametrize("name", MODULES)
def test_every_class_says_what_it_is(name):
    module = importlib.import_module(f"pydl4j_spark.{name}")
    for word in module.__all__:
        found = getattr(module, word)
        assert found.__doc__
        if found.java_class:
            assert "DL4J" in found.__doc__, word
