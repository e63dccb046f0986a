from __future__ import annotations

import contextlib
import hashlib
import io
import json
import struct
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from pydl4j_spark.description import parse_configuration
from pydl4j_spark.errors import ModelFormatError
from pydl4j_spark.files import written_aside
from pydl4j_spark.model_zip import read_model_zip, write_model_zip
from pydl4j_spark.nd4j_arrays import read_nd4j, write_nd4j
from pydl4j_spark.normalizers import NormalizerStandardize

FIXTURES = Path(__file__).parent / "onnx" / "fixtures"


def dl4j_zip(name="norm_standardize"):
    with zipfile.ZipFile(FIXTURES / f"{name}.zip") as archive:
        return archive.read("model.zip")


def entries_of(raw):
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(entries, compression=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return stream.getvalue()


def with_entries(**changes):
    entries = entries_of(dl4j_zip())
    for name, content in changes.items():
        name = name.replace("__", ".")
        if content is None:
            entries.pop(name)
        else:
            entries[name] = content
    return zipped(entries)


def manifest(**fields):
    return json.dumps({"format": 1, "version": "0.1.0", "dl4j": "1.0.0-M2.1", **fields}).encode()


# --- arrays


@given(
    npst.arrays(
        st.sampled_from([np.float64, np.float32, np.float16, np.int64, np.int32]),
        npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    )
)
@settings(deadline=None)
def test_arrays_survive_writing_and_reading(array):
    again = read_nd4j(write_nd4j(array))
    assert again.dtype == array.dtype and again.shape == array.shape
    np.testing.assert_array_equal(again, array)


def buffer(kind, values, code, mode=b"MIXED_DATA_TYPES"):
    length = struct.pack(">i" if mode in (b"HEAP", b"DIRECT", b"JAVACPP") else ">q", len(values))
    head = struct.pack(">H", len(mode)) + mode + length + struct.pack(">H", len(kind)) + kind
    return head + struct.pack(f">{len(values)}{code}", *values)


def test_column_order_and_strides():
    info = buffer(b"LONG", [2, 2, 3, 1, 2, 8192, 1, 102], "q")
    array = read_nd4j(info + buffer(b"FLOAT", [1, 2, 3, 4, 5, 6], "f"))
    assert array.tolist() == [[1, 3, 5], [2, 4, 6]]


@pytest.mark.parametrize("mode", [b"HEAP", b"DIRECT", b"JAVACPP", b"LONG_SHAPE"])
def test_older_allocation_modes(mode):
    info = buffer(
        b"INT" if mode != b"LONG_SHAPE" else b"LONG",
        [2, 1, 2, 2, 1, 0, 1, 99],
        "i" if mode != b"LONG_SHAPE" else "q",
        mode,
    )
    assert read_nd4j(info + buffer(b"DOUBLE", [1.5, 2.5], "d", mode)).tolist() == [[1.5, 2.5]]


def test_bfloat16_is_widened():
    info = buffer(b"LONG", [1, 2, 1, 2048, 1, 99], "q")
    array = read_nd4j(info + buffer(b"BFLOAT16", [0x3FC0, 0xC000], "H"))
    assert array.dtype == np.float32 and array.tolist() == [1.5, -2.0]


@pytest.mark.parametrize(
    "info",
    [
        [1, 4, 1, 8192, 1, 99],
        [1, -3, 1, 8192, 1, 99],
        [1, 3, 2, 8192, 1, 99],
        [1, 3, -1, 8192, 1, 99],
        [2, 3, 1, 8192, 1, 99],
        [99],
        [],
        [0] * 100_000,
        [2, 0, 1 << 62, 1, 1, 8192, 1, 99],
        [2, 3, 1, 0, 1, 8192, 1, 99],
        [2, 3, 1, 2, 1, 8192, 1, 99],
        [3, 1 << 40, 1 << 40, 1 << 40, 1, 1, 1, 8192, 1, 99],
    ],
)
def test_shapes_that_lie(info):
    with pytest.raises(ModelFormatError):
        read_nd4j(buffer(b"LONG", info, "q") + buffer(b"FLOAT", [1, 2, 3], "f"))


def test_a_stated_length_is_not_believed():
    raw = bytearray(write_nd4j(np.ones(3, np.float32)))
    at = raw.rindex(b"MIXED_DATA_TYPES") + 16
    raw[at : at + 8] = struct.pack(">q", 1 << 60)
    with pytest.raises(ModelFormatError, match="bytes are stated"):
        read_nd4j(bytes(raw))


def test_other_types_are_not_written():
    with pytest.raises(ModelFormatError, match="complex"):
        write_nd4j(np.ones(2, complex))


# --- a good file


def test_what_dl4j_wrote(tmp_path):
    raw = dl4j_zip()
    path = tmp_path / "model.zip"
    path.write_bytes(raw)
    for source in (raw, path, str(path), io.BytesIO(raw)):
        model = read_model_zip(source)
        assert model.sha256 == hashlib.sha256(raw).hexdigest()
        assert model.params.shape == (76,) and model.params.dtype == np.dtype("=f4")
        assert model.updater_state.shape == (152,)
        assert isinstance(model.normalizer, NormalizerStandardize)
        assert model.manifest is None and model.ignored == ()
        assert json.loads(model.configuration_text) == model.configuration
        assert len(repr(model)) < 400


def test_layers_are_named():
    network = parse_configuration(read_model_zip(dl4j_zip("rnn_dense_NCW")).configuration)
    assert network.kind == "MultiLayerNetwork" and network.data_type == "FLOAT"
    assert [(la.index, la.name, la.dl4j_class.rpartition(".")[2]) for la in network.layers] == [
        (0, "layer0", "LSTM"),
        (1, "layer1", "DenseLayer"),
    ]
    assert [node.preprocessor is None for node in network.nodes] == [True, False]


def test_manifest_and_its_checksums():
    entries = entries_of(dl4j_zip())
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in entries.items()}
    model = read_model_zip(with_entries(pydl4j__json=manifest(sha256=sums, labels=["a", "b"])))
    assert model.manifest["labels"] == ["a", "b"]


