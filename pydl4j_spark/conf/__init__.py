"""What a network is: frozen descriptions that check themselves, and read and write DL4J's JSON without a JVM."""

from pydl4j_spark.conf.inputs import InputType
from pydl4j_spark.conf.multilayer import MultiLayerConfiguration

__all__ = ["InputType", "MultiLayerConfiguration"]
