"""The engine in this process: what crosses is what was meant, on every way across; and what is started ends."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

from pydl4j_spark import DataError, Dl4jError, EngineError, InputType, MultiLayerConfiguration, MultiLayerNetwork
from pydl4j_spark.engine import local
from pydl4j_spark.engine.local import local_engine
from pydl4j_spark.engine.spark import spark_engine
from pydl4j_spark.layers import DenseLayer, OutputLayer
from pydl4j_spark.updaters import Adam
from tests.local.networks import KINDS, conf, rows

pytestmark = pytest.mark.jvm

WIDE = 6


@pytest.fixture(scope="module")
def mirror() -> MultiLayerNetwork:
    """A network whose outputs are its inputs."""
    layer = OutputLayer(n_out=WIDE, loss="mse", activation="identity")
    network = MultiLayerNetwork(
        MultiLayerConfiguration(layers=[layer], input_type=InputType.feed_forward(WIDE), seed=1)
    )
    network.to("local").set_params(np.concatenate([np.eye(WIDE).ravel(), np.zeros(WIDE)]))
    return network


LAYOUTS = {
    "contiguous": lambda x: x,
    "fortran": np.asfortranarray,
    "backwards": lambda x: np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1],
    "strided": lambda x: np.repeat(np.repeat(x, 2, axis=0), 3, axis=1)[::2, ::3],
    "big-endian": lambda x: x.astype(x.dtype.newbyteorder(">")),
    "little-endian": lambda x: x.astype(x.dtype.newbyteorder("<")),
    "read-only": lambda x: _locked(x.copy()),
    "unaligned": lambda x: _unaligned(x),
}


def _locked(x: np.ndarray) -> np.ndarray:
    x.flags.writeable = False
    return x


def _unaligned(x: np.ndarray) -> np.ndarray:
    raw = np.empty(x.nbytes + 1, np.uint8)
    raw[1:] = np.ascontiguousarray(x).view(np.uint8).ravel()
    return raw[1:].view(x.dtype).reshape(x.shape)


class TestWhatCrosses:
    @pytest.mark.parametrize("count", [1, 3, 257, 700])
    @pytest.mark.parametrize("layout", LAYOUTS)
    @pytest.mark.parametrize("dtype", ["f4", "f8", "f2", "u1", "i1", "i2", "u2", "i4", "i8", "?"])
    def test_numbers_come_back_as_they_went(self, mirror, dtype, layout, count):
        rng = np.random.default_rng(count)
        x = (rng.integers(0, 2 if dtype == "?" else 120, (count, WIDE)) * (1.25 if dtype[0] == "f" else 1)).astype(
            dtype
        )
        x.setflags(write=True)
        given = LAYOUTS[layout](x)
        assert given.shape == x.shape
        got = mirror.output(given)
        assert got.dtype == np.float32
        np.testing.assert_array_equal(got, x.astype(np.float32))

    @pytest.mark.parametrize("value", [1e-45, -0.0, 3.4e38, 16777216, 1 / 3])
    def test_to_the_last_bit(self, mirror, value):
        x = np.zeros((2, WIDE), np.float32)
        x[1, 2] = value
        np.testing.assert_array_equal(mirror.output(x)[1, 2], np.float32(value))

    def test_in_several_buffers(self, mirror, monkeypatch):
        x = np.random.default_rng(0).normal(size=(1000, WIDE)).astype(np.float32)
        monkeypatch.setattr(local, "_SEGMENT_BYTES", 7 * WIDE * 4 + 5)
        np.testing.assert_array_equal(mirror.output(x), x)

    def test_training_reads_several_buffers(self, digits, monkeypatch):
        X, y = digits
        nets = [_digits(), _digits()]
        nets[0].fit((X[:500], y[:500]), batch_size=32, progress=False)
        monkeypatch.setattr(local, "_SEGMENT_BYTES", 100 * 64 * 4)
        nets[1].fit((X[:500], y[:500]), batch_size=32, progress=False)
        assert np.array_equal(nets[0].params(), nets[1].params())

    def test_a_result_is_the_users_own(self, mirror):
        x = np.ones((2, WIDE), np.float32)
        first = mirror.output(x)
        mirror.output(x * 5)
        np.testing.assert_array_equal(first, x)
        first[:] = 7
        np.testing.assert_array_equal(mirror.output(x), x)

    def test_the_users_rows_stay_as_they_are(self, digits):
        from pydl4j_spark import NormalizerStandardize

        X, y = (part[:300].copy() for part in digits)
        before = X.copy()
        net = MultiLayerNetwork(_digits().conf, normalizer=NormalizerStandardize()).to("local")
        net.fit((X, y), progress=False)
        net.output(X[:1])
        net.output(X)
        net.gradient((X, y))
        np.testing.assert_array_equal(X, before)


class TestBothEngines:
    """What one JVM does with one network, reached through JPype and through py4j: the same numbers."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_everything_is_the_same(self, spark, kind):
        data = rows(kind, 40)
        here = MultiLayerNetwork(conf(kind)).to("local")
        there = MultiLayerNetwork(conf(kind)).to(spark)
        for settings in ({"batch_size": 8}, {"batch_size": 8, "workers": 2, "averaging_frequency": 2}):
            ours, theirs = (net.fit(data, 2, validation=data, progress=False, **settings) for net in (here, there))
            assert ours.score == theirs.score
            assert [v.loss for v in ours.validation] == [v.loss for v in theirs.validation]
        batches = [(data[0][:8], data[1][:8]), (data[0][8:20], data[1][8:20])]
        assert here.fit(batches, 2, progress=False).score == there.fit(batches, 2, progress=False).score
        assert np.array_equal(here.params(), there.params())
        assert np.array_equal(here.updater_state(), there.updater_state())
        assert np.array_equal(here.output(data[0]), there.output(data[0]))
        assert here.score(data) == there.score(data)
        assert here.evaluate(data).accuracy == there.evaluate(data).accuracy
        for ours, theirs in (
            (here.feed_forward(data[0]), there.feed_forward(data[0])),
            (here.gradient(data), there.gradient(data)),
        ):
            assert list(ours) == list(theirs)
            for name in ours:
                assert np.array_equal(ours[name], theirs[name]), name
        if kind == "recurrent":
            for t in range(3):
                step = data[0][:, :, t]
                assert np.array_equal(here.rnn_time_step(step), there.rnn_time_step(step))
        there.set_params(here.params() * 2)
        assert np.array_equal(there.params(), here.params() * 2)

    def test_they_are_told_alike(self, spark):
        here, there = local_engine(), spark_engine(spark)
        text = conf("dense").to_json()
        assert here.resolve(text) == there.resolve(text)
        assert here.describe(text) == there.describe(text)
        assert here.versions()["jar"] == there.versions()["jar"]


