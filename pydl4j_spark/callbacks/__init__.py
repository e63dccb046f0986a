"""What a fit calls as it goes: early stopping, checkpoints, logs, and what you write yourself."""

from pydl4j_spark.callbacks.base import Callback, Fit, Round
from pydl4j_spark.callbacks.checkpoint import Checkpoint
from pydl4j_spark.callbacks.conditions import (
    BestScoreEpochTerminationCondition,
    EpochTerminationCondition,
    InvalidScoreIterationTerminationCondition,
    IterationTerminationCondition,
    MaxEpochsTerminationCondition,
    MaxScoreIterationTerminationCondition,
    MaxTimeIterationTerminationCondition,
    ScoreImprovementEpochTerminationCondition,
)
from pydl4j_spark.callbacks.configuration import (
    ClassificationScoreCalculator,
    DataSetLossCalculator,
    EarlyStoppingConfiguration,
    RegressionScoreCalculator,
    ROCScoreCalculator,
    ScoreCalculator,
)
from pydl4j_spark.callbacks.csv_logger import CSVLogger
from pydl4j_spark.callbacks.early_stopping import EarlyStopping, EarlyStoppingResult
from pydl4j_spark.callbacks.mlflow_logger import MLflow
from pydl4j_spark.callbacks.tensorboard import TensorBoard

__all__ = [
    "BestScoreEpochTerminationCondition",
    "CSVLogger",
    "Callback",
    "Checkpoint",
    "ClassificationScoreCalculator",
    "DataSetLossCalculator",
    "EarlyStopping",
    "EarlyStoppingConfiguration",
    "EarlyStoppingResult",
    "EpochTerminationCondition",
    "Fit",
    "InvalidScoreIterationTerminationCondition",
    "IterationTerminationCondition",
    "MLflow",
    "MaxEpochsTerminationCondition",
    "MaxScoreIterationTerminationCondition",
    "MaxTimeIterationTerminationCondition",
    "ROCScoreCalculator",
    "RegressionScoreCalculator",
    "Round",
    "ScoreCalculator",
    "ScoreImprovementEpochTerminationCondition",
    "TensorBoard",
]
