"""Checkpoints: the newest whole one always loads, a fit goes on from it, and nothing else is touched."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

from pydl4j_spark import ComputationGraph, ConfigError, History, ModelFormatError, MultiLayerNetwork
from pydl4j_spark.callbacks import Callback, Checkpoint, EarlyStopping, last_checkpoint
from tests.callbacks.scripted import X, Y, engine, fit, network

SCORES = [6.0, 5.0, 4.0, 3.5, 3.0, 2.5]


class Crash(Callback):
    """A driver that dies after an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_end(self, fit):
        if fit.epoch == self.epoch:
            raise KeyboardInterrupt


def interrupted(folder, epoch=3, scores=SCORES, **settings):
    """A folder of a fit that died."""
    with pytest.raises(KeyboardInterrupt):
        fit(network(scores), Checkpoint(folder, **settings), Crash(epoch))


def epochs(folder):
    """Which epochs there are, by manifest and by file."""
    manifest = json.loads((folder / "checkpoints.json").read_bytes())
    files = sorted(path.name for path in folder.glob("checkpoint-*.zip"))
    assert files == sorted(entry["file"] for entry in manifest["checkpoints"])
    return [entry["epoch"] for entry in manifest["checkpoints"]]


def newest(folder):
    manifest = json.loads((folder / "checkpoints.json").read_bytes())
    return folder / manifest["checkpoints"][-1]["file"]


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({}, [4, 5, 6]),
        ({"keep_last": 1}, [6]),
        ({"every_epochs": 2}, [2, 4, 6]),
        ({"every_epochs": 4}, [4, 6]),  # the last one in any case
        ({"every_seconds": 3600}, [6]),
        ({"every_seconds": 0, "keep_last": 2}, [5, 6]),
    ],
)
def test_which_are_kept(tmp_path, settings, kept):
    (tmp_path / "mine.zip").write_text("not ours")
    fit(network(SCORES), Checkpoint(tmp_path, **settings))
    assert epochs(tmp_path) == kept
    assert (tmp_path / "mine.zip").read_text() == "not ours"
    assert not list(tmp_path.glob(".*"))


def test_the_best_one_is_kept_beside_the_last(tmp_path):
    net = network([5.0, 2.0, 3.0, 4.0, 1.0, 6.0, 7.0, 8.0])
    seen = []

    class Look(Callback):
        def on_epoch_end(self, fit):
            seen.append(epochs(tmp_path))

    fit(net, Checkpoint(tmp_path, every_epochs=3, keep_last=1, keep_best="validation_score"), Look())
    assert seen == [[1], [2], [2], [2], [5], [5], [5], [5, 8]]
    assert epochs(tmp_path) == [5, 8]


def test_a_fit_goes_on_where_it_was_interrupted(tmp_path):
    interrupted(tmp_path)
    net = network(SCORES)
    history = fit(net, Checkpoint(tmp_path), resume=tmp_path)
    assert history.score == SCORES
    assert history.epoch == [1, 2, 3, 4, 5, 6]
    assert [result.loss for result in history.validation] == [10 * score for score in SCORES]
    assert engine(net).trained == 3
    assert (net.epoch, net.iteration) == (6, 30)
    assert epochs(tmp_path) == [4, 5, 6]
    # What is trained to its end is not trained again.
    again = network(SCORES)
    assert fit(again, Checkpoint(tmp_path), resume=tmp_path).score == SCORES
    assert engine(again).trained == 0
    assert (again.params() == 6).all()


def test_a_network_that_was_not_moved_yet_goes_on_too(tmp_path, monkeypatch):
    interrupted(tmp_path)
    made = engine(network(SCORES))
    monkeypatch.setattr("pydl4j_spark.network_state.engine_at_hand", lambda: made)
    net = MultiLayerNetwork(network(SCORES).conf)
    assert net.fit((X, Y), epochs=5, validation=(X, Y), resume=str(tmp_path), progress=False).score == SCORES[:5]
    assert made.trained == 2


def test_without_checkpoints_it_begins(tmp_path):
    folder = tmp_path / "new" / "run"
    history = fit(network(SCORES), Checkpoint(folder), resume=folder)
    assert len(history) == 6
    assert epochs(folder) == [4, 5, 6]


