"""New graphs of trained ones: what is kept, frozen, replaced, and refused by name before anything is made."""

from __future__ import annotations

import numpy as np
import pytest

import pydl4j_spark.transfer_learning
from pydl4j_spark import (
    ComputationGraph,
    ComputationGraphConfiguration,
    ConfigError,
    FineTuneConfiguration,
    InputType,
    NormalizerStandardize,
    TransferLearningGraph,
)
from pydl4j_spark.layers import DenseLayer, FrozenLayer, FrozenLayerWithBackprop, OutputLayer
from pydl4j_spark.updaters import Adam, Sgd
from pydl4j_spark.vertices import FrozenVertex, MergeVertex, ScaleVertex
from tests.fake_engine import FakeEngine


def conf(**settings):
    return ComputationGraphConfiguration(
        inputs={"left": InputType.feed_forward(4), "right": InputType.feed_forward(3)},
        vertices={
            "dense_left": (DenseLayer(n_out=5), "left"),
            "dense_right": (DenseLayer(n_out=2), "right"),
            "both": (MergeVertex(), "dense_left", "dense_right"),
            "joined": (DenseLayer(n_out=6), "both"),
            "out": (OutputLayer(n_out=3), "joined"),
            "aside": (OutputLayer(n_out=2), "dense_right"),
        },
        outputs=["out", "aside"],
        **({"updater": Sgd(0.1), "seed": 1, "l2": 1e-3} | settings),
    )


def one_input():
    return ComputationGraphConfiguration(
        inputs={"in": InputType.feed_forward(4)},
        vertices={"dense": (DenseLayer(n_out=5), "in"), "out": (OutputLayer(n_out=3), "dense")},
        outputs=["out"],
    )


@pytest.fixture
def transfer():
    return TransferLearningGraph(ComputationGraph(conf()))


@pytest.fixture
def engine(monkeypatch):
    made = FakeEngine()
    monkeypatch.setattr(pydl4j_spark.transfer_learning, "engine_at_hand", lambda: made)
    return made


def kinds(made):
    return {here.name: here.kind for here in made.vertex_types()}


def test_all_that_an_extractor_is_computed_from_is_frozen(transfer):
    made = transfer.set_feature_extractor("both").configuration()
    assert kinds(made) | {"aside": "", "out": "", "joined": ""} == {
        "dense_left": "FrozenLayer",
        "dense_right": "FrozenLayer",
        "both": "FrozenVertex",
        "aside": "",
        "out": "",
        "joined": "",
    }
    assert kinds(made)["joined"] == "DenseLayer"
    assert ComputationGraphConfiguration.from_json(made.to_json()) == made
    assert transfer.configuration() == conf()


def test_only_one_branch_is_frozen(transfer):
    assert kinds(transfer.set_feature_extractor("dense_left").configuration())["dense_right"] == "DenseLayer"


def test_a_new_size_goes_through_a_merge(transfer):
    changed = transfer.n_out_replace("dense_left", 9, "relu", "uniform")
    counts = {here.name: here.n_params for here in changed.configuration().vertex_types()}
    assert (counts["dense_left"], counts["joined"], counts["out"]) == (45, 72, 21)
    assert set(changed.kept()) == {"dense_right", "both", "out", "aside"}


def test_another_output(transfer):
    changed = transfer.remove_vertex_keep_connections("out").add_layer("out", OutputLayer(n_out=7), "joined")
    changed = changed.remove_vertex_and_connections("aside")
    made = changed.configuration()
    assert made.output_names == ("out",)
    assert made.output_types["out"] == InputType.feed_forward(7)
    assert "aside" not in made.vertices and "out" not in changed.kept()


def test_a_vertex_between(transfer):
    changed = transfer.remove_vertex_and_connections("joined").add_vertex("less", ScaleVertex(0.5), "both")
    changed = changed.remove_vertex_keep_connections("out").add_layer("last", OutputLayer(n_out=3), "less")
    made = changed.set_outputs("last", "aside").configuration()
    assert made.output_names == ("last", "aside") and made.n_params == conf().n_params - 48 - 21 + 24


def test_several_inputs_are_merged(transfer):
    changed = transfer.remove_vertex_and_connections("aside").add_layer("aside", OutputLayer(n_out=2), "both", "joined")
    made = changed.set_outputs("out", "aside")
    assert kinds(made.configuration())["aside-merge"] == "MergeVertex"
    again = TransferLearningGraph(ComputationGraph(made.configuration())).remove_vertex_and_connections("aside")
    assert "aside-merge" not in again.configuration().vertices


def test_fine_tuning_wins_in_every_layer_that_is_not_frozen(transfer):
    settings = FineTuneConfiguration(updater=Adam(1e-4), l2=0)
    made = transfer.fine_tune_configuration(settings).set_feature_extractor("dense_left").configuration()
    found = {here.name: here.content for here in made.vertex_types()}
    assert found["dense_left"].layer.updater == Sgd(0.1)
    assert found["out"].updater == Adam(1e-4) and found["out"].regularization == ()


def test_another_input(transfer):
    made = transfer.n_in_replace("dense_right", 8)
    assert made.configuration().input_types == {"left": InputType.feed_forward(4), "right": InputType.feed_forward(8)}
    assert "dense_right" not in made.kept()


