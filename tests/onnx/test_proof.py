"""What exports are compared on and with, without a JVM: rows, references, recorded probes, states, and the record."""

from __future__ import annotations

import base64
import copy
import io

import numpy as np
import onnx
import pytest
from attrs import evolve

from pydl4j_spark import at_hand
from pydl4j_spark.errors import DataError, EngineError, ExportError, ModelFormatError
from pydl4j_spark.model_zip import read_model_zip, write_model_zip
from pydl4j_spark.normalizers import NormalizerStandardize
from pydl4j_spark.onnx import Converter, Value, export_onnx, trials, verify_export
from pydl4j_spark.onnx.graph import BATCH
from pydl4j_spark.onnx.inputs import NetworkInput
from pydl4j_spark.onnx.verify import run_onnx
from pydl4j_spark.probe import LARGEST_PROBE, Probe, Trial, probe_of

from .cases import as_onnx, built, changed, load, props

ROWS = NetworkInput("rows", (BATCH, 3), "NC")
WORDS = NetworkInput("words", (BATCH, "T"), "NC", 11)
STEPS = NetworkInput("steps", (BATCH, 2, "T"), "NCW")
LATE = NetworkInput("late", (BATCH, "T", 2), "NWC")


# --- rows


def test_drawn_rows_are_the_same_every_time_and_of_two_sizes_and_lengths():
    first, second = (trials.drawn([ROWS, WORDS, STEPS, LATE], ()) for _ in range(2))
    assert [trial.rows for trial in first] == [1, 3]
    for x, y in zip(first, second, strict=True):
        assert all(map(np.array_equal, x.inputs, y.inputs))
    one, three = first
    assert one.inputs[2].shape == (1, 2, 11) and three.inputs[2].shape == (3, 2, 7)
    assert three.inputs[3].shape == (3, 7, 2) and three.inputs[1].shape == (3, 7)
    assert set(np.unique(three.inputs[1])) <= set(range(11))
    assert all(array.dtype == np.float32 for array in three.inputs) and not three.is_masked


def test_drawn_masks_have_padding_gaps_and_never_nothing():
    some = trials.drawn([ROWS, STEPS, LATE], {"steps", "late"})
    whole = [all(mask is None or mask.all() for mask in trial.masks) for trial in some]
    assert whole == [True, True, False, False, False] and all(trial.is_masked for trial in some)
    assert {trial.rows for trial in some[2:]} == {1, 3}
    for trial in some[2:]:
        assert trial.masks[0] is None
        for mask, array, axis in zip(trial.masks[1:], trial.inputs[1:], (2, 1), strict=True):
            assert mask.shape == (trial.rows, array.shape[axis]) and mask.any(axis=1).all() and not mask.all()
    padded, gaps = some[2].masks[1], some[4].masks[1]
    assert (np.diff(padded, axis=1) <= 0).all() and (padded[:, 0] == 1).all()
    assert gaps[0, 0] == 0 and (np.diff(gaps, axis=1) > 0).any()


def test_given_rows_in_every_form(tmp_path):
    rows, steps = np.ones((5, 3)), np.zeros((5, 2, 4))
    mask = np.tril(np.ones((5, 4)))
    named = {"rows": rows, "steps": steps, "steps_mask": mask}
    np.savez(tmp_path / "rows.npz", y=np.zeros(5), **named)
    for data in ((rows, steps), {"rows": rows, "steps": steps}, named, tmp_path / "rows.npz"):
        one, five = trials.given([ROWS, STEPS], {"steps"}, data)
        assert (one.rows, five.rows) == (1, 5) and five.inputs[1].dtype == np.float32
        assert five.masks[0] is None and five.masks[1].all() == (data is not named and data != tmp_path / "rows.npz")
    np.savez(tmp_path / "X.npz", X=rows)
    np.save(tmp_path / "X.npy", rows)
    for data in (rows, [rows], rows.tolist(), tmp_path / "X.npz", str(tmp_path / "X.npy")):
        if isinstance(data, list) and len(data) == 5:
            data = np.array(data)
        assert np.array_equal(trials.given([ROWS], (), data)[1].inputs[0], rows)


