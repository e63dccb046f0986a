"""Config objects by themselves: round trips, names, and what they refuse."""

import copy
import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pydl4j_spark import activations, dropout, losses, schedules, updaters, weights
from pydl4j_spark.conf.base import Config
from pydl4j_spark.errors import ConfigError
from pydl4j_spark.layers import ConvolutionLayer, DenseLayer, Layer, SubsamplingLayer

from .catalogue import DL4J_JSON, EVERYTHING

NUMBERS = st.floats(min_value=1e-12, max_value=1e12)


@pytest.mark.parametrize("made", EVERYTHING, ids=lambda made: type(made).__name__)
class TestEveryObject:
    def test_round_trip(self, made):
        again = type(made).from_dict(json.loads(json.dumps(made.to_dict())))
        assert again == made
        assert again.to_dict() == made.to_dict()

    def test_copies_and_pickles(self, made):
        assert pickle.loads(pickle.dumps(made)) == made
        assert copy.deepcopy(made) == made

    def test_unknown_setting(self, made):
        with pytest.raises(ConfigError, match=f"{type(made).__name__}: unknown setting 'colour'"):
            type(made)(colour=1)

    def test_unknown_json_key(self, made):
        with pytest.raises(ConfigError, match="unknown JSON key 'colour'"):
            type(made).from_dict(made.to_dict() | {"colour": 1})

    def test_is_frozen(self, made):
        with pytest.raises(AttributeError):
            made.anything = 1


@pytest.mark.parametrize("text", DL4J_JSON, ids=lambda text: text.split('"')[3].rsplit(".")[-1])
def test_what_dl4j_writes_is_read_and_written_alike(text):
    document = json.loads(text)
    family = weights.Distribution if "type" in document else Config
    written = family.from_dict(document).to_dict()
    computed = {"increment", "stepSize"} if "cycleLength" in document else set()
    assert written == {key: value for key, value in document.items() if value is not None and key not in computed}


DL4J_NAMES = {
    activations.Activation: "CUBE ELU HARDSIGMOID HARDTANH IDENTITY LEAKYRELU RATIONALTANH RELU RELU6 RRELU SIGMOID"
    " SOFTMAX SOFTPLUS SOFTSIGN TANH RECTIFIEDTANH SELU SWISH THRESHOLDEDRELU GELU MISH",
    losses.Loss: "MSE L1 XENT MCXENT SPARSE_MCXENT SQUARED_LOSS RECONSTRUCTION_CROSSENTROPY NEGATIVELOGLIKELIHOOD"
    " COSINE_PROXIMITY HINGE SQUARED_HINGE KL_DIVERGENCE MEAN_ABSOLUTE_ERROR L2 MEAN_ABSOLUTE_PERCENTAGE_ERROR"
    " MEAN_SQUARED_LOGARITHMIC_ERROR POISSON WASSERSTEIN",
    weights.WeightInit: "ZERO ONES SIGMOID_UNIFORM NORMAL LECUN_NORMAL UNIFORM XAVIER XAVIER_UNIFORM XAVIER_FAN_IN"
    " XAVIER_LEGACY RELU RELU_UNIFORM IDENTITY LECUN_UNIFORM VAR_SCALING_NORMAL_FAN_IN VAR_SCALING_NORMAL_FAN_OUT"
    " VAR_SCALING_NORMAL_FAN_AVG VAR_SCALING_UNIFORM_FAN_IN VAR_SCALING_UNIFORM_FAN_OUT VAR_SCALING_UNIFORM_FAN_AVG",
    updaters.Updater: "SGD ADAM ADAMAX ADADELTA NESTEROVS NADAM ADAGRAD RMSPROP NONE",
}


