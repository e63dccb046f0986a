"""Training inside this process: it learns, it goes on, and it is the training that Spark does."""

from __future__ import annotations

import numpy as np
import pytest

from pydl4j_spark import (
    DataError,
    ImagePreProcessingScaler,
    MultiLayerNetwork,
    NormalizerMinMaxScaler,
    NormalizerStandardize,
    ResidentAveragingTrainingMaster,
    SparkDl4jMultiLayer,
)
from tests.conftest import digits_conf
from tests.local.networks import KINDS, conf, rows

pytestmark = pytest.mark.jvm


def fresh(engine, made, **settings):
    network = MultiLayerNetwork(made, **settings)
    network.attach(engine)
    return network


@pytest.mark.parametrize("workers", [1, 2])
def test_the_digits_are_learnt(engine, digits, workers):
    X, y = digits
    net = fresh(engine, digits_conf(), normalizer=NormalizerStandardize())
    history = net.fit((X[:1400], y[:1400]), epochs=6, workers=workers, validation=(X[1400:], y[1400:]), progress=False)
    ev = net.evaluate((X[1400:], y[1400:]))
    assert ev.accuracy > 0.9
    assert history.rows == [1400] * 6
    assert history.epoch == [1, 2, 3, 4, 5, 6]
    assert history.score[-1] < history.score[0] / 2
    assert history.validation[-1].accuracy == ev.accuracy
    assert np.mean(net.predict(X[1400:]) == y[1400:]) == pytest.approx(ev.accuracy)
    assert (net.epoch, net.iteration) == (6, history.iteration[-1])
    np.testing.assert_allclose(net.normalizer.mean.ravel(), X[:1400].mean(0), atol=1e-4)


def test_callbacks_may_evaluate_and_save_what_stands_still(engine, digits, tmp_path):
    X, y = digits[0][:200], digits[1][:200]
    net = fresh(engine, digits_conf(), normalizer=ImagePreProcessingScaler(max_pixel_val=16))
    seen = []

    def look(history):
        net.save(tmp_path / f"{len(history)}.zip")
        seen.append((net.params(), net.score((X, y)), net.output(X[:3]), net.evaluate((X, y)).accuracy))

    history = net.fit((X, y), epochs=3, workers=2, callbacks=[look], progress=False)
    for epoch, (params, score, output, accuracy) in enumerate(seen, 1):
        saved = MultiLayerNetwork.load(tmp_path / f"{epoch}.zip").to("local")
        assert saved.epoch == epoch
        assert np.array_equal(saved.params(), params)
        assert np.array_equal(saved.output(X[:3]), output)
        assert saved.score((X, y)) == score
        assert saved.evaluate((X, y)).accuracy == accuracy
    assert np.array_equal(net.params(), seen[-1][0])
    # And they change nothing.
    calm = fresh(engine, digits_conf(), normalizer=ImagePreProcessingScaler(max_pixel_val=16))
    assert calm.fit((X, y), epochs=3, workers=2, progress=False).score == history.score
    assert np.array_equal(calm.params(), net.params())


def test_an_exception_in_a_callback_ends_the_fit_and_the_network_lives(engine, digits):
    X, y = digits[0][:100], digits[1][:100]

    def stop(history):
        raise RuntimeError("enough")

    net = fresh(engine, digits_conf())
    with pytest.raises(RuntimeError, match="enough"):
        net.fit((X, y), epochs=50, callbacks=[stop], progress=False)
    assert net.epoch == 1
    assert np.isfinite(net.output(X)).all()
    assert net.fit((X, y), progress=False).epoch == [2]


def test_a_network_that_was_saved_goes_on_bit_for_bit(engine, digits, tmp_path):
    X, y = digits[0][:200], digits[1][:200]
    whole, part = (fresh(engine, digits_conf(), normalizer=NormalizerStandardize()) for _ in range(2))
    whole.fit((X, y), epochs=4, workers=2, progress=False)
    part.fit((X, y), epochs=2, workers=2, progress=False)
    part.save(tmp_path / "part.zip")
    loaded = MultiLayerNetwork.load(tmp_path / "part.zip").to("local")
    assert loaded.fit((X, y), epochs=2, workers=2, progress=False).epoch == [3, 4]
    assert np.array_equal(loaded.params(), whole.params())
    assert np.array_equal(loaded.updater_state(), whole.updater_state())
    whole.reset()
    assert whole.epoch == whole.iteration == 0
    whole.fit((X, y), epochs=4, workers=2, progress=False)
    assert np.array_equal(loaded.params(), whole.params())