class TestErrors:
    def test_javas_exception_is_the_cause(self):
        with pytest.raises(Dl4jError, match="not JSON") as caught:
            local_engine().resolve("{")
        assert "Caused by: org.nd4j.shade.jackson" in caught.value.java_trace
        cause = caught.value.__cause__
        assert str(cause.getClass().getName()) == "org.pydl4j.spark.BridgeException"
        assert "Json" in str(cause.getCause().getClass().getName())

    def test_a_wrong_call_says_so(self):
        with pytest.raises(EngineError, match="did not reach the JVM"):
            local_engine().describe(object())  # type: ignore[arg-type]

    def test_hadoop_paths_need_spark(self):
        with pytest.raises(EngineError, match=r"hdfs://nowhere/model\.zip is on a Hadoop filesystem"):
            local_engine().read_file("hdfs://nowhere/model.zip")

    def test_what_dl4j_throws_does_not_harm_the_network(self, mirror):
        engine, handle = mirror._live
        before = mirror.params()
        with pytest.raises(Dl4jError, match=r"has 42 parameters, got 41"):
            engine.set_params(handle, np.zeros(41, np.float32))
        assert np.array_equal(mirror.params(), before)
        with pytest.raises(DataError, match="NaN"):
            engine.fit_arrays(handle, _arrays(mirror, np.full((4, WIDE), np.nan)), None, _settings(), lambda _: None)
        assert np.array_equal(mirror.params(), before)

    def test_one_fit_at_a_time(self, digits):
        net = _digits()
        started, go_on, outcomes = threading.Event(), threading.Event(), []

        def wait(_: Any) -> None:
            started.set()
            go_on.wait(60)

        first = threading.Thread(target=lambda: outcomes.append(net.fit(digits, callbacks=[wait], progress=False)))
        first.start()
        assert started.wait(60)
        with pytest.raises(Dl4jError, match="being trained"):
            net.fit(digits, progress=False)
        assert net.output(digits[0][:1]).shape == (1, 10)  # it stands still while a callback runs
        go_on.set()
        first.join()
        assert outcomes[0].rows == [len(digits[0])]


def _arrays(net: MultiLayerNetwork, x: np.ndarray) -> Any:
    from pydl4j_spark.engine.protocol import Arrays
    from pydl4j_spark.row_spec import Input, Output, row_spec

    x = x.astype(np.float32)
    size = x.shape[1:]
    spec = row_spec((Input(None, size),), (Output(None, size, indices=False, sparse=False),))
    return Arrays(x, x, spec, "training data")


def _settings() -> dict[str, Any]:
    from pydl4j_spark import ResidentAveragingTrainingMaster

    master = ResidentAveragingTrainingMaster(num_workers=1).settings()
    return {"epochs": 1, "shuffle": True, "normalizer": None, "evaluation": "REGRESSION", "master": master}