@pytest.mark.parametrize(
    ("family", "name"), [(family, name) for family, names in DL4J_NAMES.items() for name in names.split()]
)
def test_dl4j_enum_names_in_any_case(family, name):
    assert family.short(name) == family.short(name.lower())
    assert isinstance(family.short(name.title()), family)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: DenseLayer(n_out=0), r"DenseLayer\.n_out = 0: wanted a whole number at least 1"),
        (lambda: DenseLayer(n_out=-3), "n_out = -3"),
        (lambda: DenseLayer(n_out=True), "n_out = True"),
        (lambda: DenseLayer(n_out=np.bool_(True)), "n_out"),
        (lambda: DenseLayer(n_out="10"), "n_out = '10'"),
        (lambda: DenseLayer(n_out=10.0), r"n_out = 10\.0"),
        (lambda: DenseLayer(n_out=2**31), "n_out"),
        (lambda: DenseLayer(n_out=None), "n_out = None"),
        (lambda: DenseLayer(), "DenseLayer: n_out must be given"),
        (lambda: DenseLayer(5), "may be given by position"),
        (lambda: DenseLayer(nout=5), "unknown setting 'nout'; did you mean 'n_out'"),
        (lambda: DenseLayer(n_out=5, activaton="relu"), "did you mean 'activation'"),
        (lambda: DenseLayer(n_out=5, activation="rellu"), r"activation = 'rellu': .*did you mean 'relu'"),
        (lambda: DenseLayer(n_out=5, activation=3), "wanted an Activation"),
        (lambda: DenseLayer(n_out=5, activation=losses.LossMSE()), "wanted an Activation"),
        (lambda: DenseLayer(n_out=5, activation="prelu"), "it is a layer and not an activation"),
        (lambda: DenseLayer(n_out=5, weight_init="xavierr"), "did you mean 'xavier'"),
        (lambda: DenseLayer(n_out=5, dropout=0), r"dropout: Dropout\.p = 0.*above 0"),
        (lambda: DenseLayer(n_out=5, dropout=1.5), "at most 1"),
        (lambda: DenseLayer(n_out=5, dropout=float("nan")), "finite"),
        (lambda: DenseLayer(n_out=5, dropout="half"), "wanted an InputDropout"),
        (lambda: DenseLayer(n_out=5, l2=-1), r"l2 = -1"),
        (lambda: DenseLayer(n_out=5, has_bias="yes"), "True or False"),
        (lambda: DenseLayer(n_out=5, has_bias=1), "True or False"),
        (lambda: DenseLayer(n_out=5, name=""), "name = ''"),
        (lambda: DenseLayer(n_out=5, bias_init=float("inf")), "finite"),
        (lambda: DenseLayer(n_out=5, gradient_normalization="clip_l2_layer"), "did you mean 'clip_l2_per_layer'"),
        (lambda: ConvolutionLayer(n_out=5, kernel_size=(3, -1)), "kernel_size"),
        (lambda: ConvolutionLayer(n_out=5, kernel_size=(3, 3, 3)), "3 numbers"),
        (lambda: ConvolutionLayer(n_out=5, stride=0), "stride"),
        (lambda: ConvolutionLayer(n_out=5, padding=-1), "padding"),
        (lambda: ConvolutionLayer(n_out=5, kernel_size="33"), "kernel_size"),
        (lambda: ConvolutionLayer(n_out=5, convolution_mode="causal"), "one of 'strict', 'truncate', 'same'"),
        (lambda: SubsamplingLayer("sum", kernel_size=2), "DL4J cannot compute"),
        (lambda: SubsamplingLayer("pnorm", kernel_size=2), "needs pnorm"),
        (lambda: updaters.Adam(float("nan")), r"Adam\.learning_rate = nan"),
        (lambda: updaters.Adam("0.1"), "or a schedule"),
        (lambda: updaters.Adam(-0.1), "at least 0"),
        (lambda: updaters.Adam(beta1=1), "below 1"),
        (lambda: schedules.RampSchedule(schedules.FixedSchedule(1), 10), "cannot read it back"),
        (lambda: schedules.MapSchedule(values={5: 0.1}), "begin at 0"),
        (
            lambda: schedules.CycleSchedule(
                max_learning_rate=1, initial_learning_rate=0.1, cycle_length=10, annealing_length=9
            ),
            "exceed annealing_length",
        ),
        (lambda: weights.UniformDistribution(1, -1), "less than upper"),
        (lambda: weights.NormalDistribution(0, 0), "above 0"),
        (lambda: losses.LossMCXENT(weights=[]), "empty"),
        (lambda: losses.LossMCXENT(weights=["a"]), "row of numbers"),
        (lambda: dropout.AlphaDropout(schedules.FixedSchedule(0.5)), r"AlphaDropout\.p"),
    ],
)
def test_refusals_name_class_field_value_and_cure(made, message):
    with pytest.raises(ConfigError, match=message):
        made()