def test_java_objects_and_strangers_are_not_read():
    extra = {"preprocessor.bin": b"\xac\xed\0\5", "objects/thing": b"\xac\xed", "readme.txt": b"hello"}
    model = read_model_zip(zipped(entries_of(dl4j_zip()) | extra))
    assert set(model.ignored) == set(extra)
    assert "Java" in model.ignored_because["preprocessor.bin"] and "Java" in model.ignored_because["objects/thing"]


def test_a_custom_normalizer_does_not_stop_the_network():
    custom = b"\0\x0aNORMALIZER\0\0\0\1\0\6CUSTOM\0\4Evil"
    model = read_model_zip(with_entries(normalizer__bin=custom))
    assert model.normalizer is None and model.ignored == ("normalizer.bin",)
    assert "CUSTOM" in model.ignored_because["normalizer.bin"]


def test_no_parameters_at_all():
    model = read_model_zip(with_entries(coefficients__bin=b"", noParams__marker=b"", updaterState__bin=None))
    assert model.params.shape == (0,) and model.updater_state is None


def test_a_fresh_updaters_zeros_are_no_bomb():
    params, state = np.random.default_rng(0).random(3_000_000).astype(np.float32), np.zeros(6_000_000, np.float32)
    model = read_model_zip(with_entries(coefficients__bin=write_nd4j(params), updaterState__bin=write_nd4j(state)))
    assert model.updater_state.size == 6_000_000


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_parameters_are_in_memory_once(compression, tmp_path):
    params = np.random.default_rng(0).random(2_000_000).astype(np.float32)
    content = entries_of(dl4j_zip()) | {"coefficients.bin": write_nd4j(params), "updaterState.bin": write_nd4j(params)}
    (tmp_path / "model.zip").write_bytes(zipped(content, compression))
    del content
    tracemalloc.start()
    try:
        model = read_model_zip(tmp_path / "model.zip", updater=False)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(model.params, params)
    assert peak < 1.6 * params.nbytes


def test_the_updaters_state_is_left_where_it_is():
    damaged = with_entries(updaterState__bin=b"nonsense")
    with pytest.raises(ModelFormatError, match=r"updaterState.bin"):
        read_model_zip(damaged)
    model = read_model_zip(damaged, updater=False)
    assert model.updater_state is None and model.ignored == ("updaterState.bin",)
    np.testing.assert_array_equal(model.params, read_model_zip(dl4j_zip()).params)
    assert read_model_zip(dl4j_zip("dense"), updater=False).ignored == ()


