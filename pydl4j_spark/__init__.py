"""Deep learning on Apache Spark that Python drives and the JVM executes.

Networks are described by typed layer configs, trained by Deeplearning4j on Spark, and exported to ONNX.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydl4j_spark.conf.fine_tune import FineTuneConfiguration as FineTuneConfiguration
    from pydl4j_spark.conf.graph import ComputationGraphConfiguration as ComputationGraphConfiguration
    from pydl4j_spark.conf.graph_builder import GraphBuilder as GraphBuilder
    from pydl4j_spark.conf.inputs import InputType as InputType
    from pydl4j_spark.conf.multilayer import MultiLayerConfiguration as MultiLayerConfiguration
    from pydl4j_spark.conf.tracing import Input as Input
    from pydl4j_spark.errors import ConfigError as ConfigError
    from pydl4j_spark.errors import DataError as DataError
    from pydl4j_spark.errors import Dl4jError as Dl4jError
    from pydl4j_spark.errors import EngineError as EngineError
    from pydl4j_spark.errors import ExportError as ExportError
    from pydl4j_spark.errors import JarMismatch as JarMismatch
    from pydl4j_spark.errors import JvmGone as JvmGone
    from pydl4j_spark.errors import ModelFormatError as ModelFormatError
    from pydl4j_spark.errors import TrainingError as TrainingError
    from pydl4j_spark.errors import UnsupportedLayer as UnsupportedLayer
    from pydl4j_spark.evaluation import ROC as ROC
    from pydl4j_spark.evaluation import Evaluation as Evaluation
    from pydl4j_spark.evaluation import RegressionEvaluation as RegressionEvaluation
    from pydl4j_spark.graph_network import ComputationGraph as ComputationGraph
    from pydl4j_spark.graph_transfer_learning import TransferLearningGraph as TransferLearningGraph
    from pydl4j_spark.local import configure_local as configure_local
    from pydl4j_spark.network import MultiLayerNetwork as MultiLayerNetwork
    from pydl4j_spark.normalizers import ImagePreProcessingScaler as ImagePreProcessingScaler
    from pydl4j_spark.normalizers import NormalizerMinMaxScaler as NormalizerMinMaxScaler
    from pydl4j_spark.normalizers import NormalizerStandardize as NormalizerStandardize
    from pydl4j_spark.serving.model import OnnxModel as OnnxModel
    from pydl4j_spark.session import configure_spark as configure_spark
    from pydl4j_spark.spark_graph import SparkComputationGraph as SparkComputationGraph
    from pydl4j_spark.spark_network import SparkDl4jMultiLayer as SparkDl4jMultiLayer
    from pydl4j_spark.training import History as History
    from pydl4j_spark.training import ParameterAveragingTrainingMaster as ParameterAveragingTrainingMaster
    from pydl4j_spark.training import ResidentAveragingTrainingMaster as ResidentAveragingTrainingMaster
    from pydl4j_spark.transfer_learning import TransferLearning as TransferLearning

_HOMES = {
    "ComputationGraph": "graph_network",
    "ComputationGraphConfiguration": "conf.graph",
    "ConfigError": "errors",
    "DataError": "errors",
    "Dl4jError": "errors",
    "EngineError": "errors",
    "Evaluation": "evaluation",
    "ExportError": "errors",
    "FineTuneConfiguration": "conf.fine_tune",
    "GraphBuilder": "conf.graph_builder",
    "History": "training",
    "ImagePreProcessingScaler": "normalizers",
    "Input": "conf.tracing",
    "InputType": "conf.inputs",
    "JarMismatch": "errors",
    "JvmGone": "errors",
    "ModelFormatError": "errors",
    "MultiLayerConfiguration": "conf.multilayer",
    "MultiLayerNetwork": "network",
    "NormalizerMinMaxScaler": "normalizers",
    "NormalizerStandardize": "normalizers",
    "OnnxModel": "serving.model",
    "ParameterAveragingTrainingMaster": "training",
    "ResidentAveragingTrainingMaster": "training",
    "ROC": "evaluation",
    "RegressionEvaluation": "evaluation",
    "SparkComputationGraph": "spark_graph",
    "SparkDl4jMultiLayer": "spark_network",
    "TrainingError": "errors",
    "TransferLearning": "transfer_learning",
    "TransferLearningGraph": "graph_transfer_learning",
    "UnsupportedLayer": "errors",
    "configure_local": "local",
    "configure_spark": "session",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    # Imported when first used: `python -m pydl4j_spark jar` must answer where only the standard library is.
    if name == "__version__":
        return import_module("pydl4j_spark.engine.jar").package_version()
    if name not in _HOMES:
        raise AttributeError(f"module 'pydl4j_spark' has no attribute {name!r}")
    value = getattr(import_module(f"pydl4j_spark.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
