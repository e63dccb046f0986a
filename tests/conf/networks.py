"""Whole networks: one of each kind, and one for each config object of the catalogue."""

from pydl4j_spark.conf import InputType, MultiLayerConfiguration
from pydl4j_spark.conf.layers.base import GRADIENT_NORMALIZATIONS
from pydl4j_spark.constraints import MaxNormConstraint, UnitNormConstraint
from pydl4j_spark.dropout import DropConnect
from pydl4j_spark.layers import (
    LSTM,
    ActivationLayer,
    BatchNormalization,
    Bidirectional,
    ConvolutionLayer,
    DenseLayer,
    DropoutLayer,
    EmbeddingLayer,
    FrozenLayer,
    FrozenLayerWithBackprop,
    GlobalPoolingLayer,
    GravesLSTM,
    LastTimeStep,
    LossLayer,
    OutputLayer,
    RnnOutputLayer,
    SubsamplingLayer,
)
from pydl4j_spark.losses import LossFMeasure, LossMixtureDensity
from pydl4j_spark.preprocessors import ComposableInputPreProcessor, FeedForwardToCnnPreProcessor
from pydl4j_spark.updaters import AdaBelief, Adam

from . import catalogue


def mlp(*layers, size=4, **settings):
    return MultiLayerConfiguration([*layers, OutputLayer(n_out=3)], input_type=InputType.feed_forward(size), **settings)


def sequence(*layers, ending=None, **settings):
    return MultiLayerConfiguration(
        [*layers, ending or RnnOutputLayer(n_out=3)], input_type=InputType.recurrent(5, 7), **settings
    )


NETWORKS = {
    "mlp": mlp(DenseLayer(n_out=8, has_layer_norm=True), seed=123, updater=Adam(1e-3), l2=1e-4, dropout=0.5),
    "everything": mlp(
        DenseLayer(n_out=8, constraints=MaxNormConstraint(2), weight_noise=DropConnect(0.9), bias_updater="adam"),
        ActivationLayer("relu"),
        DropoutLayer(0.5),
        BatchNormalization(use_log_std=False),
        l1=1e-5,
        weight_decay=1e-4,
        l1_bias=0.1,
        gradient_normalization="clip_l2_per_layer",
        gradient_normalization_threshold=5,
        data_type="double",
        mini_batch=False,
        optimization_algo="lbfgs",
    ),
    "loss layer": MultiLayerConfiguration(
        [DenseLayer(n_out=3, activation="softmax"), LossLayer()], input_type=InputType.feed_forward(4)
    ),
    "frozen": sequence(
        FrozenLayer(LSTM(n_out=4)),
        FrozenLayer(Bidirectional(LSTM(n_out=4), "add")),
        LSTM(n_out=4),
        FrozenLayerWithBackprop(LastTimeStep(LSTM(n_out=4))),
        ending=OutputLayer(n_out=3),
        l2=1e-3,
        dropout=0.5,
    ),
    "frozen rows": mlp(FrozenLayer(DenseLayer(n_out=8)), FrozenLayer(BatchNormalization(use_log_std=False))),
    "embedding": MultiLayerConfiguration([EmbeddingLayer(n_in=11, n_out=6), OutputLayer(n_out=3)]),
    "conv": MultiLayerConfiguration(
        [
            ConvolutionLayer(n_out=6, kernel_size=(3, 2), activation="tanh"),
            SubsamplingLayer("avg", kernel_size=2),
            BatchNormalization(),
            GlobalPoolingLayer("pnorm", pnorm=3),
            OutputLayer(n_out=3),
        ],
        input_type=InputType.convolutional(9, 7, 2, data_format="NHWC"),
        convolution_mode="same",
    ),
    "conv flat": MultiLayerConfiguration(
        [ConvolutionLayer(n_out=6), DenseLayer(n_out=5), OutputLayer(n_out=3)],
        input_type=InputType.convolutional_flat(9, 7, 2),
    ),
    "lstm": sequence(
        LSTM(n_out=6, activation="tanh"), GravesLSTM(n_out=4), backprop_type="truncated_bptt", tbptt_length=8
    ),
    "last step": sequence(LastTimeStep(LSTM(n_out=6)), ending=OutputLayer(n_out=3)),
    "both ways": sequence(Bidirectional(LSTM(n_out=6)), dropout=0.9, l2=0.1),
    "both ways, last": sequence(
        Bidirectional(LastTimeStep(LSTM(n_out=6)), "average"), ending=OutputLayer(n_out=3), for_training=False
    ),
    "last of both ways": sequence(LastTimeStep(Bidirectional(LSTM(n_out=6), "add")), ending=OutputLayer(n_out=3)),
    "pooled sequence": sequence(LSTM(n_out=6), GlobalPoolingLayer("avg"), ending=OutputLayer(n_out=3)),
    "dense in time": sequence(LSTM(n_out=6), DenseLayer(n_out=4)),
    "given preprocessor": MultiLayerConfiguration(
        [ConvolutionLayer(n_out=2, kernel_size=2), OutputLayer(n_out=3)],
        input_type=InputType.feed_forward(24),
        preprocessors={0: FeedForwardToCnnPreProcessor(input_height=4, input_width=3, num_channels=2)},
    ),
}


