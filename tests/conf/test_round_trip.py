"""Everything that DL4J M2 and M2.1 write: read here, and written again with the same values."""

import json
import re

import pytest

from pydl4j_spark.errors import ConfigError
from tests.fixtures.dl4j_json import (
    CANNOT_RUN,
    OURS,
    differences,
    kind_of,
    listed,
    may_differ,
    without_derived,
    written,
)

VERSIONS = ("m2", "m2.1")


@pytest.mark.parametrize("version", VERSIONS)
def test_values_are_kept(version):
    documents, newest = written(version), written("m2.1")
    assert len(documents) > 800
    lost = {}
    for name, document in documents.items():
        if listed(name, CANNOT_RUN) or (version != "m2.1" and document == newest[name]):
            continue
        conf = kind_of(document).from_dict(document)
        again = conf.to_dict()
        different = [*differences(without_derived(document), without_derived(again), OURS | may_differ(name))]
        if different or kind_of(document).from_json(conf.to_json()) != conf:
            lost[name] = different
    assert lost == {}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", CANNOT_RUN)
def test_what_dl4j_cannot_run_is_refused_with_the_reason(version, name):
    found = [document for key, document in written(version).items() if key.partition("/")[0] == name]
    assert found
    for document in found:
        with pytest.raises(ConfigError, match=re.escape(CANNOT_RUN[name])):
            kind_of(document).from_dict(document)


def test_the_two_versions_differ_in_next_to_nothing():
    old, new = written("m2"), written("m2.1")
    assert old.keys() == new.keys()
    changed = {name: [*differences(document, new[name])] for name, document in old.items() if document != new[name]}
    # M2 forgets that two directions side by side are twice as wide.
    assert {name.partition("/")[0] for name in changed} == {"bidirectional_concat", "last_time_step_of_both"}
    assert all(".nout: " in each for found in changed.values() for each in found)


def test_the_order_before_init_is_the_one_after():
    documents = written("m2.1")
    checked = 0
    for name, document in documents.items():
        built, initialised = name.replace("/initialised", "/built"), name
        if built != initialised and "vertices" in document:
            ours = json.loads(kind_of(document).from_dict(documents[built]).to_json())
            for key in ("topologicalOrder", "topologicalOrderStr"):
                assert ours[key] == document[key], name
            checked += 1
    assert checked > 40
