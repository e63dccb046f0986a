"""New networks of trained ones: what is kept, frozen, replaced, and refused by name before anything is made."""

from __future__ import annotations

import numpy as np
import pytest

import pydl4j_spark.transfer_learning
from pydl4j_spark import (
    ConfigError,
    FineTuneConfiguration,
    InputType,
    MultiLayerConfiguration,
    MultiLayerNetwork,
    NormalizerStandardize,
    TransferLearning,
)
from pydl4j_spark.constraints import MaxNormConstraint, UnitNormConstraint
from pydl4j_spark.layers import (
    LSTM,
    BatchNormalization,
    ConvolutionLayer,
    DenseLayer,
    DropoutLayer,
    EmbeddingLayer,
    FrozenLayer,
    FrozenLayerWithBackprop,
    LastTimeStep,
    OutputLayer,
    RnnOutputLayer,
    SubsamplingLayer,
)
from pydl4j_spark.preprocessors import CnnToFeedForwardPreProcessor
from pydl4j_spark.updaters import Adam, Sgd
from tests.fake_engine import FakeEngine


def mlp(**settings):
    layers = [DenseLayer(n_out=6, name="first"), DenseLayer(n_out=5, dropout=0.8), OutputLayer(n_out=3, name="out")]
    defaults = {"input_type": InputType.feed_forward(4), "updater": Sgd(0.1), "l2": 1e-3, "l1": 1e-4, "seed": 1}
    return MultiLayerConfiguration(layers, **(defaults | settings))


def cnn():
    layers = [
        ConvolutionLayer(n_out=4, kernel_size=3, activation="relu"),
        BatchNormalization(),
        SubsamplingLayer(kernel_size=2),
        DenseLayer(n_out=5, name="dense"),
        OutputLayer(n_out=2),
    ]
    return MultiLayerConfiguration(layers, input_type=InputType.convolutional_flat(8, 8, 1))


def source(conf, engine=None, **given):
    network = MultiLayerNetwork(conf, **given)
    network.attach(engine or FakeEngine())
    network.set_params(np.linspace(-1, 1, conf.n_params, dtype=np.float32))
    return network


def named(conf, name):
    (found,) = [here.layer for here in conf.layer_types() if here.name == name]
    return found


# --- what comes of it ------------------------------------------------------------------------------------------------


def test_a_new_output_on_frozen_layers():
    transfer = TransferLearning(MultiLayerNetwork(mlp()))
    changed = transfer.set_feature_extractor("layer1").remove_output_layer().add_layer(OutputLayer(n_out=7))
    kinds = [here.kind for here in changed.configuration().layer_types()]
    assert kinds == ["FrozenLayer", "FrozenLayer", "OutputLayer"]
    assert changed.configuration().output_type == InputType.feed_forward(7)
    assert changed.kept() == ("first", "layer1")
    # What was called does not change: every call gives another.
    assert transfer.configuration() == mlp() and transfer.kept() == ("first", "layer1", "out")


def test_what_is_frozen_goes_through_json():
    conf = TransferLearning(MultiLayerNetwork(mlp())).set_feature_extractor(0).configuration()
    assert MultiLayerConfiguration.from_json(conf.to_json()) == conf


@pytest.mark.parametrize("layer", ["layer0", 0, np.int64(0)])
def test_other_channels_reach_all_that_take_them(layer):
    changed = TransferLearning(MultiLayerNetwork(cnn())).n_out_replace(layer, 6, "relu", "uniform")
    conf = changed.configuration()
    assert [here.n_params for here in conf.layer_types()] == [60, 24, 0, 275, 12]
    assert changed.kept() == ("layer2", "layer4")
    assert type(conf.layer_types()[0].layer.weight_init).__name__ == "WeightInitRelu"
    assert type(named(conf, "dense").weight_init).__name__ == "WeightInitUniform"
    assert type(named(conf, "layer4").weight_init).__name__ == "WeightInitXavier"