def test_latin_1_configuration():
    entries = entries_of(dl4j_zip())
    entries["configuration.json"] = entries["configuration.json"].replace(b'"layer0"', b'"Stra\xdfe"')
    model = read_model_zip(zipped(entries))
    assert parse_configuration(model.configuration).layers[0].name == "Straße"


# --- a bad file


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"configuration__json": None}, "configuration.json is missing"),
        ({"configuration__json": b"{"}, "no JSON"),
        ({"configuration__json": b"[" * 100_000}, "no JSON"),
        ({"configuration__json": b"[]"}, "object is expected"),
        ({"configuration__json": b"{}"}, "no network"),
        ({"configuration__json": b'{"confs": [1]}'}, "layer 0"),
        ({"configuration__json": b'{"confs": [{"layer": {}}]}'}, "layer 0"),
        ({"coefficients__bin": None}, "coefficients.bin is missing"),
        ({"coefficients__bin": b"nonsense"}, "coefficients.bin"),
        ({"coefficients__bin": write_nd4j(np.ones(3, np.int32))}, "no floating point"),
        ({"coefficients__bin": write_nd4j(np.ones(3, np.float32)) + b"x"}, "too many"),
        ({"updaterState__bin": write_nd4j(np.ones(10_000, np.float32))}, "updaterState.bin"),
        ({"normalizer__bin": b"\0"}, "normalizer.bin"),
        ({"noParams__marker": b"x"}, "noParams.marker"),
        ({"configuration__json": b'{"a": [' + b"0," * 4_000_001 + b"0]}"}, "values are no network"),
        ({"pydl4j__json": b"nope"}, "pydl4j.json"),
        ({"pydl4j__json": b'{"labels": ["\\ud800"]}'}, "half a character"),
        ({"pydl4j__json": manifest(format=2)}, "another version"),
        ({"pydl4j__json": manifest(sha256=[1])}, "sha256"),
        ({"pydl4j__json": manifest(sha256={"coefficients.bin": "00"})}, "coefficients.bin: its SHA-256"),
        ({"pydl4j__json": manifest(sha256={"gone.bin": "00"})}, "gone.bin"),
    ],
)
def test_wrong_content_is_named(changes, message):
    with pytest.raises(ModelFormatError, match=message):
        read_model_zip(with_entries(**changes))


@pytest.mark.parametrize("raw", [b"", b"PK", b"not a zip at all", b"PK\5\6" + bytes(18)])
def test_no_zip(raw):
    with pytest.raises(ModelFormatError):
        read_model_zip(raw)


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_model_zip(tmp_path / "gone.zip")


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "a/../../b", "C:\\evil", "..\\evil", "\\evil", "a\0b"])
def test_paths_that_leave(name):
    raw = zipped(
        entries_of(dl4j_zip()) | {"harmless" + "x" * (len(name) - 8) if len(name) > 8 else "x" * len(name): b""}
    )
    placeholder = ("harmless" + "x" * (len(name) - 8) if len(name) > 8 else "x" * len(name)).encode()
    with pytest.raises(ModelFormatError, match="points outside"):
        read_model_zip(raw.replace(placeholder, name.encode()))


def test_an_entry_twice():
    stream = io.BytesIO(dl4j_zip())
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("coefficients.bin", write_nd4j(np.ones(76, np.float32)))
    with pytest.raises(ModelFormatError, match="twice"):
        read_model_zip(stream.getvalue())


def test_an_encrypted_entry():
    raw = bytearray(dl4j_zip())
    at = raw.index(b"PK\1\2")
    raw[at + 8] |= 1
    with pytest.raises(ModelFormatError, match="encrypted"):
        read_model_zip(bytes(raw))


def test_a_zip_bomb():
    bomb = write_nd4j(np.zeros(8_000_000, np.float32))
    with pytest.raises(ModelFormatError, match="bomb"):
        read_model_zip(with_entries(coefficients__bin=bomb))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_java_does_not_know(method):
    with pytest.raises(ModelFormatError, match="method"):
        read_model_zip(zipped(entries_of(dl4j_zip()), method))