def test_one_given_row_makes_a_batch_of_two_and_very_many_are_cut():
    assert [trial.rows for trial in trials.given([ROWS], (), np.ones((1, 3)))] == [1, 2]
    assert [trial.rows for trial in trials.given([ROWS], (), np.ones((5000, 3)))] == [1, trials.MOST_ROWS]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (np.ones((5, 3)), "data are 5 arrays|data are 1 arrays"),
        ([np.ones((5, 3))], "data are 1 arrays"),
        ([np.ones((5, 3)), np.ones((4, 2, 6))], "rows; each input"),
        ([np.ones((0, 3)), np.ones((0, 2, 6))], "rows; each input"),
        ([np.ones((5, 3)), np.ones((5, 6))], "are no rows for an input"),
        ([np.ones((5, 4)), np.ones((5, 2, 6))], r"shape \(5, 4\) .* are no rows for an input of \('N', 3\)"),
        ([np.array([["a", "b", "c"]]), np.ones((1, 2, 6))], "are no rows for an input"),
        ({"rows": np.ones((5, 3))}, "'steps' is missing"),
        ([np.full((5, 3), np.nan), np.ones((5, 2, 6))], r"data of input 'rows' hold nan at \(0, 0\)"),
        ([np.ones((5, 3)), np.diag([1, 1e39])[None].repeat(5, 0)], r"data of input 'steps' hold 1e\+39 at \(0, 1, 1\)"),
        ({"rows": np.ones((5, 3)), "steps": np.ones((5, 2, 6)), "rows_mask": 1}, "none called 'rows_mask'"),
        ({"rows": np.ones((5, 3)), "steps": np.ones((5, 2, 6)), "steps_mask": np.ones((5, 5))}, "the mask of 'steps'"),
        ({"rows": np.ones((5, 3)), "steps": np.ones((5, 2, 6)), "steps_mask": [["1"] * 6] * 5}, "the mask of 'steps'"),
    ],
)
def test_given_rows_that_do_not_fit(data, told):
    with pytest.raises(ExportError, match=told):
        trials.given([ROWS, STEPS], {"steps"}, data)


def test_files_of_rows_that_are_none(tmp_path):
    np.savez(tmp_path / "rows.npz", pixels=np.ones((5, 3)))
    (tmp_path / "no.npz").write_bytes(b"no zip")
    (tmp_path / "empty.npy").write_bytes(b"")
    np.savez(tmp_path / "objects.npz", X=np.array([{}], object))
    whole = (tmp_path / "rows.npz").read_bytes()
    (tmp_path / "flipped.npz").write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
    damaged = ((name, f"{name} cannot be read as ") for name in ("no.npz", "empty.npy", "objects.npz", "flipped.npz"))
    for name, told in (*damaged, ("rows.npz", "it has pixels"), ("rows.csv", "as .npz or .npy")):
        with pytest.raises(DataError, match=told):
            trials.given([ROWS], (), tmp_path / name)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_rows_before_and_behind_a_normalizer_belong_together(dtype):
    normalizer = NormalizerStandardize(mean=np.array([1.1, -7, 0.3]), std=np.array([3.3, 0.7, 11]))
    for trial in (trials.drawn([ROWS], ())[1], *trials.given([ROWS], (), np.random.default_rng(0).normal(size=(5, 3)))):
        found = trials.normalized(trial, normalizer, embedded=True, dtype=np.dtype(dtype))
        (z,), (raw,) = found.inputs, found.raw
        assert z.dtype == np.float32  # as DL4J gets it
        np.testing.assert_array_equal(raw.astype(dtype), raw)  # as the file gets it
        # What the file makes of its rows, in its own type, is what DL4J gets.
        np.testing.assert_allclose(normalizer.transform(raw.astype(np.float64)), z, rtol=1e-7, atol=1e-7)
        if dtype == np.float64:
            np.testing.assert_allclose(normalizer.transform(raw), z, rtol=1e-14, atol=1e-14)