def test_layers_inside_wrappers_are_replaced_too():
    conf = MultiLayerConfiguration(
        [LSTM(n_out=4), LastTimeStep(LSTM(n_out=5)), OutputLayer(n_out=2)], input_type=InputType.recurrent(3)
    )
    changed = TransferLearning(MultiLayerNetwork(conf)).n_out_replace(1, 7)
    assert [here.n_params for here in changed.configuration().layer_types()] == [128, 336, 16]
    assert changed.kept() == ("layer0",)


def test_another_input_changes_what_the_network_takes():
    changed = TransferLearning(MultiLayerNetwork(mlp())).n_in_replace("first", 9)
    assert changed.configuration().input_type == InputType.feed_forward(9)
    assert changed.kept() == ("layer1", "out")
    images = TransferLearning(MultiLayerNetwork(cnn())).n_in_replace(0, 3)
    assert images.configuration().input_type == InputType.convolutional_flat(8, 8, 3)
    recurrent = MultiLayerConfiguration([LSTM(n_out=4), RnnOutputLayer(n_out=2)], input_type=InputType.recurrent(3, 5))
    assert TransferLearning(MultiLayerNetwork(recurrent)).n_in_replace(0, 6).configuration().input_type == (
        InputType.recurrent(6, 5)
    )
    words = MultiLayerConfiguration([EmbeddingLayer(n_in=20, n_out=4), OutputLayer(n_out=2)])
    vocabulary = TransferLearning(MultiLayerNetwork(words)).n_in_replace(0, 30).configuration()
    assert vocabulary.input_type == InputType.feed_forward(1) and vocabulary.layer_types()[0].n_params == 120


def test_a_preprocessor_that_was_stated_stays():
    stated = CnnToFeedForwardPreProcessor(input_height=3, input_width=3, num_channels=4, data_format="NCHW")
    changed = TransferLearning(MultiLayerNetwork(cnn())).set_input_preprocessor("dense", stated)
    assert changed.configuration().preprocessors == {3: stated}
    with pytest.raises(ConfigError, match="takes images of 4 x 3 x 3"):
        changed.n_out_replace(0, 6).configuration()


def test_fine_tuning_wins_in_every_layer_that_is_not_frozen():
    settings = FineTuneConfiguration(updater=Adam(1e-4), l2=0.5, seed=9, gradient_normalization="clip_l2_per_layer")
    transfer = TransferLearning(MultiLayerNetwork(mlp())).fine_tune_configuration(settings).set_feature_extractor(0)
    conf = transfer.configuration()
    assert conf.seed == 9
    assert named(conf, "first").layer.updater == Sgd(0.1)
    for layer in (named(conf, "layer1"), named(conf, "out")):
        assert (layer.updater, layer.gradient_normalization) == (Adam(1e-4), "clip_l2_per_layer")
        # As in DL4J, a regularisation above 0 takes the place of all that the layer had.
        assert [type(each).__name__ for each in layer.regularization] == ["L2Regularization"]
        assert layer.regularization[0].l2.value == 0.5
    assert named(conf, "layer1").dropout.p == 0.8


def test_a_zero_takes_one_kind_of_regularisation_away():
    transfer = TransferLearning(MultiLayerNetwork(mlp())).fine_tune_configuration(FineTuneConfiguration(l2=0))
    conf = transfer.configuration()
    assert [type(each).__name__ for each in named(conf, "out").regularization] == ["L1Regularization"]


def test_added_layers_win_over_fine_tuning_and_take_the_rest_of_it():
    settings = FineTuneConfiguration(updater=Adam(1e-4), weight_decay=0.1, activation="tanh")
    transfer = TransferLearning(MultiLayerNetwork(mlp())).fine_tune_configuration(settings).remove_output_layer()
    transfer = transfer.add_layer(DenseLayer(n_out=4, updater=Sgd(1), name="new")).add_layer(OutputLayer(n_out=2))
    conf = transfer.configuration()
    assert named(conf, "new").updater == Sgd(1) and named(conf, "layer3").updater == Adam(1e-4)
    assert type(named(conf, "new").activation).__name__ == "Tanh"
    assert [type(each).__name__ for each in named(conf, "new").regularization] == ["WeightDecay"]
    assert type(named(conf, "layer3").activation).__name__ == "Softmax"


