"""Every class that DL4J's JSON may name is here, and every class here is one of DL4J's: both lists, from both sides."""

import importlib
import pkgutil
import struct
import zipfile

import pytest

import pydl4j_spark.conf
from pydl4j_spark.conf.base import _BY_JAVA_CLASS
from pydl4j_spark.engine.jar import jar_path

pytestmark = pytest.mark.jvm

CONF = "org/deeplearning4j/nn/conf/"
FAMILIES = {
    "layers": CONF + "layers/Layer",
    "vertices": CONF + "graph/GraphVertex",
    "preprocessors": CONF + "InputPreProcessor",
    "input types": CONF + "inputs/InputType",
    "activations": "org/nd4j/linalg/activations/IActivation",
    "losses": "org/nd4j/linalg/lossfunctions/ILossFunction",
    "updaters": "org/nd4j/linalg/learning/config/IUpdater",
    "schedules": "org/nd4j/linalg/schedule/ISchedule",
    "weight inits": "org/deeplearning4j/nn/weights/IWeightInit",
    "distributions": CONF + "distribution/Distribution",
    "dropouts": CONF + "dropout/IDropout",
    "weight noises": CONF + "weightnoise/IWeightNoise",
    "constraints": "org/deeplearning4j/nn/api/layers/LayerConstraint",
    "regularizations": "org/nd4j/linalg/learning/regularization/Regularization",
    "reconstruction distributions": CONF + "layers/variational/ReconstructionDistribution",
}
EXCEPTIONS = {
    "org.deeplearning4j.nn.conf.graph.LayerVertex": "how a graph holds a layer, which is given itself",
    "org.deeplearning4j.nn.conf.distribution.serde.LegacyDistributionHelper": "no distribution: a helper of the reader",
    "org.deeplearning4j.nn.layers.ocnn.OCNNOutputLayer$OCNNLossFunction": "part of its layer, and not written",
    "org.deeplearning4j.nn.modelimport.keras.layers.TFOpLayer": "operations of TensorFlow, not run here",
    "org.nd4j.linalg.activations.impl.ActivationPReLU": "its slopes are parameters of PReLULayer",
    "org.nd4j.linalg.schedule.RampSchedule": "DL4J cannot read what it writes of it; refused with the reason",
}
ABSTRACT_OR_INTERFACE = 0x0600
# How many bytes follow the tag of a constant, by tag; texts (1) tell their length, and long and double take two places.
_WIDTHS = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2}


def read_class(data):
    """Give a class's name, its flags and its parents (JVM specification, chapter 4)."""
    pool, at, place = {}, 10, 1
    (count,) = struct.unpack_from(">H", data, 8)
    while place < count:
        tag = data[at]
        width = _WIDTHS.get(tag) or 2 + struct.unpack_from(">H", data, at + 1)[0]
        pool[place] = data[at + 3 : at + 1 + width] if tag == 1 else data[at + 1 : at + 1 + width]
        at, place = at + 1 + width, place + (2 if tag in (5, 6) else 1)
    flags, this, parent, interfaces = struct.unpack_from(">HHHH", data, at)
    indices = [this, parent, *struct.unpack_from(f">{interfaces}H", data, at + 8)]
    names = [pool[int.from_bytes(pool[index], "big")].decode() for index in indices if index]
    return names[0], flags, names[1:]


@pytest.fixture(scope="module")
def classes():
    """Every class of DL4J in the jar: its flags and parents."""
    with zipfile.ZipFile(jar_path()) as jar:
        names = [name for name in jar.namelist() if name.startswith(("org/deeplearning4j/", "org/nd4j/linalg/"))]
        read = [read_class(jar.read(name)) for name in names if name.endswith(".class")]
    return {name: (flags, parents) for name, flags, parents in read}


@pytest.fixture(scope="module")
def here():
    """Every class of DL4J that a config object stands for."""
    for module in pkgutil.walk_packages(pydl4j_spark.conf.__path__, "pydl4j_spark.conf."):
        importlib.import_module(module.name)
    return set(_BY_JAVA_CLASS)


def concrete(classes, base):
    def descends(name):
        return name == base or any(descends(parent) for parent in classes.get(name, (0, ()))[1])

    found = [name for name, (flags, _) in classes.items() if not flags & ABSTRACT_OR_INTERFACE and descends(name)]
    return {name.replace("/", ".") for name in found} - {base.replace("/", ".")}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_class_of_dl4j_is_here(classes, here, family):
    theirs = concrete(classes, FAMILIES[family])
    assert theirs
    lacking = theirs - here - set(EXCEPTIONS)
    assert lacking == set()


def test_every_class_here_is_one_of_dl4js(classes, here):
    theirs = {name.replace("/", ".") for name in classes}
    assert {name for name in here if name.startswith("org.")} - theirs == set()


def test_exceptions_are_still_that(classes, here):
    theirs = {name.replace("/", ".") for name in classes}
    assert set(EXCEPTIONS) - theirs == set()
    assert set(EXCEPTIONS) & here == set()
