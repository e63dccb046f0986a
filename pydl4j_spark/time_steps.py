"""A recurrent network that goes on from the state it is in, some time steps at a time."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import ArrayLike

from pydl4j_spark.array_rows import unlabelled
from pydl4j_spark.arrays import numeric
from pydl4j_spark.conf.inputs import InputTypeRecurrent
from pydl4j_spark.conf.layers.base import Layer
from pydl4j_spark.conf.layers.pooling import GlobalPoolingLayer
from pydl4j_spark.conf.layers.recurrent import BaseRecurrentLayer, Bidirectional, LastTimeStep
from pydl4j_spark.conf.multilayer import MultiLayerConfiguration
from pydl4j_spark.conf.shapes import at_layer
from pydl4j_spark.ends import Ends
from pydl4j_spark.engine.protocol import Arrays
from pydl4j_spark.errors import ConfigError, DataError
from pydl4j_spark.example_shape import ExampleShape

# These look at a sequence as a whole: what they give for its pieces is not what they give for it.
_WHOLE_SEQUENCES = (Bidirectional, LastTimeStep, GlobalPoolingLayer)


def step_ends(conf: MultiLayerConfiguration) -> Ends:
    """Give the ends of a network that goes on from its state, with the number of time steps left open.

    Raises
    ------
    ConfigError
        When the network has no state, or cannot go step by step.
    """
    given = conf.input_type
    if not isinstance(given, InputTypeRecurrent) or not any(_is_recurrent(layer) for layer in conf.layers):
        raise ConfigError("rnn_time_step goes on from a recurrent layer's state, and this network has none: use output")
    if given.data_format != "NCW":
        raise ConfigError("rnn_time_step takes sequences [N, size, T]: leave data_format='NWC' out")
    for index, layer in enumerate(conf.layers):
        if isinstance(layer.at_work, _WHOLE_SEQUENCES):
            with at_layer(index, layer):
                raise ConfigError("it looks at whole sequences, so rnn_time_step cannot go on step by step: use output")
    shape = ExampleShape.of(conf)
    labels = (shape.labels[0], None) if len(shape.labels) == 2 else shape.labels
    return Ends.of_layers(attrs.evolve(shape, features=(given.size, None), labels=labels))


def _is_recurrent(layer: Layer) -> bool:
    return isinstance(layer, BaseRecurrentLayer) or any(_is_recurrent(inner) for inner in layer.children.values())


def time_steps(features: ArrayLike, ends: Ends, name: str) -> tuple[Arrays, bool]:
    """Check the next steps of some sequences; tell whether it is a single one without a time axis.

    Parameters
    ----------
    features : array
        ``[N, size]`` or ``[N, size, T]``.
    ends : Ends
        The `step_ends` of the network.
    name : str
        What to call the data in a message.

    Raises
    ------
    DataError
        When they do not fit the network.
    """
    array = numeric(features, f"{name}: features")
    single = array.ndim == 2
    if single:
        size = ends.output_shapes[0].features[0]
        if array.shape[1] != size:
            raise DataError(f"{name}: shape {array.shape}; one step is [N, {size}], several are [N, {size}, T]")
        array = array[:, :, np.newaxis]
    return unlabelled(array, ends, name), single
