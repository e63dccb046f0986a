"""DL4J reads what was written here of its own JSON, and writes what it would have written without us between."""

import json

import pytest

from tests.fixtures.dl4j_json import (
    CANNOT_RUN,
    LOST_BY_DL4J,
    differences,
    kind_of,
    listed,
    may_differ,
    written,
)

pytestmark = pytest.mark.jvm

CONFIGURATIONS = "org.deeplearning4j.nn.conf."


@pytest.fixture(scope="module")
def again(engine):
    """DL4J's own reader and writer, without anything of ours."""
    jpype = pytest.importorskip("jpype")

    def read_and_write(name, text):
        kind = jpype.JClass(CONFIGURATIONS + name)
        return json.loads(str(kind.fromJson(text).toJson()))

    return read_and_write


@pytest.fixture(scope="module")
def canonical(again):
    """What DL4J makes of its own JSON; None where it cannot read it."""
    made = {}
    for name, document in newest_or_different().items():
        try:
            made[name] = again(kind_of(document).__name__, json.dumps(document))
        except Exception:
            made[name] = None
    return made


def newest_or_different():
    """What M2.1 wrote, and M2 where that is another."""
    newest = written("m2.1")
    older = {f"{name}/m2": document for name, document in written("m2").items() if document != newest[name]}
    return newest | older


def test_dl4j_itself_loses_what_is_listed(canonical):
    lost = {
        name.partition("/")[0]
        for name, document in newest_or_different().items()
        if not name.endswith("/m2") and [*differences(document, canonical[name])]
    }
    assert lost == LOST_BY_DL4J.keys()


def test_dl4js_json_is_a_fixed_point(again, canonical):
    changed = {}
    for name, document in newest_or_different().items():
        if listed(name, CANNOT_RUN):
            continue
        kind = kind_of(document)
        ours = again(kind.__name__, kind.from_dict(document).to_json())
        if found := [*differences(canonical[name], ours, may_differ(name))]:
            changed[name] = found
    assert changed == {}


# DL4J's builders check the pair of activation and loss, which its reader does not.
REFUSED_BY_BUILDERS = ("loss_xent", "loss_with_settings_binary_xent")


def test_a_network_made_by_dl4js_builders_is_the_same(engine, canonical):
    """Names of parameters apart, which a new network does not have yet."""
    changed = {}
    for name, document in newest_or_different().items():
        if listed(name, CANNOT_RUN) or name.partition("/")[0] in REFUSED_BY_BUILDERS:
            continue
        made = json.loads(engine.resolve(kind_of(document).from_dict(document).to_json()))
        if found := [*differences(canonical[name], made, may_differ(name) | {"variables"})]:
            changed[name] = found
    assert changed == {}