def test_kept_parameters_labels_and_normalizer_come_along(engine):
    scale = NormalizerStandardize(mean=np.zeros(4), std=np.ones(4))
    network = ComputationGraph(one_input(), labels=["a", "b", "c"], normalizer=scale)
    network.attach(engine)
    network.set_params(np.linspace(-1, 1, 43, dtype=np.float32))
    changed = TransferLearningGraph(network).n_out_replace("dense", 6)
    made = changed.build()
    assert made.labels == {"out": ("a", "b", "c")} and made.normalizer is not None
    kept = TransferLearningGraph(network).set_feature_extractor("dense")
    frozen = kept.remove_vertex_keep_connections("out").add_layer("out", OutputLayer(n_out=2), "dense").build()
    assert frozen.labels is None
    assert np.array_equal(frozen.params()[:25], network.params()[:25])
    assert np.array_equal(frozen.params()[25:], np.arange(25, 37))
    assert TransferLearningGraph(network).n_in_replace("dense", 7).build().normalizer is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.set_feature_extractor("bot"), "there is no layer or vertex 'bot'; did you mean 'both'"),
        (lambda t: t.set_feature_extractor("out"), "'out' is an output or loss layer"),
        (lambda t: t.n_out_replace("both", 4), r"vertex 'both' \(MergeVertex\): it is no layer"),
        (lambda t: t.n_out_replace("dense_left", 0), r"vertex 'dense_left' \(DenseLayer\): DenseLayer.n_out = 0"),
        (lambda t: t.n_in_replace("out", 4).configuration(), "n_in is given as 4, but its input has 6"),
        (lambda t: t.add_layer("out", OutputLayer(n_out=2), "joined"), "there is a 'out' in the graph already"),
        (lambda t: t.add_layer("new", MergeVertex(), "joined"), "is no layer; a vertex is added with add_vertex"),
        (lambda t: t.add_vertex("new", DenseLayer(n_out=1), "joined"), "is no vertex; a layer is added with add_layer"),
        (lambda t: t.remove_vertex_keep_connections("joined").configuration(), "'joined' is not in the graph"),
        (lambda t: t.remove_vertex_and_connections("joined").configuration(), "out"),
        (lambda t: t.set_outputs("out").configuration(), "aside"),
        (lambda t: t.remove_vertex_and_connections("nothing"), "there is no layer or vertex 'nothing'"),
        (lambda t: t.set_input_preprocessor("joined", 3), "expected a preprocessor"),
        (lambda t: t.fine_tune_configuration(None), "expected a FineTuneConfiguration"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(transfer, change, message):
    with pytest.raises(ConfigError, match=message):
        change(transfer)


def test_what_only_frozen_vertices_take_must_be_frozen():
    vertices = {
        "dense": (DenseLayer(n_out=5), "in"),
        "still": (FrozenLayer(DenseLayer(n_out=4)), "dense"),
        "out": (OutputLayer(n_out=3), "still"),
    }
    given = {"inputs": {"in": InputType.feed_forward(4)}, "outputs": ["out"]}
    with pytest.raises(ConfigError, match=r"vertex 'dense' \(DenseLayer\): backpropagation ends behind it"):
        ComputationGraphConfiguration(vertices=vertices, **given)
    through = vertices | {"still": (FrozenLayerWithBackprop(DenseLayer(n_out=4)), "dense")}
    assert ComputationGraphConfiguration(vertices=through, **given).n_params > 0
    scaled = {"less": (ScaleVertex(2.0), "in"), "still": (FrozenVertex(ScaleVertex(2.0)), "less")}
    with pytest.raises(ConfigError, match=r"vertex 'less' \(ScaleVertex\): .* FrozenVertex 'still'"):
        ComputationGraphConfiguration(vertices=scaled | {"out": (OutputLayer(n_out=3), "still")}, **given)


def test_only_a_graph_will_do():
    with pytest.raises(ConfigError, match="starts from a ComputationGraph"):
        TransferLearningGraph(conf())


@pytest.mark.jvm
@pytest.mark.parametrize("workers", [1, 3])
def test_frozen_vertices_stay_to_the_bit(workers):
    source = ComputationGraph(conf(updater=Adam(1e-2), l2=0.1)).to("local")
    rng = np.random.default_rng(1)
    source.set_params(rng.uniform(0.1, 0.9, source.n_params).astype(np.float32))
    made = (
        TransferLearningGraph(source)
        .set_feature_extractor("both")
        .n_out_replace("joined", 4)
        .remove_vertex_and_connections("aside")
        .add_layer("aside", OutputLayer(n_out=3), "joined")
        .set_outputs("out", "aside")
        .build()
    )
    frozen = {here.name for here in made.conf.vertex_types() if here.frozen}
    assert frozen == {"dense_left", "dense_right", "both"}
    before = made.params()
    assert set(source.params()[:33]) <= set(before)  # of the two frozen layers, which come first in the source
    rows = [rng.standard_normal((48, size)).astype(np.float32) for size in (4, 3)]
    labels = [rng.integers(0, 3, 48) for _ in range(2)]
    made.fit((rows, labels), epochs=2, batch_size=8, workers=workers, averaging_frequency=1, progress=False)
    after, at = made.params(), 0
    for here in made.conf.vertex_types():
        span = slice(at, at + here.n_params)
        at = span.stop
        if here.n_params:
            assert np.array_equal(before[span].view(np.uint32), after[span].view(np.uint32)) == here.frozen
