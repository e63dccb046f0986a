"""A fake engine whose scores are given beforehand, and whose network changes with every epoch."""

from __future__ import annotations

import json

import attrs
import numpy as np

from pydl4j_spark import InputType, MultiLayerConfiguration, MultiLayerNetwork
from pydl4j_spark.layers import DenseLayer, OutputLayer
from tests.fake_engine import FakeEngine, report

X = np.arange(24, dtype=np.float32).reshape(6, 4)
Y = np.arange(6) % 3


class Scripted(FakeEngine):
    """All parameters are the epoch's number; the validation's score is ten times the training's."""

    def __init__(self, scores, accuracies=()):
        super().__init__()
        self.scores, self.accuracies = list(scores), list(accuracies)
        self.trained = 0

    def configuration(self, network):
        # Of new networks, DL4J says so; the fake's JSON is Python's.
        return {"iterationCount": 0, "epochCount": 0, **network["model"].configuration}

    def fit_arrays(self, network, training, validation, settings, on_event):
        self._network = network
        super().fit_arrays(network, training, validation, settings, on_event)

    def _epoch(self, epoch, rows, validation, settings, on_event):
        done = self.configuration(self._network)["epochCount"]
        score = self.scores[done]
        on_event({"event": "round", "rows": rows // 2, "score": score})
        self.trained += 1
        done += 1
        counted = {**self._network["model"].configuration, "epochCount": done, "iterationCount": 5 * done}
        model = self._network["model"]
        self._network["model"] = attrs.evolve(
            model,
            configuration=counted,
            configuration_text=json.dumps(counted),
            params=np.full_like(model.params, done),
        )
        event = {"event": "epoch", "epoch": done, "score": score, "seconds": 0.5, "rows": rows, "overhead": "NaN"}
        found = None
        if validation is not None:
            found = {**report(settings["evaluation"], len(validation.features)), "loss": 10 * score}
            if self.accuracies:
                found["accuracy"] = self.accuracies[done - 1]
        on_event({**event, "iteration": 5 * done, "validation": found})


def conf(**settings):
    layers = [DenseLayer(n_out=5, activation="tanh"), OutputLayer(**{"n_out": 3} | settings)]
    return MultiLayerConfiguration(layers=layers, input_type=InputType.feed_forward(4), seed=3)


def network(scores, accuracies=(), **settings):
    """A network on an engine of its own."""
    made = MultiLayerNetwork(conf(**settings))
    made.attach(Scripted(scores, accuracies))
    return made


def engine(net):
    return net._live[0]


def fit(net, *callbacks, epochs=None, validation=True, **settings):
    return net.fit(
        (X, Y),
        epochs=len(engine(net).scores) if epochs is None else epochs,
        validation=(X, Y) if validation else None,
        callbacks=callbacks,
        progress=False,
        **settings,
    )