# --- who knows, and what is told


def test_a_reference_is_asked_at_two_batch_sizes(path):
    case, asked = load("dense"), []

    def reference(x):
        asked.append(len(x))
        return as_onnx(case)(x)

    report = export_onnx(case.model, path, reference=reference)
    assert asked == [1, 3] and report.verified_by == "reference"
    wrong = lambda x: as_onnx(case)(x) + (0.01 if len(x) == 1 else 0)  # noqa: E731
    with pytest.raises(ExportError, match="differs from DL4J in 6 of 6"):
        export_onnx(case.model, path, reference=wrong)


def test_the_differences_are_printed_and_stand_last_in_the_file(path, capsys):
    case = load("dense_dense_output")
    shifted = lambda x: as_onnx(case)(x) + np.float32(2e-6)  # noqa: E731
    contents, said = [], []
    for options in (
        {"verify": False},
        {"reference": shifted},
        {"reference": as_onnx(case), "data": case.x, "atol": 1e-3},
    ):
        export_onnx(case.model, path, **options)
        contents.append(path.read_bytes())
        said.append(capsys.readouterr())
    assert [one.out for one in said] == [""] * 3 and said[0].err == ""
    assert f"{path} equals DL4J: largest difference " in said[1].err and "seed 20210608" in said[1].err
    assert "(allowed: 0.001 and 0.0001), batches of 1 and 3" in said[2].err and "seed" not in said[2].err
    export_onnx(case.model, path, reference=as_onnx(case), progress=False)
    assert capsys.readouterr().err == ""

    model = onnx.load_model_from_string(contents[1])
    record = {p.key: p.value for p in model.metadata_props if p.key.startswith(("verify_", "verified"))}
    assert record["verified"] == "true" and record["verify_against"] == "reference"
    assert record["verify_tolerance"] == "atol=1e-05 rtol=0.0001" and record["verify_batches"] == "1,3"
    assert 1e-6 < float(record["verify_max_abs_error"]) < 3e-6 and record["verify_seed"] == "20210608"
    assert len({content[: _record_at(content)] for content in contents}) == 1


def _record_at(content: bytes) -> int:
    """Where the record begins: what comes before is the model's own."""
    model = onnx.load_model_from_string(content)
    tail = onnx.ModelProto()
    for entry in model.metadata_props:
        if entry.key.startswith(("verify_", "verified")):
            tail.metadata_props.append(entry)
    record = tail.SerializeToString(deterministic=True)
    assert content.endswith(record)
    return len(content) - len(record)


def test_tolerances_are_the_callers(path):
    case = load("dense")
    shifted = lambda x: as_onnx(case)(x) + np.float32(1e-3)  # noqa: E731
    export_onnx(case.model, path, reference=shifted, atol=1e-2)
    assert props(path)["verify_tolerance"] == "atol=0.01 rtol=0.0001"
    with pytest.raises(ExportError, match="allowed are 1e-05"):
        export_onnx(case.model, path, reference=shifted)


def test_masks_reach_the_reference(path):
    case, masks = load("lstm_NCW"), []

    def reference(x, masks_seen=masks, **given):
        masks_seen.append(given["masks"])
        return np.zeros((len(x), 2, x.shape[2]), np.float32)

    with pytest.raises(ExportError, match="differs"):
        export_onnx(case.model, path, masks=True, reference=reference)
    # A mask that masks nothing: to DL4J that is not always the same as none.
    assert len(masks) == 1 and len(masks[0]) == 1 and masks[0][0].shape == (1, 11) and masks[0][0].all()


class Broken:
    """An engine that cannot restore."""

    def restore_network(self, archive):
        raise EngineError("no memory")