def image(*layers, **settings):
    return MultiLayerConfiguration(
        [*layers, OutputLayer(n_out=3)], input_type=InputType.convolutional(9, 7, 2), **settings
    )


def time_first(*layers, **settings):
    return MultiLayerConfiguration(
        [*layers, RnnOutputLayer(n_out=3)], input_type=InputType.recurrent(5, 7, data_format="NWC"), **settings
    )


# Each layer with settings that are not its defaults.
LAYERS = {
    "dense": mlp(DenseLayer(n_out=8, has_bias=False, bias_init=0.1, gain_init=0.5, gradient_normalization="none")),
    "embedding with bias": mlp(EmbeddingLayer(n_in=11, n_out=6, has_bias=True, activation="tanh"), size=1),
    "batch norm of images": image(BatchNormalization(decay=0.5, eps=1e-3, minibatch=False, beta=0.5, gamma=2)),
    "batch norm, locked": mlp(BatchNormalization(lock_gamma_beta=True, use_log_std=False)),
    "batch norm of flat images": MultiLayerConfiguration(
        [BatchNormalization(), OutputLayer(n_out=3)], input_type=InputType.convolutional_flat(4, 5, 2)
    ),
    "batch norm in time": time_first(LSTM(n_out=4), BatchNormalization(data_format="NHWC"), for_training=False),
    "convolution, strict": image(
        ConvolutionLayer(n_out=4, kernel_size=(3, 2), stride=(2, 1), padding=(1, 0), convolution_mode="strict")
    ),
    "convolution, dilated": image(
        ConvolutionLayer(n_out=4, kernel_size=3, dilation=(2, 1), has_bias=False, cudnn_algo_mode="no_workspace")
    ),
    "pooling, p-norm": image(SubsamplingLayer("pnorm", kernel_size=(2, 3), stride=(1, 2), pnorm=3, eps=1e-6)),
    "pooling, average": image(
        SubsamplingLayer("avg", kernel_size=3, stride=2, padding=1, avg_pool_include_pad_in_divisor=True)
    ),
    "global pooling, sum": image(GlobalPoolingLayer("sum", collapse_dimensions=False)),
    "global pooling of time": sequence(
        LSTM(n_out=4), GlobalPoolingLayer("pnorm", pnorm=4), ending=OutputLayer(n_out=3)
    ),
    "global pooling of dense rows": sequence(
        DenseLayer(n_out=4), GlobalPoolingLayer("avg"), ending=OutputLayer(n_out=3)
    ),
    "lstm": sequence(
        LSTM(n_out=4, forget_gate_bias_init=2, gate_activation="hardsigmoid", weight_init_recurrent="uniform")
    ),
    "lstm, time first": time_first(LSTM(n_out=4), GravesLSTM(n_out=4)),
    "lstm of images": MultiLayerConfiguration(
        [LSTM(n_out=4), RnnOutputLayer(n_out=3)], input_type=InputType.convolutional(4, 5, 2), for_training=False
    ),
    "both ways, time first": time_first(Bidirectional(GravesLSTM(n_out=4), "mul")),
    "last step, time first": MultiLayerConfiguration(
        [LastTimeStep(LSTM(n_out=4), dropout=0.5), OutputLayer(n_out=3)],
        input_type=InputType.recurrent(5, 7, data_format="NWC"),
    ),
    "activation in time": sequence(LSTM(n_out=4), ActivationLayer("tanh"), DropoutLayer(0.5)),
    "activation of images": image(ActivationLayer("relu"), DropoutLayer(0.5)),
    "sequence output without layers": sequence(),
    "network settings": mlp(
        tbptt_fwd_length=7,
        tbptt_back_length=5,
        minimize=False,
        mini_batch=False,
        optimization_algo="conjugate_gradient",
        max_num_line_search_iterations=7,
        cache_mode="device",
        training_workspace_mode="none",
        inference_workspace_mode="none",
        validate_output_layer=False,
        data_type="double",
    ),
}