@pytest.mark.parametrize(
    ("validation", "says"), [(True, "had validation data; give them again"), (False, "had no validation data; leave")]
)
def test_validation_goes_on_too(tmp_path, validation, says):
    with pytest.raises(KeyboardInterrupt):
        fit(network(SCORES), Checkpoint(tmp_path), Crash(3), validation=validation)
    net = network(SCORES)
    with pytest.raises(ConfigError, match=says):
        fit(net, resume=tmp_path, validation=not validation)
    assert engine(net).trained == 0


def test_a_second_fit_is_resumed_by_itself(tmp_path):
    net = network(SCORES)
    fit(net, epochs=2)
    with pytest.raises(KeyboardInterrupt):
        fit(net, Checkpoint(tmp_path), Crash(4), epochs=4)
    fresh = network(SCORES)
    history = fit(fresh, resume=tmp_path, epochs=4)
    assert history.epoch == [3, 4, 5, 6]
    assert engine(fresh).trained == 2


@pytest.mark.parametrize("damage", ["half", "changed", "empty", "gone"])
def test_a_damaged_one_is_skipped(tmp_path, damage):
    interrupted(tmp_path)
    file = newest(tmp_path)
    content = file.read_bytes()
    if damage == "gone":
        file.unlink()
    else:
        changed = content[:200] + bytes([content[200] ^ 1]) + content[201:]
        file.write_bytes({"half": content[: len(content) // 2], "changed": changed, "empty": b""}[damage])
    with pytest.warns(UserWarning, match=r"checkpoint .*-0*3-\w+.zip is (damaged|not there).*; it is skipped"):
        assert last_checkpoint(tmp_path).epoch == 2
    net = network(SCORES)
    with pytest.warns(UserWarning, match="it is skipped"):
        history = fit(net, Checkpoint(tmp_path), resume=tmp_path)
    assert history.score == SCORES
    assert engine(net).trained == 4
    assert epochs(tmp_path) == [4, 5, 6]


def test_none_is_whole(tmp_path):
    interrupted(tmp_path, keep_last=1)
    newest(tmp_path).write_bytes(b"")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ModelFormatError, match=r"none of the 1 checkpoints in .* is whole"):
            fit(network(SCORES), resume=tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"format": 2}',
        "null",
        '{"format": 1, "began": 0, "monitor": null, "history": {}, "checkpoints": []}',
        '{"format": 1, "began": 0, "monitor": null, "history": {}, "checkpoints": [{"file": "../../etc/passwd",'
        ' "sha256": "", "epoch": 1, "iteration": 1}]}',
    ],
)
def test_a_damaged_manifest(tmp_path, text):
    (tmp_path / "checkpoints.json").write_text(text)
    with pytest.raises(ModelFormatError, match=r"checkpoints.json is damaged .*read one by one"):
        last_checkpoint(tmp_path)


def test_what_an_interrupted_write_left_is_taken_up(tmp_path):
    interrupted(tmp_path, epoch=3)
    before = (tmp_path / "checkpoints.json").read_bytes()
    fit(network(SCORES), Checkpoint(tmp_path, keep_last=9), resume=tmp_path, epochs=4)
    left = newest(tmp_path)
    (tmp_path / "checkpoints.json").write_bytes(before)  # killed after the file, before the manifest
    assert last_checkpoint(tmp_path).epoch == 3
    assert left.exists()
    fit(network(SCORES), Checkpoint(tmp_path, keep_last=9), resume=tmp_path, epochs=4)
    assert epochs(tmp_path) == [1, 2, 3, 4]
    assert newest(tmp_path) == left


def test_a_folder_of_another_training_is_left_alone(tmp_path):
    interrupted(tmp_path)
    before = sorted(tmp_path.iterdir())
    net = network(SCORES)
    with pytest.raises(ConfigError, match=r"holds checkpoints up to epoch 3, .* at epoch 0: go on .*resume="):
        fit(net, Checkpoint(tmp_path))
    with pytest.raises(ConfigError, match=r"resume: .* is of another network, .*: confs\[1\]\.layer\.nout is 3 there"):
        fit(network(SCORES, n_out=4), resume=tmp_path)
    with pytest.raises(ConfigError, match=r"a folder of checkpoints is a path or a URI, got 3"):
        fit(net, resume=3)
    assert engine(net).trained == 0
    assert sorted(tmp_path.iterdir()) == before


def test_loading(tmp_path):
    with pytest.raises(FileNotFoundError, match="there are no checkpoints in"):
        last_checkpoint(tmp_path)
    interrupted(tmp_path)
    net = MultiLayerNetwork.load_checkpoint(tmp_path)
    assert (net.epoch, net.iteration) == (3, 15)
    assert (net.params() == 3).all()
    assert type(last_checkpoint(str(tmp_path))) is MultiLayerNetwork
    with pytest.raises(ModelFormatError, match=r"zip holds a MultiLayerNetwork: read it with MultiLayerNetwork.load"):
        ComputationGraph.load_checkpoint(tmp_path)