@pytest.mark.parametrize(("field", "message"), [(20, "the whole file has"), (24, "more than the|zip bomb|stated")])
def test_a_directory_that_lies_about_sizes(field, message):
    raw = bytearray(dl4j_zip())
    at = -1
    while (at := raw.find(b"PK\1\2", at + 1)) >= 0:
        raw[at + field : at + field + 4] = struct.pack("<I", 0xFFFFFFF0)
    with pytest.raises(ModelFormatError, match=message):
        read_model_zip(bytes(raw))


def test_a_configuration_of_gigabytes_is_not_read():
    with pytest.raises(ModelFormatError, match="more than the"):
        read_model_zip(with_entries(configuration__json=b" " * ((64 << 20) + 1)))


def test_too_many_entries():
    with pytest.raises(ModelFormatError, match="entries"):
        read_model_zip(zipped(entries_of(dl4j_zip()) | {f"x{i}": b"" for i in range(5000)}))


def test_every_truncation():
    raw = dl4j_zip()
    for end in range(0, len(raw), 3):
        with pytest.raises(ModelFormatError):
            read_model_zip(raw[:end])


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_damage_anywhere_is_a_format_error_or_harmless(compression):
    """Single bits, bytes, runs and cuts; whatever still reads has the parameters that were written."""
    raw = zipped(entries_of(dl4j_zip()), compression)
    good = read_model_zip(raw)
    rng = np.random.default_rng(7)
    refused = 0
    for i in range(800):
        damaged = bytearray(raw)
        at = int(rng.integers(len(raw)))
        if i % 4 == 0:
            damaged[at] ^= 1 << int(rng.integers(8))
        elif i % 4 == 1:
            damaged[at] = int(rng.integers(256))
        elif i % 4 == 2:
            damaged[at : at + 16] = rng.bytes(16)
        else:
            del damaged[at : at + int(rng.integers(1, 64))]
        try:
            model = read_model_zip(bytes(damaged))
        except ModelFormatError:
            refused += 1
        else:
            if model.ignored == ():
                np.testing.assert_array_equal(model.params, good.params)
    assert refused > 600


def test_damage_inside_the_arrays_is_a_format_error():
    """The checksums of the zip fitting, the content not."""
    entries = entries_of(dl4j_zip())
    rng = np.random.default_rng(8)
    for name in ("coefficients.bin", "normalizer.bin", "updaterState.bin", "configuration.json"):
        for _ in range(150):
            content = bytearray(entries[name])
            for _ in range(int(rng.integers(1, 4))):
                content[rng.integers(min(len(content), 400))] = int(rng.integers(256))
            with contextlib.suppress(ModelFormatError):
                read_model_zip(zipped(entries | {name: bytes(content)}, zipfile.ZIP_STORED))


# --- writing


def test_written_files_read_the_same(tmp_path):
    model = read_model_zip(with_entries(pydl4j__json=manifest(labels=["cat", "dög"])))
    path = tmp_path / "model.zip"
    write_model_zip(model, path)
    again = read_model_zip(path)
    assert again.configuration_text == model.configuration_text
    np.testing.assert_array_equal(again.params, model.params)
    np.testing.assert_array_equal(again.updater_state, model.updater_state)
    assert again.normalizer.to_bytes() == model.normalizer.to_bytes()
    assert again.manifest["labels"] == ["cat", "dög"]
    assert set(again.manifest["sha256"]) == set(entries_of(path.read_bytes())) - {"pydl4j.json"}
    stream = io.BytesIO()
    write_model_zip(again, stream)
    assert stream.getvalue() == path.read_bytes()
    assert list(tmp_path.iterdir()) == [path]


def test_written_without_parameters_state_or_normalizer():
    bare = evolve(
        read_model_zip(dl4j_zip()),
        params=np.zeros(0, np.float32),
        updater_state=None,
        normalizer=NormalizerStandardize(),
    )
    stream = io.BytesIO()
    write_model_zip(bare, stream)
    assert set(entries_of(stream.getvalue())) == {"configuration.json", "coefficients.bin", "noParams.marker"}
    assert read_model_zip(stream.getvalue()).params.size == 0


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "model.zip"
    path.write_bytes(b"the old one")
    broken = evolve(read_model_zip(dl4j_zip()), updater_state=np.ones(3, complex))
    with pytest.raises(ModelFormatError):
        write_model_zip(broken, path)
    with pytest.raises(KeyboardInterrupt), written_aside(path) as stream:
        stream.write(b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"the old one" and list(tmp_path.iterdir()) == [path]
