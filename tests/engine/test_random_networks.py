"""Random networks: refused here with the reason, or the same in DL4J, which can make them."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pydl4j_spark.conf import InputType, MultiLayerConfiguration
from pydl4j_spark.engine.spark import spark_engine
from pydl4j_spark.errors import ConfigError
from pydl4j_spark.layers import (
    LSTM,
    ActivationLayer,
    BatchNormalization,
    Bidirectional,
    ConvolutionLayer,
    DenseLayer,
    DropoutLayer,
    GlobalPoolingLayer,
    GravesLSTM,
    LastTimeStep,
    LossLayer,
    OutputLayer,
    RnnOutputLayer,
    SubsamplingLayer,
)
from tests.conf import catalogue

from .test_resolve import as_described, described

pytestmark = pytest.mark.jvm

SIZES = st.integers(1, 6)
PAIRS = st.one_of(SIZES, st.tuples(SIZES, SIZES))
SMALL = st.one_of(st.integers(0, 2), st.tuples(st.integers(0, 2), st.integers(0, 2)))
MODES = st.sampled_from([None, "truncate", "strict", "same"])
ACTIVATIONS = st.sampled_from(catalogue.ACTIVATIONS)
RATES = st.floats(0.1, 1)


def maybe(strategy):
    return st.one_of(st.none(), strategy)


COMMON = {"dropout": maybe(st.one_of(RATES, st.sampled_from(catalogue.DROPOUTS)))}
BASE = COMMON | {
    "activation": maybe(ACTIVATIONS),
    "updater": maybe(st.sampled_from(catalogue.UPDATERS)),
    "weight_init": maybe(st.sampled_from(catalogue.WEIGHT_INITS)),
    "weight_noise": maybe(st.sampled_from(catalogue.WEIGHT_NOISES)),
    "constraints": maybe(st.sampled_from(catalogue.CONSTRAINTS)),
    "l1": maybe(st.floats(0, 0.1)),
    "l2": maybe(st.floats(0, 0.1)),
}


def made(kind, **fields):
    """Any layer of a kind, or the refusal of it."""

    @st.composite
    def draw_layer(draw):
        chosen = {name: draw(strategy) for name, strategy in fields.items()}
        return lambda: kind(**{name: value for name, value in chosen.items() if value is not None})

    return draw_layer()


DENSE = made(DenseLayer, n_out=SIZES, has_bias=st.booleans(), has_layer_norm=st.booleans(), **BASE)
BATCH_NORM = made(BatchNormalization, lock_gamma_beta=st.booleans(), use_log_std=st.booleans(), **COMMON)
ACTIVATION = made(ActivationLayer, activation=ACTIVATIONS, **COMMON)
DROPOUT = made(DropoutLayer, dropout=st.sampled_from(catalogue.DROPOUTS))
GLOBAL = made(
    GlobalPoolingLayer,
    pooling_type=st.sampled_from(["max", "avg", "sum", "pnorm"]),
    collapse_dimensions=st.booleans(),
    **COMMON,
)
SLIDING = {"kernel_size": PAIRS, "stride": PAIRS, "padding": SMALL, "dilation": st.sampled_from([1, 1, 2, (2, 1)])}
CONVOLUTION = made(ConvolutionLayer, n_out=SIZES, has_bias=st.booleans(), convolution_mode=MODES, **SLIDING, **BASE)
POOLING = made(
    SubsamplingLayer,
    pooling_type=st.sampled_from(["max", "avg", "pnorm"]),
    pnorm=st.just(2),
    convolution_mode=MODES,
    **SLIDING,
    **COMMON,
)
PLAIN_RECURRENT = st.one_of(made(LSTM, n_out=SIZES, **BASE), made(GravesLSTM, n_out=SIZES, **BASE))


@st.composite
def recurrent(draw):
    inner = draw(PLAIN_RECURRENT)
    wrapping = draw(st.sampled_from(["", "", "both", "last", "last of both"]))
    mode = draw(st.sampled_from(["concat", "add", "mul", "average"]))
    return {
        "": inner,
        "both": lambda: Bidirectional(inner(), mode),
        "last": lambda: LastTimeStep(inner()),
        "last of both": lambda: LastTimeStep(Bidirectional(inner(), mode)),
    }[wrapping]


FAMILIES = {
    "dense": (
        st.one_of(SIZES.map(InputType.feed_forward), st.builds(InputType.convolutional_flat, SIZES, SIZES, SIZES)),
        st.one_of(DENSE, DENSE, BATCH_NORM, ACTIVATION, DROPOUT),
    ),
    "conv": (
        st.one_of(
            st.builds(
                InputType.convolutional,
                st.integers(1, 14),
                st.integers(1, 14),
                st.integers(1, 3),
                data_format=st.sampled_from(["NCHW", "NHWC"]),
            ),
            st.builds(InputType.convolutional_flat, st.integers(3, 9), st.integers(3, 9), st.integers(1, 3)),
        ),
        st.one_of(CONVOLUTION, CONVOLUTION, POOLING, BATCH_NORM, ACTIVATION, DROPOUT, GLOBAL, DENSE),
    ),
    "recurrent": (
        st.builds(InputType.recurrent, SIZES, maybe(SIZES), data_format=st.sampled_from(["NCW", "NCW", "NWC"])),
        st.one_of(recurrent(), recurrent(), DENSE, ACTIVATION, DROPOUT, GLOBAL, BATCH_NORM),
    ),
}
LOSSES = st.sampled_from(["mcxent", "mse", "xent", "l1", "kl_divergence", *catalogue.LOSSES])
ENDING = {"n_out": SIZES, "loss": LOSSES, "activation": st.sampled_from(["softmax", "sigmoid", "identity", "tanh"])}
ENDINGS = st.one_of(
    made(OutputLayer, has_bias=st.booleans(), **ENDING),
    made(RnnOutputLayer, **ENDING),
    made(LossLayer, loss=LOSSES, activation=ENDING["activation"]),
)


@st.composite
def networks(draw, family):
    entrance, layers = FAMILIES[family]
    given_type = draw(entrance)
    stack = draw(st.lists(layers, min_size=0, max_size=4))
    ending = draw(ENDINGS)
    common = {
        "convolution_mode": draw(st.sampled_from(["truncate", "same", "strict"])),
        "updater": draw(st.sampled_from(catalogue.UPDATERS)),
        "l2": draw(maybe(st.floats(0, 0.1))),
        "gradient_normalization": draw(st.sampled_from(["none", "clip_l2_per_layer"])),
        "validate_output_layer": draw(st.booleans()),
        "backprop_type": draw(st.sampled_from(["standard", "standard", "standard", "truncated_bptt"])),
        "data_type": draw(st.sampled_from(["float", "double"])),
        "for_training": draw(st.booleans()),
    }
    return lambda: MultiLayerConfiguration(
        [layer() for layer in [*stack, ending]], input_type=given_type, seed=1, **common
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_a_random_network_is_refused_here_or_made_by_dl4j(spark, family):
    engine = spark_engine(spark)
    made = []

    @settings(
        max_examples=60,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(networks(family))
    def check(make):
        try:
            conf = make()
        except ConfigError as why:
            assert str(why)
            return
        made.append(conf)
        assert as_described(engine, conf) == described(conf)
        if conf.for_training:
            engine.new_network(conf.to_json())

    check()
    assert len(made) > 10  # or the test compares little
