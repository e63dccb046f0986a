"""Some hundreds of damaged and drawn configurations; ``make fuzz`` has the thousands."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.damage import damaged
from tests.fuzz.generate import graph, network
from tests.fuzz.verdicts import KEPT, REFUSED, RUNS, TRAINED, judge_drawn, judge_text

pytestmark = pytest.mark.jvm

EVERY = settings(
    max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="session")
def engine():
    """This process's JVM."""
    pytest.importorskip("jpype")
    from pydl4j_spark.engine.local import local_engine

    return local_engine()


def test_damaged_json_is_a_config_error_or_a_configuration(engine):
    outcomes = Counter()
    for number in range(400):
        what, text = damaged(Random(f"suite/{number}"))
        verdict = judge_text(text, engine)
        assert not verdict.wrong, f"{number}, {what}: {verdict.wrong}"
        outcomes[verdict.outcome] += 1
    assert min(outcomes[REFUSED], outcomes[RUNS]) > 40  # or it proves little
    assert outcomes[KEPT] > 0


@pytest.mark.parametrize("draw", [network, graph], ids=lambda draw: draw.__name__)
def test_a_drawn_network_trains_or_is_refused(engine, draw):
    outcomes = Counter()

    @EVERY
    @given(st.integers(0, 2**32))
    def check(seed):
        verdict = judge_drawn(lambda: draw(Random(seed).choice), engine)
        assert not verdict.wrong, verdict.wrong
        outcomes[verdict.outcome] += 1

    check()
    assert outcomes[TRAINED] > 8  # or it proves little


@pytest.mark.parametrize("name", ["com.acme.MyLayer", "java.lang.Runtime"])
def test_the_jvm_names_a_class_that_it_does_not_run(engine, name):
    from pydl4j_spark.errors import ConfigError
    from tests.conf.networks import NETWORKS

    document = NETWORKS["mlp"].to_dict()
    document["confs"][0]["layer"] = {"@class": name}
    conf = type(NETWORKS["mlp"]).from_dict(document)
    with pytest.raises(ConfigError, match=name):
        engine.resolve(conf.to_json())
