"""One example or more of every config class, and the JSON DL4J M2.1 itself writes of them."""

from pydl4j_spark import activations, constraints, dropout, losses, preprocessors, schedules, updaters, weights

STEP = schedules.StepSchedule(initial_value=0.1, decay_rate=0.5, step=100)

ACTIVATIONS = [
    activations.Cube(),
    activations.ELU(alpha=0.5),
    activations.GELU(precise=True),
    activations.HardSigmoid(),
    activations.HardTanh(),
    activations.Identity(),
    activations.LeakyReLU(alpha=0.2),
    activations.Mish(),
    activations.RationalTanh(),
    activations.RectifiedTanh(),
    activations.ReLU(),
    activations.ReLU(max=6, threshold=0.1, negative_slope=0.2),
    activations.ReLU6(),
    activations.RReLU(lower=0.1, upper=0.2),
    activations.SELU(),
    activations.Sigmoid(),
    activations.Softmax(),
    activations.SoftPlus(),
    activations.SoftSign(),
    activations.Swish(),
    activations.Tanh(),
    activations.ThresholdedReLU(theta=0.5),
]
LOSSES = [
    losses.LossBinaryXENT(weights=[1, 2, 3], clip_eps=1e-4),
    losses.LossCosineProximity(),
    losses.LossFMeasure(beta=2),
    losses.LossHinge(),
    losses.LossKLD(),
    losses.LossL1(weights=[0.5, 1]),
    losses.LossL2(),
    losses.LossMAE(),
    losses.LossMAPE(),
    losses.LossMCXENT(weights=[1, 5]),
    losses.LossMSE(),
    losses.LossMSLE(),
    losses.LossMixtureDensity(mixtures=3, label_width=2),
    losses.LossMultiLabel(),
    losses.LossNegativeLogLikelihood(),
    losses.LossPoisson(),
    losses.LossSparseMCXENT(),
    losses.LossSquaredHinge(),
    losses.LossWasserstein(),
]
SCHEDULES = [
    schedules.FixedSchedule(0.1),
    STEP,
    schedules.ExponentialSchedule(initial_value=0.1, gamma=0.9, schedule_type="epoch"),
    schedules.InverseSchedule(initial_value=0.1, gamma=0.9, power=2),
    schedules.PolySchedule(initial_value=0.1, power=2, max_iter=1000),
    schedules.SigmoidSchedule(initial_value=0.1, gamma=0.9, step_size=10),
    schedules.MapSchedule(values={0: 0.1, 10: 0.01}),
    schedules.CycleSchedule(max_learning_rate=0.1, initial_learning_rate=0.01, cycle_length=100, annealing_length=10),
]
UPDATERS = [
    updaters.Sgd(0.1),
    updaters.Sgd(STEP),
    updaters.Adam(1e-3, beta1=0.8),
    updaters.Adam(STEP),
    updaters.AdaMax(),
    updaters.Nadam(),
    updaters.AMSGrad(),
    updaters.AdaBelief(),
    updaters.AdaGrad(),
    updaters.AdaDelta(0.9),
    updaters.RmsProp(),
    updaters.Nesterovs(0.01, 0.9),
    updaters.Nesterovs(0.01, STEP),
    updaters.NoOp(),
]
DISTRIBUTIONS = [
    weights.BinomialDistribution(number_of_trials=5, probability_of_success=0.5),
    weights.ConstantDistribution(1),
    weights.LogNormalDistribution(0, 1),
    weights.NormalDistribution(0, 0.1),
    weights.OrthogonalDistribution(1),
    weights.TruncatedNormalDistribution(0, 1),
    weights.UniformDistribution(-1, 1),
]
WEIGHT_INITS = [
    *(weights.WeightInitDistribution(distribution) for distribution in DISTRIBUTIONS),
    *(weights.WeightInit.short(name) for name in weights.WeightInit.names),
    weights.WeightInitIdentity(scale=2),
    weights.WeightInitVarScalingNormalFanIn(scale=2),
]
DROPOUTS = [
    dropout.Dropout(0.5),
    dropout.Dropout(schedules.FixedSchedule(0.5)),
    dropout.AlphaDropout(0.9),
    dropout.GaussianDropout(0.3),
    dropout.GaussianDropout(STEP),
    dropout.GaussianNoise(0.1),
    dropout.SpatialDropout(0.5),
]
WEIGHT_NOISES = [
    dropout.DropConnect(0.5),
    dropout.DropConnect(STEP, apply_to_biases=True),
    dropout.WeightNoise(weights.NormalDistribution(0, 0.1), additive=False),
]
CONSTRAINTS = [
    constraints.MaxNormConstraint(2),
    constraints.MinMaxNormConstraint(min=0.1, max=2, rate=0.5, params=["W", "RW"]),
    constraints.NonNegativeConstraint(),
    constraints.UnitNormConstraint(dimensions=(1, 2, 3)),
]
REGULARIZATIONS = [
    constraints.L1Regularization(0.1),
    constraints.L2Regularization(STEP),
    constraints.WeightDecay(0.1, apply_lr=False),
]
PREPROCESSORS = [
    preprocessors.CnnToFeedForwardPreProcessor(input_height=4, input_width=5, num_channels=2),
    preprocessors.CnnToRnnPreProcessor(input_height=4, input_width=5, num_channels=2),
    preprocessors.FeedForwardToCnnPreProcessor(input_height=4, input_width=5, num_channels=2),
    preprocessors.FeedForwardToRnnPreProcessor(data_format="NWC"),
    preprocessors.RnnToCnnPreProcessor(input_height=4, input_width=5, num_channels=2),
    preprocessors.RnnToFeedForwardPreProcessor(),
    preprocessors.ComposableInputPreProcessor(
        preprocessors=[preprocessors.RnnToFeedForwardPreProcessor(), preprocessors.FeedForwardToRnnPreProcessor()]
    ),
]
EVERYTHING = [
    *ACTIVATIONS,
    *LOSSES,
    *SCHEDULES,
    *UPDATERS,
    *DISTRIBUTIONS,
    *WEIGHT_INITS,
    *DROPOUTS,
    *WEIGHT_NOISES,
    *CONSTRAINTS,
    *REGULARIZATIONS,
    *PREPROCESSORS,
]

