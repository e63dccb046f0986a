"""Normalizers that come with model files only, compared with DL4J where it has the last word."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from pydl4j_spark import ConfigError, DataError
from pydl4j_spark.errors import ModelFormatError
from pydl4j_spark.nd4j_arrays import write_nd4j
from pydl4j_spark.normalizer_bin import UnreadableNormalizerError, normalizer_from_bytes
from pydl4j_spark.normalizers import NormalizerMinMaxScaler, NormalizerStandardize, VGG16ImagePreProcessor, header

RNG = np.random.default_rng(5)
# What a graph with three inputs and two outputs takes; one column has no spread.
FEATURES = [RNG.random(shape).astype(np.float32) * 9 for shape in ((6, 3), (6, 2, 5), (6, 3, 4, 2))]
FEATURES[0][:, 1] = 2.5
LABELS = [RNG.random(shape).astype(np.float32) * 9 for shape in ((6, 2), (6, 1))]

PACKAGE = "org.nd4j.linalg.dataset.api.preprocessor."


class Dl4j:
    """DL4J's own normalizers, fitted and applied in this process's JVM."""

    def __init__(self, java):
        self.java = java
        self.nd4j = java.JClass("org.nd4j.linalg.factory.Nd4j")

    def array(self, values):
        flat = self.java.JArray(self.java.JFloat)(np.ravel(values).tolist())
        return self.nd4j.create(flat, self.java.JArray(self.java.JLong)(list(values.shape)), self.java.JChar("c"))

    def arrays(self, values):
        return self.java.JArray(self.java.JClass("org.nd4j.linalg.api.ndarray.INDArray"))([*map(self.array, values)])

    def numpy(self, array):
        flat = np.array(array.reshape(self.java.JArray(self.java.JLong)([array.length()])).toFloatVector(), np.float32)
        return flat.reshape([int(n) for n in array.shape()])

    def normalizer(self, name, *settings):
        return self.java.JClass(PACKAGE + name)(*settings)

    def data(self):
        return self.java.JClass("org.nd4j.linalg.dataset.MultiDataSet")(self.arrays(FEATURES), self.arrays(LABELS))

    def written(self, normalizer):
        stream = self.java.JClass("java.io.ByteArrayOutputStream")()
        self.java.JClass(PACKAGE + "serializer.NormalizerSerializer").getDefault().write(normalizer, stream)
        return bytes(np.array(stream.toByteArray(), np.int8).tobytes())


@pytest.fixture(scope="module")
def dl4j():
    pytest.importorskip("jpype")
    import jpype  # noqa: TID251

    from pydl4j_spark.engine.local import local_engine

    local_engine()
    return Dl4j(jpype)


def standardize(dl4j):
    return dl4j.normalizer("MultiNormalizerStandardize")


def min_max(dl4j):
    return dl4j.normalizer("MultiNormalizerMinMaxScaler", -1.0, 3.0)


def hybrid_of_all(dl4j):
    made = dl4j.normalizer("MultiNormalizerHybrid").standardizeAllInputs().minMaxScaleAllOutputs(-1.0, 1.0)
    return made.minMaxScaleInput(1, 0.0, 2.0).standardizeOutput(1)


def hybrid_of_one(dl4j):
    return dl4j.normalizer("MultiNormalizerHybrid").minMaxScaleInput(2).standardizeInput(7)


@pytest.mark.jvm
@pytest.mark.parametrize("labels", [False, True])
@pytest.mark.parametrize("make", [standardize, min_max, hybrid_of_all, hybrid_of_one])
def test_several_inputs_are_normalized_as_dl4j_does(dl4j, make, labels):
    theirs = make(dl4j)
    if not make.__name__.startswith("hybrid"):
        theirs.fitLabel(labels)
    theirs.fit(dl4j.data())
    content = dl4j.written(theirs)
    ours = normalizer_from_bytes(content)
    data = dl4j.data()
    theirs.transform(data)
    expected = [dl4j.numpy(array) for array in data.getFeatures()]
    for given, found in zip(ours.transform(FEATURES), expected, strict=True):
        np.testing.assert_allclose(given, found, rtol=1e-6, atol=1e-6)
    for given, found in zip(ours.revert(expected), FEATURES, strict=True):
        np.testing.assert_allclose(given, found, rtol=1e-5, atol=1e-5)
    scaled = [dl4j.numpy(array) for array in data.getLabels()]
    for given, found in zip(ours.revert_labels(scaled), LABELS, strict=True):
        np.testing.assert_allclose(given, found, rtol=1e-5, atol=1e-5)
    assert ours.to_bytes() == content and ours.fitted
    assert ours.fit_label == (labels if "hybrid" not in make.__name__ else make is hybrid_of_all)


@pytest.mark.jvm
def test_vgg16_is_what_dl4j_computes(dl4j):
    array = dl4j.array(FEATURES[2])
    dl4j.normalizer("VGG16ImagePreProcessor").preProcess(array)
    ours = VGG16ImagePreProcessor()
    np.testing.assert_array_equal(ours.transform(FEATURES[2]), dl4j.numpy(array))
    np.testing.assert_allclose(ours.revert(ours.transform(FEATURES[2])), FEATURES[2], atol=1e-5)
    assert normalizer_from_bytes(ours.to_bytes()) == ours
    with pytest.raises(DataError, match="3 columns"):
        ours.transform(np.zeros((1, 4, 2, 2)))


# --- what a file says


def stats(*columns):
    return b"".join(write_nd4j(np.array([column], np.float32)) for column in columns)


def numbered(**entries):
    content = [struct.pack(">i", int(name[1:])) + entry for name, entry in entries.items()]
    return struct.pack(">i", len(content)) + b"".join(content)


NOTHING, STANDARDIZE, MIN_MAX = (struct.pack(">i", n) for n in range(3))
NONE = numbered()


def hybrid(inputs=NONE, otherwise=NOTHING, own=NONE):
    return header("MULTI_HYBRID") + inputs + NONE + otherwise + NOTHING + own + NONE


def test_a_strategy_for_one_input_goes_before_that_for_all():
    both = numbered(_0=STANDARDIZE + stats([1], [2]), _1=STANDARDIZE + stats([3], [4]))
    read = normalizer_from_bytes(hybrid(both, STANDARDIZE, numbered(_1=NOTHING)))
    assert [operand.tolist() for _, operand in read.input_steps(0)] == [[1], [2]] and read.input_steps(1) == ()
    with pytest.raises(DataError, match="no statistics"):
        read.transform([np.ones((1, 1)), np.ones((1, 1)), np.ones((1, 1))])


def test_inputs_without_a_strategy_are_left_alone():
    read = normalizer_from_bytes(hybrid(numbered(_0=MIN_MAX + stats([1], [3])), own=numbered(_0=MIN_MAX + bytes(16))))
    assert read.input_steps(5) == ()
    # DL4J keeps the end of the range above its beginning.
    assert read.input_steps()[-1] == ("Mul", 1e-5)
    left, alone = read.transform([np.array([[2.0]]), np.array([[7]])])
    assert left == pytest.approx(5e-6) and alone.tolist() == [[7]]


@pytest.mark.parametrize(
    "content",
    [
        hybrid(numbered(_0=MIN_MAX + stats([1], [2])), STANDARDIZE),
        hybrid(numbered(_0=NOTHING + stats([1], [2])), STANDARDIZE),
        hybrid(otherwise=struct.pack(">i", 3)),
        hybrid(otherwise=struct.pack(">i", -1)),
        hybrid(struct.pack(">i", 2**31 - 1)),
        hybrid() + b"x",
        header("MULTI_STANDARDIZE") + struct.pack(">?ii", False, 2**31 - 1, -1),
        header("MULTI_STANDARDIZE") + struct.pack(">?ii", False, 1, -1) + stats([1, 2], [3]),
    ],
)
def test_damage_is_a_format_error(content):
    with pytest.raises(ModelFormatError):
        normalizer_from_bytes(content)


def test_a_layout_that_is_not_dl4js():
    with pytest.raises(UnreadableNormalizerError, match="IMAGE_VGG16"):
        normalizer_from_bytes(header("IMAGE_VGG16") + b"x")


def test_one_array_is_no_list():
    read = normalizer_from_bytes(header("MULTI_STANDARDIZE") + struct.pack(">?ii", False, 1, -1) + stats([1], [3]))
    with pytest.raises(DataError, match="list of arrays"):
        read.transform(np.ones((1, 1)))
    for use in (read.steps, read.unfitted):
        with pytest.raises(DataError, match="MULTI_STANDARDIZE"):
            use()


def test_what_only_files_have_is_not_put_in_front_of_a_network():
    from pydl4j_spark import MultiLayerNetwork
    from tests.conf.networks import NETWORKS

    for normalizer in (VGG16ImagePreProcessor(), normalizer_from_bytes(hybrid())):
        with pytest.raises(ConfigError, match="only exported"):
            MultiLayerNetwork(NETWORKS["mlp"], normalizer=normalizer)


def test_a_network_that_came_with_one_stays_out_of_the_jvm():
    from pydl4j_spark import MultiLayerNetwork
    from tests.fake_engine import FakeEngine
    from tests.test_model_zip import with_entries

    network = MultiLayerNetwork._of_archive(with_entries(normalizer__bin=hybrid()), "model.zip")
    assert network.normalizer.kind == "MULTI_HYBRID"
    with pytest.raises(ConfigError, match="MULTI_HYBRID"):
        network.attach(FakeEngine())


def test_the_steps_are_what_a_transform_does():
    scaler = NormalizerMinMaxScaler(-1, 1, min=[1.0, 2.0], max=[3.0, 6.0], label_min=[0.0], label_max=[4.0])
    assert [name for name, _ in scaler.steps()] == ["Sub", "Div", "Mul", "Add"]
    assert [name for name, _ in NormalizerMinMaxScaler(min=[1.0], max=[2.0]).steps()] == ["Sub", "Div"]
    assert [name for name, _ in NormalizerStandardize(mean=[1.0], std=[2.0]).steps()] == ["Sub", "Div"]
    assert scaler.steps(labels=True)[1][1].tolist() == [4.0]
    assert scaler.output_steps(3)[1][1].tolist() == [4.0]
