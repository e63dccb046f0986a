"""One network or more for each layer that is not in `networks`, and that DL4J can train."""

from pydl4j_spark import reconstruction
from pydl4j_spark.conf import InputType, MultiLayerConfiguration
from pydl4j_spark.layers import (
    LSTM,
    ActivationLayer,
    AutoEncoder,
    BatchNormalization,
    Bidirectional,
    CapsuleLayer,
    CapsuleStrengthLayer,
    CenterLossOutputLayer,
    ConvolutionLayer,
    DenseLayer,
    DropoutLayer,
    ElementWiseMultiplicationLayer,
    EmbeddingSequenceLayer,
    GlobalPoolingLayer,
    GravesBidirectionalLSTM,
    GravesLSTM,
    IdentityLayer,
    LastTimeStep,
    LearnedSelfAttentionLayer,
    LossLayer,
    MaskLayer,
    MaskZeroLayer,
    OCNNOutputLayer,
    OutputLayer,
    PrimaryCapsules,
    RecurrentAttentionLayer,
    RepeatVector,
    RnnLossLayer,
    RnnOutputLayer,
    SelfAttentionLayer,
    SimpleRnn,
    TimeDistributed,
    VariationalAutoencoder,
)
from pydl4j_spark.preprocessors import (
    ComposableInputPreProcessor,
    KerasFlattenRnnPreprocessor,
    PermutePreprocessor,
    ReshapePreprocessor,
)

ROWS = InputType.feed_forward(6)
STEPS = InputType.recurrent(5, 7)
TIME_FIRST = InputType.recurrent(5, 7, data_format="NWC")
IMAGES = InputType.convolutional(9, 7, 2)


def network(given, *layers, **settings):
    return MultiLayerConfiguration(layers, input_type=given, **({"seed": 1, "updater": "adam"} | settings))


def answered_once(given, *layers, **settings):
    return network(given, *layers, OutputLayer(n_out=3), **settings)


def answered(given, *layers, **settings):
    return network(given, *layers, RnnOutputLayer(n_out=3), **settings)