# Printed by DL4J M2.1's own mapper.
DL4J_JSON = """
{"@class":"org.nd4j.linalg.activations.impl.ActivationELU","alpha":1.0}
{"@class":"org.nd4j.linalg.activations.impl.ActivationGELU","precise":false}
{"@class":"org.nd4j.linalg.activations.impl.ActivationLReLU","alpha":0.01}
{"@class":"org.nd4j.linalg.activations.impl.ActivationReLU","max":null,"negativeSlope":null,"threshold":null}
{"@class":"org.nd4j.linalg.activations.impl.ActivationRReLU","l":0.125,"u":0.3333333333333333}
{"@class":"org.nd4j.linalg.activations.impl.ActivationThresholdedReLU","theta":1.0}
{"@class":"org.nd4j.linalg.lossfunctions.impl.LossBinaryXENT","clipEps":1.0E-5}
{"@class":"org.nd4j.linalg.lossfunctions.impl.LossMCXENT","softmaxClipEps":1.0E-10}
{"@class":"org.nd4j.linalg.lossfunctions.impl.LossNegativeLogLikelihood","softmaxClipEps":1.0E-10}
{"@class":"org.nd4j.linalg.lossfunctions.impl.LossFMeasure","beta":1.0}
{"@class":"org.nd4j.linalg.lossfunctions.impl.LossMixtureDensity","labelWidth":2,"mixtures":3}
{"@class":"org.nd4j.linalg.learning.config.Sgd","learningRate":0.1}
{"@class":"org.nd4j.linalg.learning.config.Adam","beta1":0.9,"beta2":0.999,"epsilon":1.0E-8,"learningRate":0.001}
{"@class":"org.nd4j.linalg.learning.config.AdaMax","beta1":0.9,"beta2":0.999,"epsilon":1.0E-8,"learningRate":0.001}
{"@class":"org.nd4j.linalg.learning.config.Nadam","beta1":0.9,"beta2":0.999,"epsilon":1.0E-8,"learningRate":0.001}
{"@class":"org.nd4j.linalg.learning.config.AMSGrad","beta1":0.9,"beta2":0.999,"epsilon":1.0E-8,"learningRate":0.001}
{"@class":"org.nd4j.linalg.learning.config.AdaGrad","epsilon":1.0E-6,"learningRate":0.1}
{"@class":"org.nd4j.linalg.learning.config.AdaDelta","epsilon":1.0E-6,"rho":0.95}
{"@class":"org.nd4j.linalg.learning.config.RmsProp","epsilon":1.0E-8,"learningRate":0.1,"rmsDecay":0.95}
{"@class":"org.nd4j.linalg.learning.config.Nesterovs","learningRate":0.1,"momentum":0.9}
{"@class":"org.nd4j.linalg.learning.config.NoOp"}
{"@class":"org.nd4j.linalg.learning.config.AdaBelief","beta1":0.9,"beta2":0.999,"epsilon":1.0E-14,"learningRate":0.001}
{"@class":"org.nd4j.linalg.learning.config.Adam","beta1":0.9,"beta2":0.999,"epsilon":1.0E-8,"learningRate":"NaN","learningRateSchedule":{"@class":"org.nd4j.linalg.schedule.StepSchedule","decayRate":0.5,"initialValue":0.1,"scheduleType":"ITERATION","step":100.0}}
{"@class":"org.nd4j.linalg.schedule.ExponentialSchedule","gamma":0.9,"initialValue":0.1,"scheduleType":"EPOCH"}
{"@class":"org.nd4j.linalg.schedule.InverseSchedule","gamma":0.9,"initialValue":0.1,"power":2.0,"scheduleType":"ITERATION"}
{"@class":"org.nd4j.linalg.schedule.PolySchedule","initialValue":0.1,"maxIter":1000,"power":2.0,"scheduleType":"ITERATION"}
{"@class":"org.nd4j.linalg.schedule.SigmoidSchedule","gamma":0.9,"initialValue":0.1,"scheduleType":"ITERATION","stepSize":10}
{"@class":"org.nd4j.linalg.schedule.MapSchedule","scheduleType":"ITERATION","values":{"0":0.1,"10":0.01}}
{"@class":"org.nd4j.linalg.schedule.CycleSchedule","annealingDecay":0.1,"annealingLength":10,"cycleLength":100,"initialLearningRate":0.010000000000000002,"maxLearningRate":0.1,"scheduleType":"ITERATION","increment":0.002,"stepSize":45}
{"@class":"org.nd4j.linalg.schedule.FixedSchedule","value":0.1}
{"@class":"org.deeplearning4j.nn.weights.WeightInitConstant","value":1.0}
{"@class":"org.deeplearning4j.nn.weights.WeightInitIdentity","scale":null}
{"@class":"org.deeplearning4j.nn.weights.WeightInitVarScalingUniformFanAvg","scale":null}
{"@class":"org.deeplearning4j.nn.weights.WeightInitDistribution","distribution":{"type":"org.deeplearning4j.nn.conf.distribution.NormalDistribution","mean":0.0,"std":1.0}}
{"type":"org.deeplearning4j.nn.conf.distribution.BinomialDistribution","numberOfTrials":5,"probabilityOfSuccess":0.5}
{"type":"org.deeplearning4j.nn.conf.distribution.ConstantDistribution","value":1.0}
{"type":"org.deeplearning4j.nn.conf.distribution.OrthogonalDistribution","gain":1.0}
{"type":"org.deeplearning4j.nn.conf.distribution.UniformDistribution","lower":-1.0,"upper":1.0}
{"@class":"org.deeplearning4j.nn.conf.dropout.Dropout","p":0.5,"helperAllowFallback":true,"pschedule":null}
{"@class":"org.deeplearning4j.nn.conf.dropout.AlphaDropout","alpha":1.6732632423543772,"lambda":1.0507009873554805,"p":0.9,"pschedule":null}
{"@class":"org.deeplearning4j.nn.conf.dropout.GaussianDropout","rate":0.3,"rateSchedule":null}
{"@class":"org.deeplearning4j.nn.conf.dropout.GaussianNoise","stddev":0.1,"stddevSchedule":null}
{"@class":"org.deeplearning4j.nn.conf.dropout.SpatialDropout","p":0.5,"pschedule":null}
{"@class":"org.deeplearning4j.nn.conf.dropout.Dropout","p":"NaN","helperAllowFallback":true,"pschedule":{"@class":"org.nd4j.linalg.schedule.FixedSchedule","value":0.5}}
{"@class":"org.deeplearning4j.nn.conf.weightnoise.DropConnect","applyToBiases":false,"weightRetainProbSchedule":null,"weightRetainProb":0.5}
{"@class":"org.deeplearning4j.nn.conf.weightnoise.WeightNoise","additive":true,"applyToBias":false,"distribution":{"type":"org.deeplearning4j.nn.conf.distribution.NormalDistribution","mean":0.0,"std":0.1}}
{"@class":"org.deeplearning4j.nn.conf.constraint.MaxNormConstraint","dimensions":[1],"epsilon":1.0E-6,"maxNorm":2.0,"params":["W"]}
{"@class":"org.deeplearning4j.nn.conf.constraint.MinMaxNormConstraint","dimensions":[1],"epsilon":1.0E-6,"max":1.0,"min":0.0,"params":["W"],"rate":1.0}
{"@class":"org.deeplearning4j.nn.conf.constraint.NonNegativeConstraint","dimensions":null,"epsilon":1.0E-6,"params":["b"]}
{"@class":"org.deeplearning4j.nn.conf.constraint.UnitNormConstraint","dimensions":[1],"epsilon":1.0E-6,"params":["W"]}
{"@class":"org.nd4j.linalg.learning.regularization.L1Regularization","l1":{"@class":"org.nd4j.linalg.schedule.FixedSchedule","value":0.1}}
{"@class":"org.nd4j.linalg.learning.regularization.L2Regularization","l2":{"@class":"org.nd4j.linalg.schedule.FixedSchedule","value":0.1}}
{"@class":"org.nd4j.linalg.learning.regularization.WeightDecay","applyLR":true,"coeff":{"@class":"org.nd4j.linalg.schedule.FixedSchedule","value":0.1}}
{"@class":"org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor","format":"NCHW","inputHeight":4,"inputWidth":5,"numChannels":2}
{"@class":"org.deeplearning4j.nn.conf.preprocessor.CnnToRnnPreProcessor","inputHeight":4,"inputWidth":5,"numChannels":2,"rnnDataFormat":"NCW"}
{"@class":"org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnnPreProcessor","inputHeight":4,"inputWidth":5,"numChannels":2}
{"@class":"org.deeplearning4j.nn.conf.preprocessor.FeedForwardToRnnPreProcessor","rnnDataFormat":"NCW"}
{"@class":"org.deeplearning4j.nn.conf.preprocessor.RnnToCnnPreProcessor","inputHeight":4,"inputWidth":5,"numChannels":2,"rnnDataFormat":"NCW"}
{"@class":"org.deeplearning4j.nn.conf.preprocessor.RnnToFeedForwardPreProcessor","rnnDataFormat":"NCW"}
{"@class":"org.deeplearning4j.nn.conf.preprocessor.ComposableInputPreProcessor","inputPreProcessors":[{"@class":"org.deeplearning4j.nn.conf.preprocessor.RnnToFeedForwardPreProcessor","rnnDataFormat":"NCW"}]}
""".strip().splitlines()
