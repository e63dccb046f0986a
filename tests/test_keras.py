"""Models that Keras wrote: the same numbers as in Keras, and clear errors for what is no such model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import pydl4j_spark.keras
from pydl4j_spark import (
    ComputationGraph,
    ConfigError,
    Dl4jError,
    FineTuneConfiguration,
    InputType,
    ModelFormatError,
    MultiLayerNetwork,
    TransferLearning,
)
from pydl4j_spark.engine.spark import spark_engine
from pydl4j_spark.keras import import_model
from pydl4j_spark.layers import OutputLayer
from pydl4j_spark.updaters import Adam
from tests.fake_engine import FakeEngine

MODELS = Path(__file__).parent / "keras"


@pytest.fixture
def here(monkeypatch):
    """Read in this process, whatever session is active."""
    pytest.importorskip("jpype")
    from pydl4j_spark.engine.local import local_engine

    monkeypatch.setattr(pydl4j_spark.keras, "engine_at_hand", local_engine)


def rows_of(name):
    kept = np.load(MODELS / f"{name}.npz")
    inputs = [kept[key] for key in sorted(kept) if key.startswith("input")]
    return inputs[0] if len(inputs) == 1 else inputs, kept["output"]


@pytest.mark.jvm
@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("mlp", MultiLayerNetwork),
        ("cnn", MultiLayerNetwork),
        ("lstm", MultiLayerNetwork),
        ("two_inputs", ComputationGraph),
    ],
)
def test_outputs_are_those_of_keras(here, name, family):
    network = import_model(MODELS / f"{name}.h5")
    assert type(network) is family
    given, expected = rows_of(name)
    np.testing.assert_allclose(network.to("local").output(given), expected, atol=1e-5)


@pytest.mark.jvm
def test_what_goes_in_is_known(here):
    image = import_model(MODELS / "cnn.h5")
    assert image.conf.input_type == InputType.convolutional(8, 7, 2, data_format="NHWC")
    sequence = import_model(MODELS / "lstm.h5", enforce_training_config=False)
    assert sequence.conf.input_type == InputType.recurrent(4, 6, data_format="NWC")
    assert [here.kind for here in sequence.conf.layer_types()] == ["LastTimeStep", "DenseLayer"]


@pytest.mark.jvm
def test_loss_and_optimizer_are_keras_s(here):
    conf = import_model(MODELS / "mlp.h5").conf
    assert conf.layer_types()[-1].layer.has_loss
    updater = conf.layer_types()[0].layer.updater
    assert isinstance(updater, Adam) and updater.learning_rate == pytest.approx(1e-3)


@pytest.mark.jvm
def test_from_keras_to_a_fine_tuned_network(here, tmp_path):
    network = import_model(MODELS / "cnn.h5").to("local")
    kept = network.params()[:69].copy()
    made = (
        TransferLearning(network)
        .fine_tune_configuration(FineTuneConfiguration(updater=Adam(1e-2), l2=1e-3))
        .set_feature_extractor("pool")
        .n_out_replace("classes", 6)
        .add_layer(OutputLayer(n_out=2, name="kinds"))
        .build()
    )
    rng = np.random.default_rng(2)
    rows = (rng.standard_normal((40, 8, 7, 2)).astype(np.float32), np.arange(40) % 2)
    made.fit(rows, epochs=3, workers=3, averaging_frequency=1, batch_size=8, progress=False)
    assert np.array_equal(made.params()[:69].view(np.uint32), kept.view(np.uint32))
    made.save(tmp_path / "model.zip")
    again = MultiLayerNetwork.load(tmp_path / "model.zip").to("local")
    assert again.conf == made.conf
    assert np.array_equal(again.output(rows[0]), made.output(rows[0]))


@pytest.mark.jvm
def test_in_the_driver_of_a_spark_session(spark):
    given, expected = rows_of("mlp")
    network = import_model(MODELS / "mlp.h5")
    np.testing.assert_allclose(network.output(given), expected, atol=1e-5)
    assert network._live[0] is spark_engine(spark)


@pytest.mark.jvm
def test_what_dl4j_does_not_know_is_named(here):
    with pytest.raises(ConfigError, match=r"unsupported.h5: .*layer type GroupNormalization"):
        import_model(MODELS / "unsupported.h5")


@pytest.mark.jvm
def test_damaged_files_are_told_and_the_jvm_lives_on(here, tmp_path):
    whole = (MODELS / "mlp.h5").read_bytes()
    no_model = whole.replace(b"model_config", b"model_konfig")
    assert no_model != whole
    for content in (whole[:8], whole[:1000], whole[: len(whole) // 2], whole[:-1], no_model):
        path = tmp_path / "damaged.h5"
        path.write_bytes(content)
        with pytest.raises(ModelFormatError, match=r"damaged\.h5: "):
            import_model(path)
    rng = np.random.default_rng(3)
    for _ in range(20):
        content = bytearray(whole)
        for place in rng.integers(8, len(whole), 8):
            content[place] ^= 1 << rng.integers(0, 8)
        path.write_bytes(content)
        try:
            import_model(path)
        except Dl4jError as why:
            assert isinstance(why, ModelFormatError | ConfigError)
    # The same file, written anew, is read anew.
    path.write_bytes(whole)
    given, expected = rows_of("mlp")
    np.testing.assert_allclose(import_model(path).to("local").output(given), expected, atol=1e-5)


def test_a_file_is_read_where_the_jvm_is(monkeypatch):
    engine = FakeEngine()
    monkeypatch.setattr(pydl4j_spark.keras, "engine_at_hand", lambda: engine)
    monkeypatch.chdir(MODELS)
    network = import_model("mlp.h5", enforce_training_config=False)
    assert engine.asked("read_keras") == (str(MODELS / "mlp.h5"), False)
    assert network.conf.input_type == InputType.feed_forward(5) and len(network.params()) == 18


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a .keras file", b"\x89HDF"])
def test_other_files_are_refused_before_any_jvm(tmp_path, content):
    path = tmp_path / "model.h5"
    path.write_bytes(content)
    with pytest.raises(ModelFormatError, match=r"model\.h5 is no HDF5 file"):
        import_model(path)


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        import_model(tmp_path / "model.h5")