def test_constraints_go_where_such_parameters_are():
    settings = FineTuneConfiguration(constraints=[MaxNormConstraint(1)])
    conf = TransferLearning(MultiLayerNetwork(cnn())).fine_tune_configuration(settings).configuration()
    assert [bool(here.layer.constraints) for here in conf.layer_types()] == [True, False, False, True, True]
    several = FineTuneConfiguration(constraints=[UnitNormConstraint(params="gamma", dimensions=0)])
    conf = TransferLearning(MultiLayerNetwork(cnn())).fine_tune_configuration(several).configuration()
    assert [bool(here.layer.constraints) for here in conf.layer_types()] == [False, True, False, False, False]


# --- parameters, normalizer, labels ----------------------------------------------------------------------------------


@pytest.fixture
def engine(monkeypatch):
    made = FakeEngine()
    monkeypatch.setattr(pydl4j_spark.transfer_learning, "engine_at_hand", lambda: made)
    return made


def test_kept_parameters_are_those_of_the_source(engine):
    network = source(mlp())
    before = network.params().copy()
    made = TransferLearning(network).n_out_replace("layer1", 8).build()
    sizes = [here.n_params for here in made.conf.layer_types()]
    assert sizes == [30, 56, 27]
    assert np.array_equal(made.params()[:30], before[:30])
    assert np.array_equal(made.params()[30:], np.arange(30, 113))  # as the engine initialised them
    assert np.array_equal(network.params(), before) and (made.epoch, made.iteration) == (0, 0)


def test_parameters_behind_what_was_replaced_are_kept(engine):
    network = source(mlp())
    made = TransferLearning(network).n_in_replace(0, 9).build()
    assert np.array_equal(made.params()[60:], network.params()[30:])


def test_normalizer_and_labels_come_along_where_they_fit(engine):
    scale = NormalizerStandardize(mean=np.zeros(4), std=np.ones(4))
    network = source(mlp(), engine, labels=["a", "b", "c"], normalizer=scale)
    made = TransferLearning(network).n_out_replace("first", 9).build()
    assert made.labels == ("a", "b", "c") and made.normalizer is not None
    other = TransferLearning(network).remove_output_layer().add_layer(OutputLayer(n_out=3)).build()
    assert other.labels is None and other.normalizer is not None
    wider = TransferLearning(network).n_in_replace(0, 5).build()
    assert wider.labels == ("a", "b", "c") and wider.normalizer is None
    assert TransferLearning(network).n_out_replace("out", 2).build().labels is None


def test_a_feature_extractor_needs_no_output(engine):
    made = TransferLearning(source(mlp())).remove_output_layer().build(for_training=False)
    assert made.conf.output_type == InputType.feed_forward(5)


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.set_feature_extractor("fist"), "there is no layer 'fist'; did you mean 'first'"),
        (lambda t: t.set_feature_extractor(3), r"there is no layer 3; the last is 2 \(out\)"),
        (lambda t: t.set_feature_extractor(True), "by its place or its name, not by True"),
        (lambda t: t.set_feature_extractor("out"), "output or loss layer, and those cannot be frozen"),
        (lambda t: t.n_out_replace(0, 0), r"layer 0 \(first, DenseLayer\): DenseLayer.n_out = 0"),
        (lambda t: t.n_out_replace(0, 5, "xavir"), r"layer 0 \(first, DenseLayer\): .*'xavir'.*xavier"),
        (lambda t: t.n_in_replace(1, 7).configuration(), "n_in is given as 7, but its input has 6"),
        (lambda t: t.remove_layers_from_output(4), "4 layers cannot be removed: there are 3"),
        (lambda t: t.remove_layers_from_output(0), "n"),
        (lambda t: t.remove_output_layer().configuration(), "the last layer must be an output or loss layer"),
        (lambda t: t.remove_layers_from_output(3).configuration(), "one layer at least"),
        (lambda t: t.add_layer("dense"), "add_layer takes a layer"),
        (lambda t: t.add_layer(OutputLayer(n_out=2)).configuration(), "can only be the last layer"),
        (lambda t: t.set_input_preprocessor(0, "flat"), "expected a preprocessor"),
        (lambda t: t.fine_tune_configuration({"l2": 1}), "expected a FineTuneConfiguration"),
        (
            lambda t: t.set_feature_extractor(1).remove_layers_from_output(2).configuration(),
            "there is no layer 'layer1'",
        ),
        (
            lambda t: t.fine_tune_configuration(FineTuneConfiguration(backprop_type="bptt")).configuration(),
            "backprop_type = 'bptt'",
        ),
    ],
)
def test_what_does_not_fit_is_refused_by_name(change, message):
    with pytest.raises(ConfigError, match=message):
        change(TransferLearning(MultiLayerNetwork(mlp())))