@pytest.mark.parametrize(
    "document",
    [
        None,
        3,
        [],
        "x",
        {},
        {"@class": None},
        {"@class": 3},
        {"@class": "org.nd4j.linalg.Mine"},
        {"@class": "Mine"},
        {"@class": "org.exam ple"},
        {"@class": []},
    ],
)
def test_what_is_no_layer_is_refused(document):
    with pytest.raises(ConfigError, match="Layer"):
        Layer.from_dict(document)


def test_another_family_is_refused():
    with pytest.raises(ConfigError, match="is not supported"):
        Layer.from_dict(updaters.Adam().to_dict())


@pytest.mark.parametrize("broken", [3, "x", [], {"@class": 1}, [1], {"a": 1}, True])
def test_a_damaged_value_is_refused(broken):
    for key in ("activationFn", "iupdater", "constraints", "nout", "hasBias", "regularization", "layerName"):
        document = DenseLayer(n_out=5).to_dict() | {key: broken}
        if (key, broken) in (("nout", 3), ("layerName", "x"), ("hasBias", True)) or broken == []:
            continue
        with pytest.raises(ConfigError):
            Layer.from_dict(document)


class TestNumpy:
    def test_scalars_become_plain_numbers(self):
        layer = DenseLayer(n_out=np.int64(5), l2=np.float32(0.5), has_bias=np.bool_(False), dropout=np.float64(0.5))
        assert type(layer.n_out) is int
        assert type(layer.l2) is float
        assert layer.has_bias is False
        assert layer.dropout == dropout.Dropout(0.5)
        json.dumps(layer.to_dict())

    def test_arrays_stand_for_tuples(self):
        layer = ConvolutionLayer(n_out=5, kernel_size=np.array([3, 2]), stride=np.int32(2))
        assert (layer.kernel_size, layer.stride) == ((3, 2), (2, 2))
        assert losses.LossMCXENT(weights=np.array([1.0, 2.0], dtype=np.float32)).weights == (1.0, 2.0)


class TestShorthands:
    def test_a_class_stands_for_its_defaults(self):
        assert DenseLayer(n_out=1, updater=updaters.Adam).updater == updaters.Adam()

    def test_a_distribution_stands_for_drawing_from_it(self):
        drawn = DenseLayer(n_out=1, weight_init=weights.NormalDistribution(0, 1)).weight_init
        assert drawn == weights.WeightInitDistribution(weights.NormalDistribution(0, 1))

    def test_a_number_stands_for_dropout(self):
        assert DenseLayer(n_out=1, dropout=0.8).dropout == dropout.Dropout(0.8)


@given(rate=NUMBERS, epsilon=NUMBERS, beta=st.floats(0, 1, exclude_max=True))
def test_numbers_survive_json(rate, epsilon, beta):
    made = updaters.Adam(rate, beta1=beta, epsilon=epsilon)
    assert updaters.Updater.from_dict(json.loads(json.dumps(made.to_dict()))) == made


@given(values=st.dictionaries(st.integers(1, 10**6), NUMBERS), first=NUMBERS)
def test_maps_survive_json(values, first):
    made = schedules.MapSchedule(values={0: first, **values})
    assert schedules.Schedule.from_dict(json.loads(json.dumps(made.to_dict()))) == made


@given(
    value=st.one_of(st.text(), st.floats(), st.none(), st.booleans(), st.lists(st.integers()), st.integers(max_value=0))
)
def test_nothing_but_a_positive_whole_number_is_a_size(value):
    with pytest.raises(ConfigError, match="n_out"):
        DenseLayer(n_out=value)
