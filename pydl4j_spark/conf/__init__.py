"""What a network is: frozen descriptions that check themselves, and read and write DL4J's JSON without a JVM."""

from pydl4j_spark.conf.graph import ComputationGraphConfiguration
from pydl4j_spark.conf.graph_builder import GraphBuilder
from pydl4j_spark.conf.inputs import InputType
from pydl4j_spark.conf.multilayer import MultiLayerConfiguration
from pydl4j_spark.conf.tracing import Input

__all__ = ["ComputationGraphConfiguration", "GraphBuilder", "Input", "InputType", "MultiLayerConfiguration"]