def test_layers_without_such_a_setting_are_refused():
    transfer = TransferLearning(MultiLayerNetwork(cnn()))
    with pytest.raises(ConfigError, match=r"layer 2 \(layer2, SubsamplingLayer\): it has no n_out to replace"):
        transfer.n_out_replace(2, 4)
    frozen = MultiLayerNetwork(transfer.set_feature_extractor(1).configuration())
    with pytest.raises(ConfigError, match=r"layer 0 \(layer0, FrozenLayer\): it is frozen"):
        TransferLearning(frozen).n_out_replace(0, 4)


def test_other_things_are_refused():
    with pytest.raises(ConfigError, match="starts from a MultiLayerNetwork, not from a MultiLayerConfiguration"):
        TransferLearning(mlp())
    with pytest.raises(ConfigError, match="l2 and weight_decay exclude each other"):
        FineTuneConfiguration(l2=1, weight_decay=1)
    with pytest.raises(ConfigError, match="unknown setting 'learning_rate'"):
        FineTuneConfiguration(learning_rate=1)


def test_where_the_input_is_not_known_sizes_cannot_follow():
    layers = [ConvolutionLayer(n_in=1, n_out=4), ConvolutionLayer(n_in=4, n_out=2)]
    conf = MultiLayerConfiguration(layers, for_training=False)
    with pytest.raises(ConfigError, match="input_type=InputType"):
        TransferLearning(MultiLayerNetwork(conf)).n_out_replace(0, 5)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (lambda: [DenseLayer(n_out=4), FrozenLayer(DenseLayer(n_out=4)), OutputLayer(n_out=2)], "would learn nothing"),
        (lambda: [FrozenLayer(OutputLayer(n_out=2))], "cannot be frozen"),
        (lambda: [FrozenLayer(DenseLayer(n_out=2))], "must be an output or loss layer"),
        (
            lambda: [DenseLayer(n_out=4), FrozenLayerWithBackprop(BatchNormalization()), OutputLayer(n_out=2)],
            "fails at backpropagation through a frozen BatchNormalization",
        ),
        (
            lambda: [DenseLayer(n_out=4), FrozenLayerWithBackprop(DropoutLayer(0.5)), OutputLayer(n_out=2)],
            "dropout is for training",
        ),
    ],
)
def test_frozen_layers_where_dl4j_cannot_train(layers, message):
    with pytest.raises(ConfigError, match=message):
        MultiLayerConfiguration(layers(), input_type=InputType.feed_forward(3))


def test_a_frozen_layer_takes_no_defaults_of_training():
    conf = MultiLayerConfiguration(
        [FrozenLayerWithBackprop(DenseLayer(n_out=4)), OutputLayer(n_out=2)],
        input_type=InputType.feed_forward(3),
        dropout=0.5,
        l2=0.1,
    )
    inside = conf.layer_types()[0].layer.underlying
    assert inside.dropout is None and inside.regularization == ()
    assert conf.layer_types()[1].layer.dropout.p == 0.5