# What goes with a loss; sigmoid where it does not matter.
ACTIVATIONS_OF_LOSSES = {
    "LossMCXENT": "softmax",
    "LossNegativeLogLikelihood": "softmax",
    "LossSparseMCXENT": "softmax",
    "LossHinge": "tanh",
    "LossSquaredHinge": "tanh",
    "LossMixtureDensity": "identity",
    "LossPoisson": "softplus",
}


def with_loss(loss, **settings):
    n_out = 2 if isinstance(loss, LossFMeasure) else len(getattr(loss, "weights", None) or "abc")
    if isinstance(loss, LossMixtureDensity):
        n_out = loss.outputs
    activation = ACTIVATIONS_OF_LOSSES.get(type(loss).__name__, "sigmoid")
    layer = OutputLayer(n_out=n_out, loss=loss, activation=activation)
    return MultiLayerConfiguration([layer], input_type=InputType.feed_forward(4), **settings)


def with_each(field, made, size=4):
    """One network with a dense layer for each object of a family."""
    layers = [DenseLayer(n_out=4, name=f"{field}{index}", **{field: item}) for index, item in enumerate(made)]
    return mlp(*layers, size=size)


# Each object of the catalogue where a network may have it.
OBJECTS = {
    **{f"loss {type(loss).__name__}": with_loss(loss) for loss in catalogue.LOSSES},
    "activations": with_each("activation", catalogue.ACTIVATIONS),
    "updaters": with_each("updater", [made for made in catalogue.UPDATERS if not isinstance(made, AdaBelief)]),
    "bias updaters": with_each("bias_updater", [Adam(schedule) for schedule in catalogue.SCHEDULES]),
    "weight inits": with_each("weight_init", catalogue.WEIGHT_INITS),
    "weight noises": with_each("weight_noise", catalogue.WEIGHT_NOISES),
    "dropouts": with_each("dropout", [made for made in catalogue.DROPOUTS if type(made).__name__ != "SpatialDropout"]),
    "dropout of channels": image(
        *(
            ActivationLayer("relu", dropout=made)
            for made in catalogue.DROPOUTS
            if type(made).__name__ == "SpatialDropout"
        )
    ),
    "constraints": with_each(
        "constraints", [made for made in catalogue.CONSTRAINTS if len(getattr(made, "dimensions", "1")) == 1]
    ),
    "constraints of kernels": image(
        ConvolutionLayer(n_out=4, kernel_size=2, constraints=UnitNormConstraint(dimensions=(1, 2, 3)))
    ),
    "regularizations": with_each("regularization", catalogue.REGULARIZATIONS),
    "regularizations of biases": with_each("regularization_bias", catalogue.REGULARIZATIONS),
    "gradient normalizations": with_each("gradient_normalization", GRADIENT_NORMALIZATIONS),
    "preprocessors": MultiLayerConfiguration(
        [LSTM(n_out=40), ActivationLayer("relu"), LSTM(n_out=4), RnnOutputLayer(n_out=3)],
        input_type=InputType.recurrent(5, 7),
        preprocessors={
            1: catalogue.PREPROCESSORS[4],
            2: ComposableInputPreProcessor(preprocessors=[catalogue.PREPROCESSORS[1]]),
        },
    ),
}

ALL = {
    f"{group}: {name}": conf
    for group, confs in {"network": NETWORKS, "layer": LAYERS, "object": OBJECTS}.items()
    for name, conf in confs.items()
}
