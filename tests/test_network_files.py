"""Model files: written and read here, without a JVM where that is possible, on local paths and Hadoop filesystems."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest

from pydl4j_spark import (
    InputType,
    ModelFormatError,
    MultiLayerNetwork,
    NormalizerMinMaxScaler,
    NormalizerStandardize,
    SparkDl4jMultiLayer,
)
from tests.conftest import digits_conf

pytestmark = pytest.mark.jvm

NAMES = [f"digit {i}" for i in range(10)]


@pytest.fixture(scope="module")
def trained(spark, digits):
    net = SparkDl4jMultiLayer(spark, digits_conf(), normalizer=NormalizerStandardize(), labels=NAMES)
    net.fit((digits[0][:300], digits[1][:300]), epochs=2, progress=False)
    return net


def test_a_saved_network_comes_back_whole(trained, digits, tmp_path):
    path = tmp_path / "model.zip"
    trained.network.save(path)
    loaded = MultiLayerNetwork.load(path)
    assert np.array_equal(loaded.params(), trained.network.params())
    assert np.array_equal(loaded.updater_state(), trained.network.updater_state())
    assert loaded.labels == tuple(NAMES)
    assert (loaded.epoch, loaded.iteration) == (2, trained.network.iteration)
    assert loaded.conf == trained.network.conf
    assert loaded.summary() == trained.network.summary()
    X = digits[0]
    np.testing.assert_array_equal(loaded.normalizer.transform(X[:5]), trained.network.normalizer.transform(X[:5]))
    assert np.array_equal(loaded.output(X[:50]), trained.output(X[:50]))
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.zip"]  # nothing is left beside it


def test_the_same_network_gives_the_same_file(trained, tmp_path):
    trained.network.save(tmp_path / "a.zip")
    trained.network.save(str(tmp_path / "b.zip"))
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_without_updater(trained, tmp_path):
    trained.network.save(tmp_path / "small.zip", save_updater=False)
    loaded = MultiLayerNetwork.load(tmp_path / "small.zip")
    assert loaded.updater_state() is None
    assert np.array_equal(loaded.params(), trained.network.params())


def test_a_loaded_network_is_saved_again_without_a_jvm(trained, digits, tmp_path):
    trained.network.save(tmp_path / "model.zip")
    loaded = MultiLayerNetwork.load(tmp_path / "model.zip")
    loaded.save(tmp_path / "again.zip")
    loaded.save(tmp_path / "small.zip", save_updater=False)
    again, small = (MultiLayerNetwork.load(tmp_path / name) for name in ("again.zip", "small.zip"))
    assert loaded._live is None
    assert np.array_equal(again.updater_state(), trained.network.updater_state())
    assert small.updater_state() is None
    for network in (again, small):
        assert network.labels == tuple(NAMES)
        assert np.array_equal(network.output(digits[0][:3]), trained.output(digits[0][:3]))


def test_the_normalizer_is_fitted_on_spark_as_numpy_would(spark, digits):
    X, y = digits[0][:200], digits[1][:200]
    for normalizer in (NormalizerStandardize(), NormalizerMinMaxScaler(-1, 1)):
        net = SparkDl4jMultiLayer(spark, digits_conf(), normalizer=normalizer)
        net.fit((X, y), progress=False)
        fitted = net.network.normalizer
        if isinstance(fitted, NormalizerStandardize):
            np.testing.assert_allclose(fitted.mean.ravel(), X.mean(0), atol=1e-5)
            np.testing.assert_allclose(fitted.std.ravel(), X.std(0), atol=1e-5)
        else:
            np.testing.assert_array_equal(fitted.min.ravel(), X.min(0))
            # Where all values are the same DL4J widens the range by 1e-5, not to divide by zero.
            np.testing.assert_allclose(fitted.max.ravel(), X.max(0), atol=1.1e-5)


def test_a_normalizer_with_statistics_is_used_as_it_is_and_reset_fits_anew(spark, digits):
    X, y = digits[0][:100], digits[1][:100]
    given = NormalizerStandardize(mean=np.full(64, 3.0), std=np.full(64, 2.0))
    net = SparkDl4jMultiLayer(spark, digits_conf(), normalizer=given)
    before = net.output(X[:4])
    bare = SparkDl4jMultiLayer(spark, digits_conf())
    np.testing.assert_allclose(before, bare.output((X[:4] - 3) / 2), atol=1e-6)
    net.fit((X, y), progress=False)
    np.testing.assert_array_equal(net.network.normalizer.mean.ravel(), given.mean.ravel())
    net.reset()
    net.fit((X, y), progress=False)
    np.testing.assert_allclose(net.network.normalizer.mean.ravel(), X.mean(0), atol=1e-5)


def test_a_loaded_network_trains_on_with_the_normalizer_it_has(spark, trained, digits, tmp_path):
    trained.network.save(tmp_path / "model.zip")
    loaded = MultiLayerNetwork.load(tmp_path / "model.zip")
    net = SparkDl4jMultiLayer(spark, loaded)
    net.fit((digits[0][:300] * 2, digits[1][:300]), progress=False)
    np.testing.assert_array_equal(net.network.normalizer.mean, trained.network.normalizer.mean)


@pytest.mark.parametrize("scheme", ["file", "viewfs"])
def test_hadoop_filesystems(spark, trained, digits, tmp_path, scheme):
    hadoop = spark.sparkContext._jsc.hadoopConfiguration()  # the test's own reach into Hadoop, not the package's
    hadoop.set("fs.viewfs.mounttable.models.link./store", f"file://{tmp_path}/store")
    (tmp_path / "store").mkdir()
    uri = {"file": f"file://{tmp_path}/store/model.zip", "viewfs": "viewfs://models/store/model.zip"}[scheme]
    trained.network.save(uri)
    loaded = MultiLayerNetwork.load(uri)
    assert np.array_equal(loaded.params(), trained.network.params())
    loaded.save(uri)  # over the old one, and this time from Python's copy
    again = MultiLayerNetwork.load(uri)
    assert np.array_equal(again.params(), trained.network.params())
    assert np.array_equal(again.output(digits[0][:3]), trained.output(digits[0][:3]))
    assert sorted(p.name for p in (tmp_path / "store").iterdir() if not p.name.endswith(".crc")) == ["model.zip"]


def test_a_failed_save_leaves_the_old_file(trained, tmp_path):
    target = tmp_path / "model.zip"
    target.write_text("precious")
    (tmp_path / "model.zip").chmod(0o444)
    with pytest.raises(Exception, match=r"no/such/folder|NoSuchFile"):
        trained.network.save(tmp_path / "no" / "such" / "folder" / "model.zip")
    assert target.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [target]


def test_nothing_that_java_serialised_is_read(spark, trained, tmp_path, digits):
    trained.network.save(tmp_path / "model.zip")
    poisoned = tmp_path / "poisoned.zip"
    with zipfile.ZipFile(tmp_path / "model.zip") as source, zipfile.ZipFile(poisoned, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
        # Reading either would fail on these bytes: they are no serialised objects.
        target.writestr("preprocessor.bin", b"\xac\xed\x00\x05not an object")
        target.writestr("objects/evil", b"\xac\xed\x00\x05not an object")
    loaded = MultiLayerNetwork.load(poisoned)
    assert np.array_equal(loaded.output(digits[0][:3]), trained.output(digits[0][:3]))


def test_a_user_written_class_is_refused_by_the_jvm(spark, trained):
    engine, _ = trained.network._live
    archive = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(trained.network._bytes())) as source, zipfile.ZipFile(archive, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "configuration.json":
                configuration = json.loads(content)
                configuration["confs"][0]["layer"]["@class"] = "com.acme.Evil"
                content = json.dumps(configuration).encode()
            target.writestr(name, content)
    with pytest.raises(Exception, match=r"com\.acme\.Evil"):
        engine.restore_network(archive.getvalue())


def test_damaged_files(trained, tmp_path):
    trained.network.save(tmp_path / "model.zip")
    content = (tmp_path / "model.zip").read_bytes()
    for damage in (b"", b"PK", content[: len(content) // 2], content[:-30]):
        (tmp_path / "bad.zip").write_bytes(damage)
        with pytest.raises(ModelFormatError):
            MultiLayerNetwork.load(tmp_path / "bad.zip")
    with pytest.raises(FileNotFoundError):
        MultiLayerNetwork.load(tmp_path / "missing.zip")


def test_a_file_of_dl4js_needs_its_input_type_only_to_score(trained, tmp_path, digits):
    trained.network.save(tmp_path / "model.zip")
    with zipfile.ZipFile(tmp_path / "model.zip") as source, zipfile.ZipFile(tmp_path / "plain.zip", "w") as target:
        for name in source.namelist():
            if name != "pydl4j.json":
                target.writestr(name, source.read(name))
    plain = MultiLayerNetwork.load(tmp_path / "plain.zip", input_type=InputType.feed_forward(64))
    assert plain.labels is None
    assert np.array_equal(plain.output(digits[0][:3]), trained.output(digits[0][:3]))


def test_onnx_leaves_and_is_equal(trained, digits, tmp_path):
    import onnxruntime

    report = trained.network.to_onnx(tmp_path / "model.onnx", include_normalizer=True)
    assert report.verified
    assert report.max_abs_error < 1e-5
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    (name,) = (i.name for i in session.get_inputs())
    (ours,) = session.run(None, {name: digits[0][:100]})
    np.testing.assert_allclose(ours, trained.output(digits[0][:100]), atol=1e-5, rtol=1e-4)
    without = trained.network.to_onnx(tmp_path / "bare.onnx")
    assert without.verified