def test_an_engine_that_nobody_asked_for_may_fail(path, monkeypatch):
    with pytest.warns(UserWarning, match="was not compared with DL4J: DL4J could not tell .no memory."):
        assert not export_onnx(load("dense").model, path, engine=Broken()).verified
    monkeypatch.setattr("pydl4j_spark.onnx.proof.engine_of", lambda place: Broken())
    with pytest.raises(EngineError, match="no memory"):
        export_onnx(load("dense").model, path, engine="local")


def test_no_engine_runs_where_nobody_started_one(monkeypatch):
    import sys

    monkeypatch.setattr(at_hand, "_active_session", lambda: None)
    monkeypatch.delitem(sys.modules, "pydl4j_spark.engine.local", raising=False)
    assert at_hand.running_engine() is None


# --- states


def running_sum(ctx, x, layer, params):
    """Adds up over time, from a state."""
    before = Value(ctx.builder.unique("sum"), (BATCH, x.shape[1]))
    total = ctx.op("CumSum", x, ctx.const("axis", np.int64(2)))
    start = ctx.op("Unsqueeze", before, ctx.ints(2), shape=(BATCH, x.shape[1], 1))
    y = ctx.op("Add", total, start)
    if ctx.around.states is not None:
        last = ctx.op("Gather", y, ctx.const("last", np.int64(-1)), shape=before.shape, axis=2)
        ctx.around.states.append(("sum", before, last))
    return y


class Stepping:
    """An engine of a network that adds up; it may forget its state."""

    def __init__(self, forgets):
        self.forgets, self.total, self.pieces = forgets, 0, []

    def restore_network(self, archive):
        return None

    def rnn_clear_previous_state(self, network):
        self.total = 0

    def rnn_time_step_outputs(self, network, rows):
        count, (size, steps) = len(rows.features), rows.spec["features"]["inputs"][0]["shape"]
        self.pieces.append(steps)
        x = rows.features.reshape(count, size, steps)
        y = np.cumsum(x, axis=2) + self.total
        self.total = 0 if self.forgets else y[:, :, -1:]
        return [y]

    def feed_forward(self, network, rows, train):
        return {"layer0": np.cumsum(rows.features, axis=2)}


def test_states_are_fed_back_piece_by_piece(path):
    name = "com.acme.Sum"
    alone = {"confs": [{"layer": {"@class": name}}], "inputPreProcessors": {}}
    model = changed("lstm_NCW", lambda configuration: configuration.update(alone))
    model = evolve(model, params=np.zeros(0, np.float32))
    options = {
        "input_shapes": (4, None),
        "stateful": True,
        "converters": {name: Converter(name, running_sum)},
    }
    engine = Stepping(forgets=False)
    report = export_onnx(model, path, engine=engine, **options)
    assert report.verified and engine.pieces == [2, 1, 8, 2, 1, 4] and set(report.inputs) == {"input", "sum"}
    with pytest.raises(ExportError, match=r"differs from DL4J.*No layer alone.*its states are not handed on"):
        export_onnx(model, path, engine=Stepping(forgets=True), **options)
    # Who knows whole sequences only is asked for those.
    export_onnx(model, path, reference=lambda x: np.cumsum(x, axis=2), **options)
    assert verify_export(model, path, reference=lambda x: np.cumsum(x, axis=2)).batches == (1, 3)


def test_a_network_of_one_number_of_rows_is_compared_with_so_many(path):
    case, asked = load("vertex_reshape_fixed"), []

    def reference(*x):
        asked.append(len(x[0]))
        return run_onnx(path.read_bytes() if path.exists() else whole, *x)

    whole = built(case).to_bytes()
    assert export_onnx(case.model, path, input_shapes=case.input_shapes, reference=reference).verified
    assert verify_export(case.model, path, reference=reference).batches == (len(case.x),) * 2
    assert set(asked) == {len(case.x)}


