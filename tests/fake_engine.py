"""An engine without a JVM: it remembers what it was asked, and answers simply."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np

from pydl4j_spark import InputType, MultiLayerConfiguration
from pydl4j_spark.engine.protocol import Arrays
from pydl4j_spark.graph_description import GraphDescription
from pydl4j_spark.layers import OutputLayer
from pydl4j_spark.model_zip import ModelZip, read_model_zip, write_model_zip
from pydl4j_spark.normalizer_bin import normalizer_from_bytes
from pydl4j_spark.normalizers import normalizer_from_spec


class FakeEngine:
    """Keeps a network as a model zip; ``calls`` are the names and arguments of all that was asked."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.rounds = 2

    def asked(self, name: str) -> tuple[Any, ...]:
        """Give the arguments of the only call of this name."""
        (found,) = [arguments for called, arguments in self.calls if called == name]
        return found

    # --- networks ---

    def new_network(self, configuration: str) -> dict[str, Any]:
        self.calls.append(("new_network", (configuration,)))
        if "vertices" in json.loads(configuration):
            counts = [vertex.n_params for vertex in GraphDescription.of(configuration).vertices.values()]
            n_params = sum(count or 0 for count in counts)
        else:
            n_params = MultiLayerConfiguration.from_json(configuration).n_params
        return {"model": ModelZip(json.loads(configuration), configuration, np.arange(n_params, dtype=np.float32))}

    def restore_network(self, archive: bytes) -> dict[str, Any]:
        self.calls.append(("restore_network", (archive,)))
        return {"model": read_model_zip(archive)}

    def read_keras(self, path: str, enforce_training_config: bool) -> tuple[dict[str, Any], dict[str, Any]]:
        self.calls.append(("read_keras", (path, enforce_training_config)))
        conf = MultiLayerConfiguration([OutputLayer(n_out=3)], input_type=InputType.feed_forward(5))
        assert conf.input_type is not None
        return self.new_network(conf.to_json()), {"input1": conf.input_type.to_dict()}

    def configuration(self, network: dict[str, Any]) -> dict[str, Any]:
        return network["model"].configuration

    def archive(self, network: dict[str, Any], manifest: dict[str, Any], save_updater: bool = True) -> bytes:
        content = io.BytesIO()
        write_model_zip(self._changed(network, manifest=manifest), content)
        return content.getvalue()

    def save_network(self, network: dict[str, Any], path: str, save_updater: bool, manifest: dict[str, Any]) -> None:
        self.calls.append(("save_network", (path, save_updater)))
        with open(path, "wb") as file:
            file.write(self.archive(network, manifest))

    def set_normalizer(self, network: dict[str, Any], content: bytes) -> None:
        self._changed(network, normalizer=normalizer_from_bytes(content))

    def params(self, network: dict[str, Any]) -> np.ndarray:
        return network["model"].params

    def set_params(self, network: dict[str, Any], params: np.ndarray) -> None:
        self.calls.append(("set_params", (params,)))
        self._changed(network, params=params)

    @staticmethod
    def _changed(network: dict[str, Any], **settings: Any) -> ModelZip:
        import attrs

        network["model"] = attrs.evolve(network["model"], **settings)
        return network["model"]

    # --- rows ---

    def output(self, network: dict[str, Any], rows: Arrays, normalize: bool = True) -> np.ndarray:
        self.calls.append(("output", (rows, normalize)))
        return np.tile(np.arange(3, dtype=np.float32), (len(rows.features), 1))

    def outputs(self, network: dict[str, Any], rows: Arrays, normalize: bool = True) -> list[np.ndarray]:
        self.calls.append(("outputs", (rows, normalize)))
        names = network["model"].configuration["networkOutputs"]
        return [np.tile(np.arange(3, dtype=np.float32) + place, (len(rows.features), 1)) for place in range(len(names))]

    def feed_forward(self, network: dict[str, Any], rows: Arrays, train: bool) -> dict[str, np.ndarray]:
        self.calls.append(("feed_forward", (rows, train)))
        configuration = network["model"].configuration
        names = configuration.get("vertices") or [
            conf["layer"].get("layerName") or f"layer{index}" for index, conf in enumerate(configuration["confs"])
        ]
        return {name: np.full((1, 1), index) for index, name in enumerate(names)}

    def rnn_time_step(self, network: dict[str, Any], rows: Arrays) -> np.ndarray:
        self.calls.append(("rnn_time_step", (rows,)))
        _, steps = rows.spec["features"]["inputs"][0]["shape"]
        return np.zeros((len(rows.features), 3, steps), np.float32)

    def rnn_time_step_outputs(self, network: dict[str, Any], rows: Arrays) -> list[np.ndarray]:
        self.calls.append(("rnn_time_step_outputs", (rows,)))
        _, steps = rows.spec["features"]["inputs"][0]["shape"]
        return [np.zeros((len(rows.features), 3, steps), np.float32)] * len(
            network["model"].configuration["networkOutputs"]
        )

    def rnn_clear_previous_state(self, network: dict[str, Any]) -> None:
        self.calls.append(("rnn_clear_previous_state", ()))

    def gradient(self, network: dict[str, Any], rows: Arrays) -> dict[str, np.ndarray]:
        self.calls.append(("gradient", (rows,)))
        return {"0_W": np.zeros((4, 5))}

    def evaluate_arrays(
        self, network: dict[str, Any], rows: Arrays, evaluation: str, output: int = 0
    ) -> dict[str, Any]:
        self.calls.append(("evaluate_arrays", (rows, evaluation, output)))
        return report(evaluation, len(rows.features))

    # --- training ---

    def fit_arrays(self, network: Any, training: Arrays, validation: Arrays | None, settings: Any, on_event: Any):
        self.calls.append(("fit_arrays", (training, validation, settings)))
        self._fit_normalizer(network, settings)
        on_event({"event": "start", "rows": len(training.features)})
        for epoch in range(settings["epochs"]):
            self._epoch(epoch, len(training.features), validation, settings, on_event)

    def fit_batches(self, network: Any, batches: Any, validation: Arrays | None, settings: Any, on_event: Any):
        self.calls.append(("fit_batches", (batches, validation, settings)))
        on_event({"event": "start", "rows": None})
        for epoch in range(settings["epochs"]):
            taken = list(batches())
            self.calls.append(("epoch", tuple(taken)))
            self._epoch(epoch, sum(len(rows.features) for rows in taken), validation, settings, on_event)

    def _fit_normalizer(self, network: dict[str, Any], settings: dict[str, Any]) -> None:
        if settings["normalizer"] is not None:
            kind = type(normalizer_from_spec(settings["normalizer"]))
            self._changed(network, normalizer=kind(mean=np.zeros(4), std=np.ones(4)))

    def _epoch(self, epoch: int, rows: int, validation: Arrays | None, settings: Any, on_event: Any) -> None:
        for part in range(1, self.rounds + 1):
            on_event({"event": "round", "rows": rows * part // self.rounds, "score": 1.0 / part})
        on_event(
            {
                "event": "epoch",
                "epoch": epoch + 1,
                "score": "NaN" if epoch == 2 else 1.0 / (epoch + 1),
                "seconds": 0.5,
                "rows": rows,
                "overhead": "NaN",
                "iteration": 7 * (epoch + 1),
                "validation": None if validation is None else report(settings["evaluation"], len(validation.features)),
            }
        )


def report(evaluation: str, rows: int) -> dict[str, Any]:
    """What an engine answers to an evaluation."""
    if evaluation == "SCORE":
        return {"kind": "score", "loss": "NaN" if rows == 1 else 0.25, "rows": rows}
    if evaluation == "REGRESSION":
        names = (
            "mean_squared_error mean_absolute_error root_mean_squared_error relative_squared_error"
            " pearson_correlation r_squared"
        )
        return {"kind": "regression", "loss": 0.5, "rows": rows, "columns": [dict.fromkeys(names.split(), 0.5)]}
    if evaluation.startswith("ROC"):
        points = {name: [0.0, 1.0] for name in ("false_positive_rate", "true_positive_rate", "threshold")}
        curve = {"auc": 0.75, "auc_pr": 0.75, **points}
        return {"kind": "roc", "loss": 0.5, "rows": rows, "curves": [curve] * 3}
    numbers = dict.fromkeys(("accuracy", "precision", "recall", "f1"), 0.5)
    return {
        "kind": "classification",
        "loss": 0.5,
        "rows": rows,
        "confusion_matrix": np.eye(3, dtype=int).tolist(),
        **numbers,
    }