class TestEquality:
    """The same bits as on Spark."""

    @pytest.mark.parametrize(
        ("kind", "normalizer"),
        [
            ("dense", None),
            ("dense", NormalizerMinMaxScaler(-1, 1)),
            ("convolutional", ImagePreProcessingScaler()),
            ("recurrent", NormalizerStandardize()),
        ],
    )
    @pytest.mark.parametrize("workers", [1, 2])
    def test_with_as_many_workers(self, spark, engine, kind, workers, normalizer):
        X, y = rows(kind, 75)  # a last round that is short, and a minibatch that is
        master = ResidentAveragingTrainingMaster(num_workers=workers, batch_size_per_worker=8, averaging_frequency=2)
        there = SparkDl4jMultiLayer(spark, conf(kind), master, normalizer=normalizer)
        here = fresh(engine, conf(kind), normalizer=normalizer)
        theirs = there.fit((X, y), epochs=3, validation=(X[:20], y[:20]), progress=False)
        ours = here.fit(
            (X, y),
            epochs=3,
            batch_size=8,
            workers=workers,
            averaging_frequency=2,
            validation=(X[:20], y[:20]),
            progress=False,
        )
        assert np.array_equal(here.params(), there.network.params())
        assert np.array_equal(here.updater_state(), there.network.updater_state())
        assert (ours.score, ours.rows, ours.iteration) == (theirs.score, theirs.rows, theirs.iteration)
        assert ours.validation[-1].loss == pytest.approx(theirs.validation[-1].loss, rel=1e-6)
        assert np.array_equal(here.output(X), there.output(X))
        assert np.array_equal(here.predict(X), there.predict(X))
        mine, spark_ev = here.evaluate((X, y)), there.evaluate((X, y))
        assert np.array_equal(mine.confusion_matrix, spark_ev.confusion_matrix)
        assert mine.loss == pytest.approx(spark_ev.loss, rel=1e-6)

    @pytest.mark.parametrize("dtype", [np.uint8, np.float64, np.int32])
    def test_whatever_type_the_rows_have(self, engine, digits, dtype):
        X, y = digits[0][:64], digits[1][:64]
        nets = [fresh(engine, digits_conf()) for _ in range(2)]
        nets[0].fit((X, y), progress=False)
        nets[1].fit((np.asfortranarray(X.astype(dtype)), np.eye(10)[y]), progress=False)
        assert np.array_equal(nets[0].params(), nets[1].params())
        assert np.array_equal(nets[0].output(X), nets[1].output(X.astype(dtype)[::-1])[::-1])

    def test_arrays_that_may_not_be_written_to(self, engine, digits):
        X, y = digits[0][:64].copy(), digits[1][:64].astype(np.float32)
        free, locked = (fresh(engine, digits_conf()) for _ in range(2))
        free.fit((X, y), progress=False)
        expected = free.output(X[:2]), free.output(X)
        X.flags.writeable = y.flags.writeable = False
        locked.fit((X, y), progress=False)
        assert np.array_equal(locked.output(X[:2]), expected[0])
        assert np.array_equal(locked.output(X), expected[1])
        params = locked.params()
        params.flags.writeable = False
        free.set_params(params)
        assert np.array_equal(free.params(), params)

    def test_a_network_moves_to_spark_and_back(self, spark, engine, digits):
        X, y = digits[0][:100], digits[1][:100]
        still = fresh(engine, digits_conf(), normalizer=NormalizerStandardize())
        moved = fresh(engine, digits_conf(), normalizer=NormalizerStandardize())
        for net in (still, moved):
            net.fit((X, y), progress=False)
        assert moved.to(spark) is moved
        assert np.array_equal(moved.output(X), still.output(X))
        for net in (still, moved):
            net.fit((X, y), progress=False)  # the one here, the other in the driver's JVM
        moved.to("local")
        assert np.array_equal(moved.params(), still.params())
        assert np.array_equal(moved.updater_state(), still.updater_state())
        assert moved.epoch == still.epoch == 2


class TestBatches:
    @pytest.mark.parametrize("workers", [1, 2])
    @pytest.mark.parametrize("kind", KINDS)
    def test_minibatches_equal_arrays_in_order(self, engine, kind, workers):
        X, y = rows(kind, 75)
        batches = [(X[i : i + 8], y[i : i + 8]) for i in range(0, 75, 8)]
        arrays, listed = (fresh(engine, conf(kind)) for _ in range(2))
        settings = {"epochs": 2, "workers": workers, "averaging_frequency": 2, "progress": False}
        expected = arrays.fit((X, y), batch_size=8, shuffle=False, **settings)
        found = listed.fit(batches, **settings)
        assert found.rows == expected.rows == [75, 75]
        if workers == 1:  # with more, arrays and minibatches may be dealt differently
            assert np.array_equal(listed.params(), arrays.params())
            assert found.score == pytest.approx(expected.score, rel=1e-6)
        again = fresh(engine, conf(kind))
        again.fit(lambda: iter(batches), **settings)
        assert np.array_equal(again.params(), listed.params())

    def test_bad_minibatches_end_the_fit_by_number(self, engine, digits):
        X, y = digits
        net = fresh(engine, digits_conf())
        with pytest.raises(DataError, match="minibatch 2: each row has shape"):
            net.fit([(X[:8], y[:8]), (X[:8, :3], y[:8])], progress=False)
        with pytest.raises(DataError, match="NaN"):
            net.fit([(X[:8], y[:8]), (X[:8] * np.nan, y[:8])], progress=False)
        assert np.isfinite(net.params()).all()
        assert net.fit([(X[:8], y[:8])], progress=False).rows == [8]

    def test_a_users_own_error_comes_through(self, engine, digits):
        def broken():
            yield digits[0][:8], digits[1][:8]
            raise OSError("disk")

        net = fresh(engine, digits_conf())
        with pytest.raises(OSError, match="disk"):
            net.fit(broken(), progress=False)
        assert np.isfinite(net.params()).all()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda X, y: (np.where(np.arange(64) == 3, np.nan, X), y), "NaN or infinity"),
        (lambda X, y: (X, np.where(y == 3, 11, y)), "outside the classes"),
        (lambda X, y: (X, np.where(y == 3, 0.5, y)), "no class index"),
    ],
)
def test_bad_rows_are_refused_before_training(engine, digits, change, says):
    net = fresh(engine, digits_conf())
    before = net.params()
    with pytest.raises(DataError, match=says):
        net.fit(change(digits[0][:50], digits[1][:50]), progress=False)
    assert np.array_equal(net.params(), before)
    assert net.epoch == 0
