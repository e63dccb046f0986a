"""What a network asks of an engine, whichever it is: the right rows, settings and order, and nothing it refuses."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from pydl4j_spark import (
    ConfigError,
    DataError,
    EngineError,
    Evaluation,
    ImagePreProcessingScaler,
    InputType,
    MultiLayerConfiguration,
    MultiLayerNetwork,
    NormalizerStandardize,
    RegressionEvaluation,
    TrainingError,
)
from pydl4j_spark.engine.protocol import Engine
from pydl4j_spark.layers import (
    LSTM,
    Bidirectional,
    DenseLayer,
    GlobalPoolingLayer,
    LastTimeStep,
    OutputLayer,
    PReLULayer,
)
from pydl4j_spark.layers import RnnOutputLayer as RnnOutput
from pydl4j_spark.row_spec import Input, row_spec
from pydl4j_spark.updaters import Sgd
from tests.fake_engine import FakeEngine

X = np.arange(40, dtype=np.float32).reshape(10, 4)
Y = np.arange(10) % 3


def conf(**settings):
    layers = [DenseLayer(n_out=5, activation="tanh", name="hidden"), OutputLayer(n_out=3)]
    return MultiLayerConfiguration(
        **{"layers": layers, "input_type": InputType.feed_forward(4), "seed": 3, "updater": Sgd(0.1)} | settings
    )


@pytest.fixture
def engine():
    return FakeEngine()


@pytest.fixture
def net(engine):
    network = MultiLayerNetwork(conf(), labels=["a", "b", "c"])
    network.attach(engine)
    return network


class TestFit:
    def test_arrays_and_settings_as_the_engine_takes_them(self, net, engine):
        history = net.fit((X, Y), epochs=2, batch_size=4, workers=3, averaging_frequency=2, progress=False)
        training, validation, settings = engine.asked("fit_arrays")
        assert training.features is X  # not copied
        assert training.labels.tolist() == Y.tolist()
        assert training.spec["features"]["inputs"][0]["shape"] == [4]
        assert training.name == "training data"
        assert validation is None
        assert settings == {
            "epochs": 2,
            "shuffle": True,
            "normalizer": None,
            "evaluation": "CLASSIFICATION",
            "master": {
                "master": "ResidentAveragingTrainingMaster",
                "batch_size_per_worker": 4,
                "averaging_frequency": 2,
                "num_workers": 3,
                "save_updater": True,
                "round_timeout": 600,
            },
        }
        assert (history.epoch, history.score, history.rows, history.iteration) == (
            [1, 2],
            [1.0, 0.5],
            [10, 10],
            [7, 14],
        )
        assert np.isnan(history.overhead).all()

    def test_validation_is_checked_recorded_and_named(self, net, engine):
        history = net.fit((X, Y), epochs=2, validation=(X[:4], Y[:4]), shuffle=False, progress=False)
        _, validation, settings = engine.asked("fit_arrays")
        assert (len(validation.features), validation.name, settings["shuffle"]) == (4, "validation data", False)
        assert [result.rows for result in history.validation] == [4, 4]
        assert history.validation[0].labels == ("a", "b", "c")
        with pytest.raises(DataError, match=r"validation data: each row has shape \[3\]"):
            net.fit((X, Y), validation=(X[:, :3], Y), progress=False)
        with pytest.raises(DataError, match=r"validation data: expected \(X, y\) arrays, .*, got a list of 1"):
            net.fit((X, Y), validation=[(X, Y)], progress=False)

    def test_callbacks_see_the_history_and_may_use_the_network(self, net, engine, tmp_path):
        seen = []

        def callback(history):
            seen.append((len(history), net.evaluate((X, Y)).accuracy, net.output(X[:1]).shape))
            net.save(tmp_path / "model.zip")

        net.fit((X, Y), epochs=3, callbacks=[callback], progress=False)
        assert seen == [(1, 0.5, (1, 3)), (2, 0.5, (1, 3)), (3, 0.5, (1, 3))]
        assert MultiLayerNetwork.load(tmp_path / "model.zip").labels == ("a", "b", "c")

    def test_an_exception_in_a_callback_ends_the_fit(self, net):
        def stop(history):
            if len(history) == 2:
                raise RuntimeError("enough")

        with pytest.raises(RuntimeError, match="enough"):
            net.fit((X, Y), epochs=5, callbacks=[stop], progress=False)
        with pytest.raises(ConfigError, match="but int is not callable"):
            net.fit((X, Y), callbacks=[3], progress=False)

    @pytest.mark.parametrize(
        "change",
        [
            lambda net: net.fit((X, Y), progress=False),
            lambda net: net.reset(),
            lambda net: net.set_params(net.params()),
            lambda net: net.attach(FakeEngine()),
        ],
        ids=["fit", "reset", "set_params", "move"],
    )
    def test_what_trains_is_not_changed(self, net, engine, change):
        with pytest.raises(TrainingError, match=r"being trained: .* but not trained, moved"):
            net.fit((X, Y), callbacks=[lambda history: change(net)], progress=False)
        change(net)  # afterwards it may

    @pytest.mark.parametrize(
        ("settings", "says"),
        [
            ({"epochs": 0}, "^epochs must be a whole number of at least 1, got 0"),
            ({"epochs": 1.5}, "^epochs must"),
            ({"epochs": True}, "^epochs must"),
            ({"epochs": np.arange(3)}, "^epochs must"),
            ({"batch_size": 0}, "^batch_size must be a whole number of at least 1, got 0"),
            ({"batch_size": "16"}, "^batch_size must .* got '16'"),
            ({"workers": -1}, "^workers must be a whole number of at least 1, got -1"),
            ({"workers": None}, "^workers must"),
            ({"averaging_frequency": 0.5}, "^averaging_frequency must"),
        ],
    )
    def test_impossible_settings_are_refused_by_the_users_names(self, net, engine, settings, says):
        with pytest.raises(ConfigError, match=says):
            net.fit((X, Y), progress=False, **settings)
        assert [name for name, _ in engine.calls] == ["new_network"]

    def test_numpys_numbers_are_numbers(self, net, engine):
        net.fit((X, Y), epochs=np.int64(1), batch_size=np.int32(4), workers=np.uint8(2), progress=False)
        assert engine.asked("fit_arrays")[2]["master"]["batch_size_per_worker"] == 4

    def test_bad_arrays_are_refused_before_the_engine_hears_of_them(self, net, engine):
        for data, says in [
            ((X[:, :3], Y), r"each row has shape \[3\]"),
            ((X, Y[:4]), "10 rows of features"),
            ((X, np.zeros((10, 2))), "class indices"),
        ]:
            with pytest.raises(DataError, match=f"training data: .*{says}"):
                net.fit(data, progress=False)
        assert [name for name, _ in engine.calls] == ["new_network"]


class TestBatches:
    BATCHES = ((X[:4], Y[:4]), (X[4:7], Y[4:7]), (X[7:], np.eye(3)[Y[7:]]))

    def took(self, engine):
        return [rows for name, rows in engine.calls if name == "epoch"]

    @pytest.mark.parametrize(
        "make",
        [
            lambda batches: list(batches),
            lambda batches: tuple(batches),
            lambda batches: [list(batch) for batch in batches],
            lambda batches: lambda: iter(batches),
            lambda batches: lambda: list(batches),
            lambda batches: lambda: (batch for batch in batches),
            lambda batches: Loader(batches),
        ],
        ids=["list", "tuple", "lists", "function", "function of a list", "generator function", "loader"],
    )
    def test_every_epoch_gets_all_of_them_as_they_are(self, net, engine, make):
        history = net.fit(make(self.BATCHES), epochs=2, progress=False)
        epochs = self.took(engine)
        assert history.rows == [10, 10]
        assert [len(epoch) for epoch in epochs] == [3, 3]
        for epoch in epochs:
            assert [rows.name for rows in epoch] == [f"training data, minibatch {n}" for n in (1, 2, 3)]
            assert np.array_equal(np.concatenate([rows.features for rows in epoch]), X)
            assert [rows.labels.tolist() for rows in epoch[:2]] == [[0, 1, 2, 0], [1, 2, 0]]
            assert [rows.spec["labels"]["outputs"][0]["indices"] for rows in epoch] == [True, True, False]

    def test_a_generator_serves_one_epoch(self, net, engine):
        net.fit((batch for batch in self.BATCHES), progress=False)
        assert len(self.took(engine)[0]) == 3
        for once in ((batch for batch in self.BATCHES), iter(self.BATCHES), map(tuple, self.BATCHES)):
            with pytest.raises(DataError, match=r"gives its minibatches once, and epochs=2 are wanted: give a list.*"):
                net.fit(once, epochs=2, progress=False)
            assert len(list(once)) == 3  # untouched

    def test_two_minibatches_are_no_x_and_y(self, net, engine):
        for two in (list(self.BATCHES[:2]), self.BATCHES[:2], [list(batch) for batch in self.BATCHES[:2]]):
            net.fit(two, progress=False)
        assert [len(rows) for rows in self.took(engine)] == [2, 2, 2]

    def test_x_and_y_may_be_lists(self, net, engine):
        net.fit(([[1, 2, 3, 4], [5, 6, 7, 8]], [0, 2]), progress=False)
        net.fit([X[:2].tolist(), Y[:2].tolist()], progress=False)
        net.fit([X[:2], np.eye(3)[:2]], progress=False)
        assert [name for name, _ in engine.calls].count("fit_arrays") == 3

    @pytest.mark.parametrize(
        ("data", "says"),
        [
            ([(X, Y), (X[:, :3], Y)], r"training data, minibatch 2: each row has shape \[3\], the network takes \[4\]"),
            ([(X, Y), (X, Y[:3])], "minibatch 2: 10 rows of features, but labels"),
            ([(X, Y), X, X], r"minibatch 2: expected \(X, y\) arrays, .*, got one array of shape \(10, 4\)"),
            ([(X, Y, None, None, None)], r"minibatch 1: expected \(X, y\) arrays, .*, got a tuple of 5"),
            ([(X[:0], Y[:0])], "minibatch 1 has no rows"),
            ([], "training data: there are no minibatches$"),
            (lambda: iter(()), "there are no minibatches$"),
            (lambda: 3, "the function must return an iterable .* it gave int"),
            (lambda: X, "the function must return an iterable .* labels are missing"),
            (3, r"expected \(X, y\) arrays, .* an iterable .* or a function that returns one, got int"),
            (None, "got NoneType"),
            (X, r"got one array of shape \(10, 4\); labels are missing"),
            ({"x": X}, "got dict"),
            ("rows.parquet", r"a path is read by Spark; give it to SparkDl4jMultiLayer"),
        ],
    )
    def test_what_are_no_minibatches(self, net, data, says):
        with pytest.raises(DataError, match=says):
            net.fit(data, progress=False)

    def test_a_function_that_gives_the_same_iterator_again(self, net):
        used = iter(self.BATCHES)
        with pytest.raises(DataError, match="there are no minibatches in epoch 2; give a list"):
            net.fit(lambda: used, epochs=2, progress=False)

    def test_sequences_of_every_length_and_masks(self, engine):
        net = MultiLayerNetwork(conf(layers=[LSTM(n_out=4), RnnOutput(n_out=3)], input_type=InputType.recurrent(2)))
        net.attach(engine)
        short, long = np.zeros((2, 2), np.float32), np.ones((2, 3), np.float32)
        net.fit(
            [
                ([short, long], [[0, 1], [2, 2, 2]]),
                (np.stack([long, long]), np.zeros((2, 3), int), [[1, 0, 0], [1, 1, 1]]),
                (np.stack([long, long]), np.zeros((2, 3), int), None, [[1, 0, 0], [1, 1, 1]]),
                ([short], [[1, 1]]),
            ],
            progress=False,
        )
        (epoch,) = self.took(engine)
        assert [rows.features.shape for rows in epoch] == [(2, 9), (2, 9), (2, 2, 3), (1, 2, 2)]
        assert [rows.labels.shape for rows in epoch] == [(2, 6), (2, 6), (2, 6), (1, 2)]
        with pytest.raises(DataError, match="training data, minibatch 1: row 0 has 1 labels for 2 time steps"):
            net.fit([([short, long], [[0], [2, 2, 2]])], progress=False)

    def test_a_users_own_error_comes_through(self, net):
        def broken():
            yield self.BATCHES[0]
            raise OSError("disk")

        with pytest.raises(OSError, match="disk"):
            net.fit(broken(), progress=False)

    def test_normalizers_with_statistics_only(self, engine):
        net = MultiLayerNetwork(conf(), normalizer=NormalizerStandardize())
        net.attach(engine)
        with pytest.raises(DataError, match=r"give one that has its statistics, NormalizerStandardize\(mean=..., std="):
            net.fit(list(self.BATCHES), progress=False)
        fitted = NormalizerStandardize(mean=np.zeros(4), std=np.ones(4))
        for normalizer in (fitted, ImagePreProcessingScaler()):
            net = MultiLayerNetwork(conf(), normalizer=normalizer)
            net.attach(engine)
            net.fit(list(self.BATCHES), progress=False)
            assert type(net.normalizer) is type(normalizer)


class Loader:
    """As a DataLoader: iterated anew in every epoch, and no list."""

    def __init__(self, batches):
        self.batches = batches

    def __iter__(self):
        yield from self.batches

    def __call__(self):
        raise AssertionError("it is iterated, not called")


class TestNormalizer:
    def test_fitted_by_the_first_fit_only(self, engine):
        net = MultiLayerNetwork(conf(), normalizer=NormalizerStandardize())
        net.attach(engine)
        assert net.normalizer is None
        net.fit((X, Y), progress=False)
        net.fit((X, Y), progress=False)
        specs = [arguments[2]["normalizer"] for name, arguments in engine.calls if name == "fit_arrays"]
        assert specs == [{"type": "standardize"}, None]
        assert net.normalizer.mean.tolist() == [0] * 4

    def test_one_with_statistics_goes_with_the_network_once_it_has_a_jvm(self, engine):
        given = NormalizerStandardize(mean=np.full(4, 2.0), std=np.ones(4))
        net = MultiLayerNetwork(conf(), normalizer=given)
        assert net.normalizer is given
        net.attach(engine)
        assert net.normalizer.mean.tolist() == [2] * 4
        net.fit((X, Y), progress=False)
        assert engine.asked("fit_arrays")[2]["normalizer"] is None

    def test_a_fit_that_failed_leaves_it_to_the_next(self, engine):
        net = MultiLayerNetwork(conf(), normalizer=NormalizerStandardize())
        net.attach(engine)
        with pytest.raises(ZeroDivisionError):
            net.fit((X, Y), callbacks=[lambda history: 1 / 0], progress=False)
        net.fit((X, Y), progress=False)
        assert [a[2]["normalizer"] for n, a in engine.calls if n == "fit_arrays"] == [{"type": "standardize"}] * 2

    def test_reset_fits_anew(self, engine):
        net = MultiLayerNetwork(conf(), normalizer=NormalizerStandardize(), labels=["a", "b", "c"])
        net.attach(engine)
        net.fit((X, Y), progress=False)
        net.set_params(np.zeros(net.n_params))
        net.reset()
        assert net.params().tolist() == list(range(net.n_params))
        assert net.normalizer is None and net.labels == ("a", "b", "c")
        net.fit((X, Y), progress=False)
        assert [a[2]["normalizer"] for n, a in engine.calls if n == "fit_arrays"] == [{"type": "standardize"}] * 2

    def test_something_else(self):
        with pytest.raises(ConfigError, match="expected a normalizer, got str"):
            MultiLayerNetwork(conf(), normalizer="standardize")


class TestNumbers:
    def test_evaluations(self, net, engine):
        ev = net.evaluate((X, Y))
        assert isinstance(ev, Evaluation) and ev.labels == ("a", "b", "c") and ev.rows == 10
        assert isinstance(net.evaluate_regression((X, np.eye(3)[Y])), RegressionEvaluation)
        assert net.evaluate_roc((X, Y)).curves[1].label == "b"
        assert net.score((X, Y)) == 0.25
        assert np.isnan(net.score((X[:1], Y[:1])))
        kinds = [arguments[1] for name, arguments in engine.calls if name == "evaluate_arrays"]
        assert kinds == ["CLASSIFICATION", "REGRESSION", "ROC_MULTI_CLASS", "SCORE", "SCORE"]

    def test_the_loss_decides_what_an_evaluation_is(self, engine):
        value = MultiLayerNetwork(conf(layers=[OutputLayer(n_out=1, loss="mse", activation="identity")]))
        value.attach(engine)
        assert isinstance(value.evaluate((X, Y.astype(float))), RegressionEvaluation)
        answer = MultiLayerNetwork(conf(layers=[OutputLayer(n_out=1, loss="xent", activation="sigmoid")]))
        answer.attach(engine)
        answer.evaluate_roc((X, Y % 2))
        assert engine.calls[-1][1][1] == "ROC_BINARY"

    @pytest.mark.parametrize("call", ["evaluate", "evaluate_regression", "evaluate_roc", "score", "gradient"])
    def test_only_arrays_are_evaluated(self, net, call):
        for data, says in [([(X, Y)], "got a list of 1"), (X, "labels are missing"), ("rows.csv", "read by Spark")]:
            with pytest.raises(DataError, match=says):
                getattr(net, call)(data)

    def test_output_and_predict(self, net, engine):
        assert net.output(X).tolist() == [[0, 1, 2]] * 10
        assert net.predict(X).tolist() == [2] * 10
        rows, normalize = engine.calls[-1][1]
        assert rows.features is X and rows.labels is None and normalize
        assert rows.spec == row_spec((Input(None, (4,)),), None)
        with pytest.raises(DataError, match=r"the rows to score: each row has shape \[2\]"):
            net.output(X[:, :2])

    def test_layers_by_name(self, net, engine):
        activations = net.feed_forward(X, train=True)
        assert {name: int(values[0, 0]) for name, values in activations.items()} == {"hidden": 0, "layer1": 1}
        assert engine.asked("feed_forward")[1] is True

    def test_gradient(self, net, engine):
        assert list(net.gradient((X, Y))) == ["0_W"]
        assert engine.asked("gradient")[0].labels is not None


class TestParams:
    def test_round_trip(self, net, engine):
        wanted = np.linspace(-1, 1, net.n_params)
        net.set_params(wanted)
        assert net.params().tolist() == wanted.astype(np.float32).tolist()
        net.set_params(wanted.reshape(1, -1)[:, ::-1])
        assert net.params().tolist() == wanted[::-1].astype(np.float32).tolist()
        net.set_params(list(range(net.n_params)))
        assert engine.calls[-1][1][0].dtype == np.float32

    def test_doubles_stay_doubles(self, engine):
        net = MultiLayerNetwork(conf(data_type="double"))
        net.attach(engine)
        net.set_params(np.full(net.n_params, 0.1))
        assert net.params().tolist() == [0.1] * net.n_params

    @pytest.mark.parametrize(
        ("params", "says"),
        [
            (np.zeros(42), r"the network has 43 parameters, got an array of shape \(42,\)"),
            (np.zeros((43, 1)), r"got an array of shape \(43, 1\)"),
            (np.full(43, np.nan), "43 of 43 parameters are no finite numbers as float32, the first at 0"),
            (
                np.r_[np.zeros(40), np.inf, 1e39, 0],
                "2 of 43 parameters are no finite .*, the first at 40",
            ),
            (np.full(43, "a"), "parameters must be numbers"),
            (np.zeros(43, complex), "parameters must be numbers"),
        ],
    )
    def test_what_are_no_parameters(self, net, engine, params, says):
        with pytest.raises(DataError, match=says):
            net.set_params(params)
        assert net.params().tolist() == list(range(43))


class TestRecurrent:
    def sequences(self, engine, *layers, given=None):
        settings = {"layers": [*layers], "input_type": given or InputType.recurrent(2, 9)}
        net = MultiLayerNetwork(conf(**settings))
        net.attach(engine)
        return net

    def test_steps(self, engine):
        net = self.sequences(engine, LSTM(n_out=4), RnnOutput(n_out=3))
        assert net.rnn_time_step(np.zeros((5, 2))).shape == (5, 3)
        assert net.rnn_time_step(np.zeros((5, 2, 1))).shape == (5, 3, 1)
        assert net.rnn_time_step(np.zeros((5, 2, 4))).shape == (5, 3, 4)  # not the 9 that it was trained on
        shapes = [
            arguments[0].spec["features"]["inputs"][0]["shape"]
            for name, arguments in engine.calls
            if name == "rnn_time_step"
        ]
        assert shapes == [[2, 1], [2, 1], [2, 4]]
        net.rnn_clear_previous_state()
        assert engine.calls[-1][0] == "rnn_clear_previous_state"

    @pytest.mark.parametrize("shape", [(5, 4), (5, 3), (5, 3, 4), (5, 4, 3), (2,), (0, 2), (5, 2, 0), (5, 2, 2, 2)])
    def test_what_are_no_steps(self, engine, shape):
        net = self.sequences(engine, LSTM(n_out=4), RnnOutput(n_out=3))
        with pytest.raises(DataError, match="the time steps"):
            net.rnn_time_step(np.zeros(shape))

    def test_networks_that_cannot(self, engine, net):
        with pytest.raises(ConfigError, match="this network has none: use output"):
            net.rnn_time_step(X)
        dense = self.sequences(engine, DenseLayer(n_out=3), RnnOutput(n_out=3))
        with pytest.raises(ConfigError, match="this network has none"):
            dense.rnn_time_step(np.zeros((1, 2)))
        both = self.sequences(engine, Bidirectional(LSTM(n_out=4)), RnnOutput(n_out=3))
        with pytest.raises(ConfigError, match=r"layer 0 \(layer0, Bidirectional\): it looks at whole sequences"):
            both.rnn_time_step(np.zeros((1, 2)))
        for layers in ([LastTimeStep(LSTM(n_out=4))], [LSTM(n_out=4), GlobalPoolingLayer()]):
            last = self.sequences(engine, *layers, OutputLayer(n_out=3))
            with pytest.raises(ConfigError, match="it looks at whole sequences"):
                last.rnn_time_step(np.zeros((1, 2)))
        assert "rnn_time_step" not in [name for name, _ in engine.calls]

    def test_nothing_to_clear_starts_no_jvm(self):
        MultiLayerNetwork(conf()).rnn_clear_previous_state()


class TestPlaces:
    def test_moving_takes_everything_along(self, net, engine, tmp_path):
        net.set_params(np.full(43, 2.5))
        net._normalize_by(NormalizerStandardize(mean=np.zeros(4), std=np.ones(4)))
        other = FakeEngine()
        net.attach(other)
        assert [name for name, _ in other.calls] == ["restore_network"]
        assert net.params().tolist() == [2.5] * 43
        assert net.normalizer.std.tolist() == [1] * 4
        net.output(X)
        assert engine.calls[-1][0] == "set_params"  # nothing more is asked of the first
        assert other.calls[-1][0] == "output"

    def test_to_local(self, monkeypatch, engine):
        monkeypatch.setattr("pydl4j_spark.at_hand._local", lambda: engine)
        net = MultiLayerNetwork(conf())
        assert net.to("local") is net
        assert net._live[0] is engine
        for place in ("spark", 3, None):
            with pytest.raises(ConfigError, match="moves to 'local' or to a SparkSession"):
                net.to(place)

    def test_without_a_session_the_local_engine_is_at_hand(self, monkeypatch, engine):
        monkeypatch.setattr("pydl4j_spark.at_hand._active_session", lambda: None)
        monkeypatch.setattr("pydl4j_spark.at_hand._local", lambda: engine)
        assert MultiLayerNetwork(conf()).output(X).shape == (10, 3)
        monkeypatch.setattr("pydl4j_spark.at_hand._active_session", lambda: "session")
        monkeypatch.setattr("pydl4j_spark.at_hand._spark", lambda session: session == "session" and FakeEngine())
        net = MultiLayerNetwork(conf())
        net.output(X)
        assert net._live[0] is not engine

    def test_uris_need_spark(self, monkeypatch, net):
        monkeypatch.setattr("pydl4j_spark.at_hand._active_session", lambda: None)
        with pytest.raises(EngineError, match=r"writing hdfs://host/model.zip needs a Spark session"):
            net.save("hdfs://host/model.zip")
        with pytest.raises(EngineError, match=r"reading file:/tmp/model.zip needs .* a local path without 'file:'"):
            MultiLayerNetwork.load("file:/tmp/model.zip")

    def test_a_local_network_is_written_to_hadoop_by_spark(self, monkeypatch, net):
        class Hadoop(FakeEngine):
            def write_file(self, content, path):
                self.calls.append(("write_file", (content, path)))

        hadoop = Hadoop()
        monkeypatch.setattr("pydl4j_spark.network_state.hadoop_engine", lambda purpose: hadoop)
        net.save("hdfs://host/model.zip")
        content, path = hadoop.asked("write_file")
        assert path == "hdfs://host/model.zip"
        assert content[:2] == b"PK"

    def test_files(self, net, tmp_path, monkeypatch):
        net.set_params(np.full(43, 2.5))
        monkeypatch.chdir(tmp_path)
        net.save("model.zip")
        loaded = MultiLayerNetwork.load("model.zip")
        assert loaded.params().tolist() == [2.5] * 43
        assert (loaded.labels, loaded.conf, loaded._live) == (net.labels, net.conf, None)
        loaded.save("again.zip", save_updater=False)
        assert MultiLayerNetwork.load("again.zip").params().tolist() == [2.5] * 43


def test_the_fake_is_an_engine():
    wanted = {name for name in vars(Engine) if not name.startswith("_")}
    assert wanted - set(dir(FakeEngine)) == {
        "versions",
        "resolve",
        "describe",
        "read_file",
        "write_file",
        "delete_file",
    }


def test_a_local_network_needs_no_pyspark():
    script = """
import sys
import numpy as np
import pydl4j_spark.at_hand as at_hand
from tests.fake_engine import FakeEngine
from tests.test_network import X, Y, conf
from pydl4j_spark import MultiLayerNetwork

at_hand._local = FakeEngine
net = MultiLayerNetwork(conf())
net.fit((X, Y), progress=False)
net.fit([(X, Y)], epochs=2, progress=False)
net.evaluate((X, Y)), net.output(X), net.predict(X), net.feed_forward(X), net.gradient((X, Y)), net.reset()
sys.exit("pyspark" in sys.modules or "py4j" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_minibatches_that_dl4j_cannot_train_are_refused(engine):
    layers = [DenseLayer(n_out=6), PReLULayer(), OutputLayer(n_out=2)]
    net = MultiLayerNetwork(MultiLayerConfiguration(layers, input_type=InputType.feed_forward(4)))
    net.attach(engine)
    data = np.zeros((70, 4)), np.zeros(70, dtype=int)
    with pytest.raises(ConfigError, match=r"layer 1 \(layer1, PReLULayer\).* more than 64 rows at once .* have 65"):
        net.fit(data, batch_size=65, progress=False)
    net.fit(data, batch_size=64, progress=False)