class TestWithEarlyStopping:
    """Its patience outlives the driver."""

    DOWN_AND_UP = (5.0, 2.0, 3.0, 4.0, 3.0, 2.5, 2.4)

    def stopping(self, folder, **settings):
        return [Checkpoint(folder, keep_last=1, **settings), EarlyStopping(patience=4)]

    def run(self, folder, **settings):
        with pytest.raises(KeyboardInterrupt):
            fit(network(self.DOWN_AND_UP), *self.stopping(folder, **settings), Crash(4))
        net = network(self.DOWN_AND_UP)
        return net, fit(net, *self.stopping(folder, **settings), resume=folder)

    def test_the_scores_before_count(self, tmp_path):
        net, history = self.run(tmp_path, keep_best="score")
        assert history.stopped == "early stopping after epoch 6: score: no improvement on 2 in 4 epochs"
        assert (history.best_epoch, net.epoch) == (2, 2)
        assert (net.params() == 2).all()

    def test_a_best_network_that_was_not_kept(self, tmp_path):
        with pytest.warns(UserWarning, match=r"after epoch 2, is not among the checkpoints.*keep_best"):
            net, history = self.run(tmp_path)
        assert history.best_epoch == 2
        assert (net.params() == 6).all()

    def test_what_was_stopped_stays_stopped(self, tmp_path):
        scores = [*self.DOWN_AND_UP, 1.0]
        fit(network(scores), *self.stopping(tmp_path, keep_best="score"))
        net = network(scores)
        history = fit(net, *self.stopping(tmp_path, keep_best="score"), resume=tmp_path)
        assert engine(net).trained == 0
        assert history.stopped == "early stopping after epoch 6: score: no improvement on 2 in 4 epochs"
        assert (net.params() == 2).all()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"folder": ""}, "a folder of checkpoints is a path or a URI, got ''"),
        ({"every_epochs": 0}, "Checkpoint: every_epochs must be a whole number"),
        ({"keep_last": 0}, "Checkpoint: keep_last must be a whole number"),
        ({"every_seconds": -1}, "every_seconds must be a number of at least 0, got -1"),
        ({"every_seconds": "10"}, "every_seconds must be a number of at least 0, got '10'"),
        ({"keep_best": True}, "keep_best must be the name of a monitor, got True"),
        ({"keep_best": "loss"}, "keep_best: there is no monitor 'loss'"),
    ],
)
def test_settings_that_are_wrong(settings, says):
    with pytest.raises(ConfigError, match=says):
        Checkpoint(**{"folder": "somewhere"} | settings)


def test_a_hadoop_folder_is_sparks(monkeypatch):
    class Hadoop:
        def __init__(self):
            self.files = {}

        def read_file(self, path):
            if path not in self.files:
                raise FileNotFoundError(path)
            return self.files[path]

        def write_file(self, content, path):
            self.files[path] = content

        def delete_file(self, path):
            del self.files[path]

    hadoop = Hadoop()
    monkeypatch.setattr("pydl4j_spark.folders.hadoop_engine", lambda purpose: hadoop)
    fit(network(SCORES), Checkpoint("hdfs://host/run/", keep_last=2))
    names = [path.rpartition("/") for path in sorted(hadoop.files)]
    assert {folder for folder, _, _ in names} == {"hdfs://host/run"}
    assert [name[:17] for _, _, name in names] == ["checkpoint-000005", "checkpoint-000006", "checkpoints.json"]
    assert last_checkpoint("hdfs://host/run").epoch == 6


def test_a_history_comes_back_from_json():
    net = network(SCORES, loss="mse", activation="identity")
    targets = np.zeros((6, 3), np.float32)
    history = net.fit((X, targets), epochs=2, validation=(X, targets), progress=False)
    back = History.from_dict(json.loads(json.dumps(history.to_dict())))
    assert back.score == history.score
    assert back.metrics() == history.metrics()
    assert back.until(1).epoch == [1]
    assert len(back.until(1).validation) == 1
    table = back.to_pandas()
    assert list(table.index) == [1, 2]
    assert list(table.columns[:4]) == ["iteration", "rows", "seconds", "score"]
    assert table["validation_score"].tolist() == [60.0, 50.0]
