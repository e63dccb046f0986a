"""What callbacks log of a fit: as CSV, for TensorBoard, in MLflow."""

from __future__ import annotations

import csv
import struct
import sys
import types

import pytest

from pydl4j_spark import ConfigError
from pydl4j_spark.callbacks import Callback, Checkpoint, CSVLogger, EarlyStopping, MLflow, TensorBoard
from tests.callbacks.scripted import fit, network

SCORES = [3.0, 2.0, 1.0]


class Fail(Callback):
    def __init__(self, epoch=2, error=RuntimeError):
        self.epoch, self.error = epoch, error

    def on_epoch_end(self, fit):
        if fit.epoch == self.epoch:
            raise self.error("enough")


HEADER = ["epoch", "iteration", "rows", "seconds", "score", "validation_score", "validation_accuracy"]
HEADER += ["validation_precision", "validation_recall", "validation_f1"]


class TestCSV:
    """The file is complete at every moment."""

    def table(self, path):
        with path.open(newline="") as file:
            return list(csv.reader(file))

    def test_a_line_per_epoch(self, tmp_path):
        path, seen = tmp_path / "log.csv", []

        class Look(Callback):
            def on_epoch_end(_, fit):
                seen.append(len(self.table(path)))

        fit(network(SCORES), CSVLogger(path), Look())
        header, *lines = self.table(path)
        assert header == HEADER
        assert lines[1] == ["2", "10", "6", "0.5", "2.0", "20.0", "0.5", "0.5", "0.5", "0.5"]
        assert seen == [2, 3, 4]
        fit(network(SCORES), CSVLogger(path), validation=False)
        assert self.table(path)[0] == HEADER[:5]

    def test_going_on(self, tmp_path):
        path = tmp_path / "log.csv"
        log, net = CSVLogger(path, append=True), network(SCORES)
        fit(net, log, epochs=1)
        fit(net, log, epochs=2)
        assert [line[0] for line in self.table(path)] == ["epoch", "1", "2", "3"]
        with pytest.raises(ConfigError, match=r"log.csv has the columns epoch, .* and this fit epoch, iteration"):
            fit(network(SCORES), log, validation=False)

    def test_of_a_resumed_fit(self, tmp_path):
        path = tmp_path / "log.csv"
        with pytest.raises(RuntimeError):
            fit(network(SCORES), CSVLogger(path), Checkpoint(tmp_path), Fail())
        path.unlink()
        fit(network(SCORES), CSVLogger(path), Checkpoint(tmp_path), resume=tmp_path)
        assert [line[0] for line in self.table(path)] == ["epoch", "1", "2", "3"]

    def test_a_failure_closes_it(self, tmp_path):
        log = CSVLogger(tmp_path / "log.csv")
        with pytest.raises(RuntimeError):
            fit(network(SCORES), log, Fail())
        assert log._file is None
        assert len(self.table(tmp_path / "log.csv")) == 3


@pytest.mark.parametrize(
    ("callback", "library"), [(TensorBoard, "tensorboardX"), (MLflow, "mlflow")], ids=["tensorboard", "mlflow"]
)
def test_a_library_that_is_not_there(monkeypatch, callback, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(
        ConfigError, match=rf"needs {library}, .*\n    pip install 'pydl4j-spark\[{library.lower()[:6]}"
    ):
        callback("somewhere")


def records(path):
    """Read an event file as TensorBoard does: length, its checksum, content, its checksum."""
    from tensorboardX.proto.event_pb2 import Event

    content = path.read_bytes()
    while content:
        (length,) = struct.unpack_from("<Q", content)
        yield Event.FromString(content[12 : 12 + length])
        content = content[16 + length :]


def test_tensorboard(tmp_path):
    pytest.importorskip("tensorboardX")
    with pytest.raises(RuntimeError):
        fit(network(SCORES), TensorBoard(tmp_path / "run"), Fail(epoch=3))
    (path,) = (tmp_path / "run").iterdir()
    assert ".tfevents." in path.name
    scalars = [(value.tag, event.step, value.simple_value) for event in records(path) for value in event.summary.value]
    assert [scalar for scalar in scalars if scalar[0] == "score"] == [
        ("score", 1, 3.0),
        ("score", 2, 2.0),
        ("score", 3, 1.0),
    ]
    assert ("validation_score", 2, 20.0) in scalars
    assert ("rows", 3, 6.0) in scalars


@pytest.fixture
def store(monkeypatch):
    """What an MLflow that is none was told; a real one is too heavy for every run."""
    told = {"params": {}, "metrics": [], "artifacts": [], "tags": {}, "runs": [], "ended": [], "active": None}

    class Client:
        def log_batch(self, run, metrics=(), params=()):
            assert run == "r1"
            told["params"].update(params)
            told["metrics"] += metrics

        def log_artifact(self, run, path):
            with open(path, "rb") as file:
                told["artifacts"].append((path.rpartition("/")[2], file.read(2)))

        def set_tag(self, run, key, value):
            told["tags"][key] = value

        def get_experiment_by_name(self, name):
            return None

        def create_experiment(self, name):
            return f"id of {name}"

    def run():
        return types.SimpleNamespace(info=types.SimpleNamespace(run_id="r1"))

    def start_run(**settings):
        told["runs"].append(settings)
        return run()

    module = types.ModuleType("mlflow")
    module.MlflowClient = Client
    module.start_run, module.end_run = start_run, told["ended"].append
    module.active_run = lambda: run() if told["active"] else None
    entities = types.ModuleType("mlflow.entities")
    entities.Param = lambda key, value: (key, value)
    entities.Metric = lambda key, value, timestamp, step: (key, value, step)
    monkeypatch.setitem(sys.modules, "mlflow", module)
    monkeypatch.setitem(sys.modules, "mlflow.entities", entities)
    return told


class TestMLflow:
    """A run has the settings, the numbers and an end."""

    def test_a_run_of_its_own(self, store):
        log = MLflow("digits", run_name="first", params={"layers": 2}, log_model=True)
        fit(network([3.0, 2.0, 4.0, 5.0]), EarlyStopping(patience=1), log)
        assert store["runs"] == [{"experiment_id": "id of digits", "run_name": "first"}]
        assert (store["ended"], log.run_id) == (["FINISHED"], "r1")
        params = store["params"]
        assert (params["batch_size_per_worker"], params["epochs"], params["layers"]) == ("16", "4", "2")
        assert (params["network"], params["n_params"]) == ("MultiLayerNetwork", "43")
        assert [metric for metric in store["metrics"] if metric[0] == "validation_score"] == [
            ("validation_score", 30.0, 1),
            ("validation_score", 20.0, 2),
            ("validation_score", 40.0, 3),
        ]
        assert store["artifacts"] == [("model.zip", b"PK")]
        assert store["tags"]["stopped"].startswith("early stopping after epoch 3")

    def test_a_run_that_is_active_goes_on(self, store):
        store["active"] = True
        fit(network(SCORES), MLflow())
        assert (store["runs"], store["ended"], store["artifacts"]) == ([], [], [])
        assert len(store["metrics"]) == 3 * 8

    @pytest.mark.parametrize(("error", "status"), [(RuntimeError, "FAILED"), (KeyboardInterrupt, "KILLED")])
    def test_a_fit_that_fails(self, store, error, status):
        with pytest.raises(error):
            fit(network(SCORES), MLflow(log_model=True), Fail(error=error))
        assert (store["ended"], store["artifacts"]) == ([status], [])

    def test_params_that_are_none(self, store):
        with pytest.raises(ConfigError, match="params must be a dict, got list"):
            MLflow(params=[1])
