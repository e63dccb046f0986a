"""What a user may write under ``mypy --strict``. Read by mypy and run by test_typing.py."""

import numpy as np

from pydl4j_spark import InputType, MultiLayerConfiguration
from pydl4j_spark.activations import LeakyReLU
from pydl4j_spark.constraints import MaxNormConstraint, WeightDecay
from pydl4j_spark.dropout import DropConnect, Dropout
from pydl4j_spark.layers import (
    LSTM,
    Bidirectional,
    ConvolutionLayer,
    DenseLayer,
    GlobalPoolingLayer,
    OutputLayer,
    SubsamplingLayer,
)
from pydl4j_spark.losses import LossMCXENT
from pydl4j_spark.preprocessors import CnnToFeedForwardPreProcessor
from pydl4j_spark.schedules import MapSchedule, StepSchedule
from pydl4j_spark.updaters import Adam, Nesterovs, Sgd
from pydl4j_spark.weights import NormalDistribution

adam: Adam = Adam(1e-3)
sparse = DenseLayer(
    n_out=5,
    dropout=Dropout(0.5),
    constraints=[MaxNormConstraint(2, params="W", dimensions=1)],
    regularization=WeightDecay(0.1),
    weight_noise=DropConnect(np.float32(0.5)),
)
images = MultiLayerConfiguration(
    [
        ConvolutionLayer(n_out=20, kernel_size=3, stride=(1, 1), padding=[1, 1], activation="relu"),
        ConvolutionLayer(n_out=20, kernel_size=(3, 3), activation=LeakyReLU(alpha=0.2)),
        ConvolutionLayer(n_out=20, kernel_size=[3, 3], weight_init=NormalDistribution(0, 0.1)),
        SubsamplingLayer("max", kernel_size=np.array([2, 2]), stride=np.int64(2)),
        DenseLayer(n_out=50, updater=Adam(np.float32(1e-3)), dropout=0.5, constraints=MaxNormConstraint(2)),
        sparse,
        OutputLayer(n_out=10, loss=LossMCXENT(weights=np.ones(10)), activation="softmax"),
    ],
    input_type=InputType.convolutional(28, 28, 1),
    updater=Nesterovs(StepSchedule(initial_value=0.1, decay_rate=0.5, step=100, schedule_type="epoch"), momentum=0.9),
    seed=42,
    weight_init="xavier",
    l2=np.float32(1e-4),
    preprocessors={4: CnnToFeedForwardPreProcessor(input_height=12, input_width=12, num_channels=20)},
)
sequences = MultiLayerConfiguration(
    layers=[Bidirectional(LSTM(n_out=3, activation="tanh")), GlobalPoolingLayer("avg"), OutputLayer(n_out=2)],
    input_type=InputType.recurrent(3),
    updater=Sgd(MapSchedule(values={0: 0.1, 10: 0.01})),
)
n_params: int = images.n_params + sequences.n_params
table: str = images.summary()