RECURRENT = {
    "simple": answered(STEPS, SimpleRnn(n_out=4, activation="tanh")),
    "simple, identity": answered(STEPS, SimpleRnn(n_out=5, weight_init="identity", weight_init_recurrent="identity")),
    "simple, last step": answered_once(STEPS, LastTimeStep(SimpleRnn(n_out=4, dropout=0.8))),
    "simple, both ways": answered(STEPS, Bidirectional(SimpleRnn(n_out=4), "average")),
    "simple, pieces": answered(
        STEPS, SimpleRnn(n_out=4), TimeDistributed(DenseLayer(n_out=3)), backprop_type="truncated_bptt", tbptt_length=3
    ),
    "graves both ways": answered(STEPS, GravesBidirectionalLSTM(n_out=4, activation="tanh", forget_gate_bias_init=2)),
    "graves both ways, last step": answered_once(STEPS, LastTimeStep(GravesBidirectionalLSTM(n_out=4))),
    "time distributed": answered(STEPS, TimeDistributed(DenseLayer(n_out=4, dropout=0.8))),
    "time distributed, without weights": answered(STEPS, TimeDistributed(ActivationLayer("tanh"))),
    "time distributed norm": answered(STEPS, TimeDistributed(BatchNormalization())),
    "mask": answered(STEPS, LSTM(n_out=4), MaskLayer(), LSTM(n_out=4)),
    "mask, first": answered(STEPS, ActivationLayer("identity"), MaskLayer(), LSTM(n_out=4)),
    "mask zero": answered(STEPS, MaskZeroLayer(LSTM(n_out=4), mask_value=-1)),
    "mask zero, last step": answered_once(STEPS, MaskZeroLayer(LastTimeStep(GravesLSTM(n_out=4)))),
    "mask zero, both ways": answered(STEPS, MaskZeroLayer(Bidirectional(LSTM(n_out=4)))),
    "loss": network(STEPS, LSTM(n_out=3), RnnLossLayer(activation="softmax")),
    "loss, dense in time": network(STEPS, DenseLayer(n_out=3), RnnLossLayer(activation="sigmoid", loss="mse")),
    "repeat": answered(ROWS, RepeatVector(4), LSTM(n_out=4)),
    "repeat, encoded": answered(STEPS, LastTimeStep(LSTM(n_out=4)), RepeatVector(7), LSTM(n_out=4)),
    "repeat, pooled": answered(STEPS, LSTM(n_out=4), GlobalPoolingLayer("avg"), RepeatVector(7), LSTM(n_out=4)),
    "embedding": answered(InputType.feed_forward(7), EmbeddingSequenceLayer(n_in=11, n_out=4), LSTM(n_out=4)),
    "embedding of steps": answered(
        InputType.recurrent(1, 7), EmbeddingSequenceLayer(n_in=11, n_out=4, has_bias=True), LSTM(n_out=4)
    ),
    "embedding, pooled": answered_once(
        InputType.feed_forward(7),
        EmbeddingSequenceLayer(n_in=11, n_out=4, activation="tanh"),
        GlobalPoolingLayer("avg"),
    ),
}
ATTENTION = {
    "self": answered(STEPS, SelfAttentionLayer(n_out=6, n_heads=2, project_input=True)),
    "self, pooled": answered_once(
        STEPS,
        SelfAttentionLayer(n_out=6, n_heads=4, head_size=2, project_input=True),
        GlobalPoolingLayer("max"),
        l2=0.1,
    ),
    "self, plain": answered(STEPS, LSTM(n_out=4), SelfAttentionLayer()),
    "recurrent": answered(STEPS, RecurrentAttentionLayer(n_out=6, n_heads=3)),
    "recurrent, plain": answered(
        STEPS, RecurrentAttentionLayer(n_out=5, project_input=False, has_bias=False, activation="sigmoid")
    ),
    "recurrent, after": answered(STEPS, LSTM(n_out=4), RecurrentAttentionLayer(n_out=4, n_heads=2, bias_updater="sgd")),
}
CAPSULES = {
    "classes": network(
        IMAGES,
        PrimaryCapsules(capsule_dimensions=4, channels=2, kernel_size=3),
        CapsuleLayer(capsules=3, capsule_dimensions=5, has_bias=True),
        CapsuleStrengthLayer(),
        ActivationLayer("softmax"),
        LossLayer(),
    ),
    "primary": answered_once(
        IMAGES,
        PrimaryCapsules(
            capsule_dimensions=3, channels=2, kernel_size=(3, 2), stride=1, use_relu=True, leak=0.1, has_bias=False
        ),
        CapsuleStrengthLayer(),
    ),
    "same": answered(
        IMAGES, PrimaryCapsules(capsule_dimensions=2, channels=2, kernel_size=3, convolution_mode="same"), LSTM(n_out=3)
    ),
}
DISTRIBUTIONS = {
    "bernoulli": reconstruction.BernoulliReconstructionDistribution(),
    "exponential": reconstruction.ExponentialReconstructionDistribution("softplus"),
    "gaussian": reconstruction.GaussianReconstructionDistribution("tanh"),
    "loss": reconstruction.LossFunctionWrapper("mse", "tanh"),
    "composite": reconstruction.CompositeReconstructionDistribution(
        sizes=[4, 2], distributions=["gaussian", reconstruction.LossFunctionWrapper("l1")]
    ),
}
ROWS_LAYERS = {
    "element wise": answered_once(ROWS, ElementWiseMultiplicationLayer(activation="tanh")),
    "identity": answered_once(ROWS, DenseLayer(n_out=4), IdentityLayer()),
    "autoencoder": answered_once(ROWS, AutoEncoder(n_out=4, corruption_level=0.5, visible_bias_init=0.1)),
    **{
        f"variational, {name}": answered_once(
            ROWS,
            VariationalAutoencoder(
                n_out=2, encoder_layer_sizes=(5, 4), decoder_layer_sizes=(3,), reconstruction=made, num_samples=2
            ),
        )
        for name, made in DISTRIBUTIONS.items()
    },
    "variational, default": answered_once(ROWS, VariationalAutoencoder(n_out=2), DropoutLayer(0.5)),
    "center loss": network(ROWS, DenseLayer(n_out=4), CenterLossOutputLayer(n_out=3, alpha=0.1, lambda_=0.01)),
    "center loss, no bias": network(ROWS, CenterLossOutputLayer(n_out=3, has_bias=False)),
}
PREPROCESSED = {
    "flattened": answered_once(
        STEPS, LSTM(n_out=4), DenseLayer(n_out=3), preprocessors={1: KerasFlattenRnnPreprocessor(depth=4, timesteps=7)}
    ),
    "turned": answered_once(
        STEPS, LSTM(n_out=4), LastTimeStep(LSTM(n_out=3)), preprocessors={1: PermutePreprocessor([2, 1])}
    ),
    "reshaped to rows": answered_once(
        STEPS,
        LSTM(n_out=4),
        DenseLayer(n_out=3),
        preprocessors={1: ReshapePreprocessor(input_shape=[4, 7], target_shape=[28])},
    ),
    "reshaped to steps": answered(
        ROWS,
        DenseLayer(n_out=12),
        LSTM(n_out=3),
        preprocessors={
            1: ComposableInputPreProcessor(
                preprocessors=[ReshapePreprocessor(input_shape=[12], target_shape=[3, 4], data_format="NCW")]
            )
        },
    ),
}
# What DL4J reads and infers like any other, and can or must not be trained.
READ = {
    "simple, two wrappers": answered_once(STEPS, Bidirectional(LastTimeStep(SimpleRnn(n_out=4))), for_training=False),
    "time first": answered(TIME_FIRST, TimeDistributed(DenseLayer(n_out=4)), SimpleRnn(n_out=3), for_training=False),
    "repeat, time first": network(
        ROWS,
        RepeatVector(4, data_format="NWC"),
        GravesBidirectionalLSTM(n_out=3),
        RnnLossLayer(activation="softmax"),
        for_training=False,
    ),
    "embedding, time first": answered_once(
        InputType.feed_forward(7),
        EmbeddingSequenceLayer(n_in=11, n_out=4, data_format="NWC", infer_input_length=False),
        LastTimeStep(LSTM(n_out=3)),
    ),
    "learned attention": answered(
        STEPS, LearnedSelfAttentionLayer(n_out=6, n_heads=2, n_queries=3, project_input=True), for_training=False
    ),
    "learned attention, plain": answered(STEPS, LearnedSelfAttentionLayer(n_queries=3), for_training=False),
    "one class": network(ROWS, OCNNOutputLayer(hidden_size=3, activation="sigmoid"), for_training=False),
    "images of rows": answered_once(
        InputType.feed_forward(24),
        ConvolutionLayer(n_out=2, kernel_size=2),
        preprocessors={0: ReshapePreprocessor(input_shape=[24], target_shape=[4, 3, 2])},
    ),
    "images turned": answered_once(
        IMAGES, ConvolutionLayer(n_out=2, kernel_size=2), preprocessors={0: PermutePreprocessor([1, 3, 2])}
    ),
}
TRAINED = {
    f"{group}: {name}": conf
    for group, confs in {
        "recurrent": RECURRENT,
        "attention": ATTENTION,
        "capsules": CAPSULES,
        "rows": ROWS_LAYERS,
        "preprocessor": PREPROCESSED,
    }.items()
    for name, conf in confs.items()
}
ALL = {**TRAINED, **{f"read: {name}": conf for name, conf in READ.items()}}