def test_a_network_of_no_numbers_is_not_proved_by_its_like(path):
    model = load("dense").model
    diverged = evolve(model, params=np.full_like(model.params, np.nan))
    with pytest.warns(UserWarning, match="give no numbers, but NaN or infinity; has the training diverged"):
        report = export_onnx(diverged, path, reference=lambda x: np.full((len(x), 6), np.nan, np.float32))
    assert not report.verified and props(path)["verified"] == "false"


def test_a_difference_is_told_where_its_cause_cannot_be_found(path):
    class Silent(Stepping):
        def output(self, network, rows, normalize):
            return np.zeros((len(rows.features), 6), np.float32)

        def feed_forward(self, network, rows, train):
            raise EngineError("no memory")

    with pytest.raises(ExportError, match="differs from DL4J in 6 of 6 values"):
        export_onnx(load("dense").model, path, engine=Silent(False))


# --- files that were changed


@pytest.mark.parametrize("said", ["{", "5", "[]", "[1]", "[[0]]", "[[0, 9]]", '[["a", "b"]]', "[[0, 1], null]"])
@pytest.mark.parametrize("key", ["input_axes", "output_axes"])
def test_axes_that_the_ends_of_a_file_do_not_have(path, key, said):
    export_onnx(load("dense").model, path, verify=False)
    model = onnx.load(path)
    onnx.helper.set_model_props(model, {**props(path), key: said})
    onnx.save(model, path)
    with pytest.raises(ExportError, match=f"says {key}=.*export the network again"):
        verify_export(load("dense").model, path, reference=as_onnx(load("dense")))


@pytest.mark.parametrize("kind", [0, 77])
def test_ends_of_no_known_type(path, kind):
    export_onnx(load("dense").model, path, verify=False)
    model = onnx.load(path)
    model.graph.input[0].type.tensor_type.elem_type = kind
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ExportError, match="'input' is no tensor of a known type"):
        verify_export(load("dense").model, path, reference=as_onnx(load("dense")))


# --- probes


def probe_for(case, seed=7, off_by=0.0, rows=(1, 3)):
    rng = np.random.default_rng(0)
    pairs = []
    for count in rows:
        x = rng.normal(size=(count, *case.x.shape[1:])).astype(np.float32)
        pairs.append((Trial((x,)), (as_onnx(case)(x) + np.float32(off_by),)))
    return Probe(tuple(pairs), seed)


def with_probe(case, json_):
    """A model file with a probe in its manifest, written and read."""
    stream = io.BytesIO()
    write_model_zip(evolve(case.model, manifest={"format": 1, "probe": json_}), stream)
    return read_model_zip(stream.getvalue())


def test_a_probe_serves_where_no_engine_does(path, capsys):
    case = load("dense_dense_output")
    model = with_probe(case, probe_for(case).to_json())
    assert model.probe.seed == 7 and len(model.probe.trials) == 2
    report = export_onnx(model, path)
    assert report.verified and report.verified_by == "probe"
    written = props(path)
    assert written["verified"] == written["verify_against"] == "probe" and written["verify_seed"] == "7"
    assert "equals what DL4J gave when the network was saved" in capsys.readouterr().err
    assert verify_export(model, path).by == "probe"
    with pytest.warns(UserWarning, match="data was not looked at"):
        export_onnx(model, path, data=case.x)
    # A reference goes before.
    assert export_onnx(model, path, reference=as_onnx(case)).verified_by == "reference"
    wrong = with_probe(case, probe_for(case, off_by=1e-3).to_json())
    with pytest.raises(ExportError, match="differs from DL4J"):
        export_onnx(wrong, path)
    assert load("dense").model.probe is None


def test_a_probe_in_front_of_a_normalizer(path):
    case = load("norm_standardize")
    model = with_probe(case, probe_for(case).to_json())
    for embedded in (False, True):
        assert export_onnx(model, path, include_normalizer=embedded).verified_by == "probe"
    hopeless = NormalizerStandardize(mean=np.full(case.x.shape[1], 1e7), std=np.full(case.x.shape[1], 1e-3))
    with pytest.warns(UserWarning, match="cannot be had through the normalizer in single precision"):
        export_onnx(evolve(model, normalizer=hopeless), path, include_normalizer=True)