def _digits() -> MultiLayerNetwork:
    return MultiLayerNetwork(
        MultiLayerConfiguration(
            layers=[DenseLayer(n_out=32, activation="relu"), OutputLayer(n_out=10)],
            input_type=InputType.feed_forward(64),
            updater=Adam(5e-3),
            seed=3,
        )
    ).to("local")


INTERRUPTED = """
import os, signal, sys, threading, time
import numpy as np
from pydl4j_spark import InputType, MultiLayerConfiguration, MultiLayerNetwork
from pydl4j_spark.layers import DenseLayer, OutputLayer
X = np.random.default_rng(0).random((60_000, 200), dtype=np.float32)
y = (X[:, 0] > 0.5).astype(int)
net = MultiLayerNetwork(MultiLayerConfiguration(
    layers=[DenseLayer(n_out=400), DenseLayer(n_out=400), OutputLayer(n_out=2)],
    input_type=InputType.feed_forward(200), seed=1)).to("local")
net.output(X[:1])
before = net.params()
def press():
    time.sleep(1.5)
    os.kill(os.getpid(), signal.SIGINT)
def batches():
    while True:
        yield X[:256], y[:256]
what = {
    "fit": lambda: net.fit((X, y), 50, batch_size=256, progress=False),
    "two workers": lambda: net.fit((X, y), 50, batch_size=256, workers=2, progress=False),
    "batches": lambda: net.fit(batches(), progress=False),
    "output": lambda: [net.output(X) for _ in range(200)],
}[sys.argv[1]]
threading.Thread(target=press, daemon=True).start()
began = time.monotonic()
try:
    what()
except KeyboardInterrupt:
    print("INTERRUPTED", time.monotonic() - began < 20)
print("STILL THERE", net.output(X[:2]).shape, np.isfinite(net.params()).all(),
      sys.argv[1] == "output" or not np.array_equal(net.params(), before))
net.fit((X[:512], y[:512]), batch_size=256, progress=False)
print("TRAINS ON")
"""


@pytest.mark.slow
@pytest.mark.parametrize("what", ["fit", "two workers", "batches", "output"])
def test_ctrl_c_ends_the_work_and_not_the_network(what):
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, what], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.splitlines() == ["INTERRUPTED True", "STILL THERE (2, 2) True True", "TRAINS ON"], done.stderr


TOGETHER = """
import threading
import numpy as np
from pydl4j_spark import ConfigError, InputType, MultiLayerConfiguration, MultiLayerNetwork
from pydl4j_spark.engine.local import local_engine
from pydl4j_spark.layers import OutputLayer
conf = MultiLayerConfiguration(layers=[OutputLayer(n_out=2)], input_type=InputType.feed_forward(5), seed=1)
X, y = np.random.default_rng(0).random((300, 5)), np.arange(300) % 2
shared = MultiLayerNetwork(conf)
barrier, found = threading.Barrier(6), []
def use():
    barrier.wait()
    own = MultiLayerNetwork(conf).to("local")
    own.fit((X, y), progress=False)
    own.gradient((X, y)), own.feed_forward(X), own.output(X), own.score((X, y)), own.to_model_zip()
    try:
        local_engine().resolve("{")
    except ConfigError:
        found.append((shared.to("local").output(X[:3]).tobytes(), own.params().tobytes()))
threads = [threading.Thread(target=use) for _ in range(6)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(found), len(set(found)))
"""


@pytest.mark.slow
@pytest.mark.parametrize("attempt", range(3))
def test_many_threads_may_make_the_first_calls(attempt):
    done = subprocess.run([sys.executable, "-c", TOGETHER], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "6 1\n"), done.stderr


@pytest.mark.slow
def test_calls_leave_nothing_behind(digits):
    X, y = digits
    engine = local_engine()

    def calls(count: int) -> None:
        net = _digits()
        for i in range(count):
            net.output(X[: 1 + i % 5])
            net.output(X[:400])
            net.feed_forward(X[:10])
            net.gradient((X[:10], y[:10]))
            net.score((X[:10], y[:10]))
            net.set_params(net.params())
            if i % 20 == 0:
                net.fit((X[:64], y[:64]), workers=1 + i % 40 // 20, progress=False)
                net = MultiLayerNetwork(net.conf).to("local")
            with pytest.raises(DataError):
                net.output(X[:, :3])

    def used() -> tuple[int, int]:
        gc.collect()
        import jpype  # noqa: TID251

        jpype.JClass("java.lang.System").gc()
        threads = jpype.JClass("java.lang.Thread").activeCount()
        return engine.versions()["native"]["off_heap_used_bytes"], int(threads)

    calls(60)
    before = used()
    calls(300)
    after = used()
    assert after[0] - before[0] < 2_000_000, (before, after)
    assert after[1] <= before[1] + 3, (before, after)  # those that wait for the next call


def test_a_signal_handler_of_the_users_is_put_back(digits):
    mine = signal.getsignal(signal.SIGINT)
    _digits().fit(digits, progress=False)
    assert signal.getsignal(signal.SIGINT) is mine
