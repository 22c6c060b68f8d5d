import math
import struct
import zipfile
from pathlib import Path

import pytest

from devstack.ollama import weights
from devstack.ollama.faults import ApiFault, WeightsUnusable
from devstack.ollama.fields import keep_alive_s, sampling
from devstack.ollama.gguf_header import NotGguf, read_header


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (0, 0.0),
        (90, 90.0),
        (-1, math.inf),
        ("0", 0.0),
        ("5m", 300.0),
        ("1h30m", 5400.0),
        ("1.5s", 1.5),
        ("250ms", 0.25),
        ("10us", 1e-5),
        ("-1m", math.inf),
        ("+5m0s", 300.0),
    ],
)
def test_keep_alive_reads_seconds_and_go_durations(value: object, seconds: float) -> None:
    assert keep_alive_s(value) == pytest.approx(seconds)


@pytest.mark.parametrize("value", ["soon", "5", "5 m", "m", "5m!", "", True, [], {}])
def test_keep_alive_refuses_what_go_refuses(value: object) -> None:
    with pytest.raises(ApiFault) as caught:
        keep_alive_s(value)
    assert caught.value.status == 400


def test_an_unbounded_answer_ends_after_ten_contexts() -> None:
    assert sampling({}, 100)["n_predict"] == 1000
    assert sampling({"options": {"num_predict": 7}}, 100)["n_predict"] == 7
    assert sampling({"options": {"num_predict": 5000, "seed": None}}, 100)["n_predict"] == 1000


def test_a_gguf_header_is_read_without_its_arrays(tmp_path: Path) -> None:
    path = tmp_path / "small.gguf"
    path.write_bytes(gguf_bytes())
    header = read_header(path)
    assert header.values == {"name": "tiny", "words": None, "sizes": None, "on": True, "ratio": 0.5}
    assert header.shapes == ((3, 4),)


@pytest.mark.parametrize("keep_bytes", [4, 10, 30, 60, 100])
def test_a_cut_gguf_header_is_refused(tmp_path: Path, keep_bytes: int) -> None:
    path = tmp_path / "cut.gguf"
    path.write_bytes(gguf_bytes()[:keep_bytes])
    with pytest.raises(NotGguf, match="damaged"):
        read_header(path)


def test_another_file_is_no_gguf(tmp_path: Path) -> None:
    path = tmp_path / "other.gguf"
    path.write_bytes(b"not at all")
    with pytest.raises(NotGguf, match="no GGUF"):
        read_header(path)


def test_a_damaged_archive_of_weights_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.zip").write_bytes(b"PK not a zip")
    (tmp_path / "SmolLM2-135M-Instruct.Q4_1.gguf").write_bytes(b"x")
    monkeypatch.setattr(weights, "package_dir", lambda _module, _name: tmp_path)
    monkeypatch.setattr(weights, "SMOLLM2_SHA256", weights.sha256_of(tmp_path / "SmolLM2-135M-Instruct.Q4_1.gguf"))
    with pytest.raises(WeightsUnusable, match="cannot be unpacked"):
        weights.prepare_weights(tmp_path / "data", lambda _: None)
    with zipfile.ZipFile(tmp_path / "model.zip", "w") as archive:
        archive.writestr("model.safetensors", b"others")
    with pytest.raises(WeightsUnusable, match="it is not loaded"):
        weights.prepare_weights(tmp_path / "data", lambda _: None)
    assert list((tmp_path / "data").iterdir()) == []


def gguf_bytes() -> bytes:
    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    return b"".join(
        [
            b"GGUF",
            struct.pack("<IQQ", 3, 1, 5),
            text("name") + struct.pack("<I", 8) + text("tiny"),
            text("words") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("bc"),
            text("sizes") + struct.pack("<IIQ", 9, 4, 3) + struct.pack("<III", 1, 2, 3),
            text("on") + struct.pack("<I?", 7, True),
            text("ratio") + struct.pack("<If", 6, 0.5),
            text("weight") + struct.pack("<I2QIQ", 2, 3, 4, 0, 0),
        ]
    )
