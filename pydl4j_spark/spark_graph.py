"""Graphs trained, evaluated and applied on Spark."""

from __future__ import annotations

from pydl4j_spark.graph_network import ComputationGraph
from pydl4j_spark.spark_network import SparkNetwork


class SparkComputationGraph(SparkNetwork):
    """A graph of one or several inputs and outputs, trained on Spark (DL4J: ``SparkComputationGraph``).

    Where a graph has several inputs, features are a list of arrays in the order of its inputs, or a dict of arrays by
    name; in a DataFrame they are columns, named in the same ways. Labels and masks likewise.

    Parameters
    ----------
    spark : pyspark.sql.SparkSession
        A session that has the jar; see `configure_spark`.
    network : ComputationGraph, or a graph's configuration
        What to train: a description, or a graph that has been trained before.
    master : ResidentAveragingTrainingMaster or ParameterAveragingTrainingMaster, optional
        How to train; a ``ResidentAveragingTrainingMaster()`` where not given.
    normalizer : Normalizer, optional
        For a graph of one input: fitted on the first training data, unless it has its statistics already; applied to
        all inputs from then on, saved with the graph.
    labels : list of str, or dict of them by output, optional
        Names of the classes; a list is for the first output.

    Raises
    ------
    ConfigError
        When DL4J refuses the configuration.
    EngineError
        When the session has no jar, is stopped, or is a Spark Connect session.

    Examples
    --------
    >>> net = SparkComputationGraph(spark, graph)
    >>> net.fit(([X, words], [kinds, values]), epochs=3)
    >>> net.fit(frame, features_col={"image": "pixels", "words": "tokens"}, label_col={"kind": "k", "value": "v"})
    >>> net.predict(frame, features_col=["pixels", "tokens"]).select("prediction_kind", "prediction_value")
    """

    @staticmethod
    def _kind() -> type[ComputationGraph]:
        return ComputationGraph

    @property
    def network(self) -> ComputationGraph:
        """The graph as it is now: save it, look at its parameters."""
        network: ComputationGraph = self._network
        return network