def test_masked_rows_of_a_probe_are_for_files_with_masks():
    mask = np.ones((2, 4), np.float32)
    pairs = [(Trial((np.ones((2, 2, 4)),), (m,)), (np.ones((2, 3)),)) for m in (None, mask)]
    probe = probe_of({"probe": Probe(tuple(pairs)).to_json()})
    assert probe.seed is None and [trial.is_masked for trial, _ in probe.trials] == [False, True]
    np.testing.assert_array_equal(probe.trials[1][0].masks[0], mask)


def test_rows_of_a_probe_that_are_all_of_the_other_kind(path):
    case = load("lstm_NCW")
    x = case.x.astype(np.float32)
    for masks, masked in (((), True), ((np.ones((len(x), x.shape[2]), np.float32),), False)):
        model = with_probe(case, Probe(((Trial((x,), masks), (case.y,)),)).to_json())
        with pytest.warns(UserWarning, match="the recorded probe has rows with(out)? them only"):
            assert not export_onnx(model, path, masks=masked).verified
        assert export_onnx(model, path, masks=not masked).verified_by == "probe"


def test_a_probe_of_other_rows_than_the_network_takes(path):
    case = load("dense")
    for trial, outputs in (
        (Trial((np.ones((2, 8)),)), (np.ones((2, 6)),)),
        (Trial((np.ones((2, 7)), np.ones((2, 7)))), (np.ones((2, 6)),)),
        (Trial((np.ones((2, 7)),)), (np.ones((2, 6)), np.ones((2, 6)))),
    ):
        model = with_probe(case, Probe(((trial, outputs),)).to_json())
        with pytest.raises(ModelFormatError, match="rows that this network does not take"):
            export_onnx(model, path)
    assert not path.exists()


def test_a_probe_that_is_too_large():
    rows = np.zeros((1, LARGEST_PROBE // 4 + 1), np.float32)
    with pytest.raises(DataError, match="too large for a model file"):
        Probe(((Trial((rows,)), (np.ones((1, 1)),)),)).to_json()


@pytest.mark.parametrize("shape", [(), (0, 3), (1, 1, 1, 1, 1, 1)])
def test_what_nobody_would_read_again_is_not_recorded(shape):
    with pytest.raises(DataError, match="a probe cannot hold arrays of the shape"):
        Probe(((Trial((np.ones((1, 3)),)), (np.ones(shape),)),)).to_json()


def _places(json_, way=()):
    for key in json_ if isinstance(json_, dict) else range(len(json_)):
        yield (*way, key)
        if isinstance(json_[key], dict | list):
            yield from _places(json_[key], (*way, key))


@pytest.mark.parametrize("resigned", [False, True])
def test_a_damaged_probe_is_an_error_of_the_file(resigned):
    """Every part in turn replaced: by its checksum it is known, and also by itself where that was made anew."""
    from pydl4j_spark.probe import _checksum

    whole = probe_for(load("dense"), rows=(1,)).to_json()
    strange = [None, -1, "x", [], {}, [None], 10**30, True, base64.b64encode(b"1234567").decode(), 1.5]
    noticed = 0
    for way in _places(whole):
        for value in strange:
            changed = copy.deepcopy(whole)
            at = changed
            for step in way[:-1]:
                at = at[step]
            if at[way[-1]] == value or way[0] == "seed":
                continue
            at[way[-1]] = value
            if resigned and isinstance(changed["trials"], list):
                changed["sha256"] = _checksum(changed["trials"])
            if resigned and way[0] == "sha256":
                continue
            if resigned and way[-1] == "masks" and value in ([None], []):
                continue  # as good as none
            with pytest.raises(ModelFormatError, match="the recorded probe"):
                probe_of({"probe": changed})
            noticed += 1
    assert noticed > 100
    assert probe_of({"probe": {**whole, "seed": "x"}}).seed is None
