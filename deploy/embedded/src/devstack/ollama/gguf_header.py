"""The header of a GGUF file: its key-value pairs and the shapes of its tensors, without reading the weights.

`gguf.GGUFReader` builds an array for each of 49,000 tokens and takes 2.3 s for SmolLM2; this takes 0.02 s.
Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Scalar = int | float | bool | str

_MAGIC = b"GGUF"
_STRING, _ARRAY = 8, 9
#: struct codes by GGUF value type, for those of fixed size.
_CODES = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


class NotGguf(ValueError):
    """The file does not begin like a GGUF, or ends within its header."""


@dataclass(frozen=True)
class GgufHeader:
    #: Arrays (the vocabulary) are None, as in Ollama's `model_info`.
    values: dict[str, Scalar | None]
    shapes: tuple[tuple[int, ...], ...]


def read_header(path: Path) -> GgufHeader:
    """Raises `NotGguf` or `OSError`."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[: len(_MAGIC)] != _MAGIC:
            raise NotGguf(f"{path.name} is no GGUF file")
        try:
            return _Cursor(data).header()
        except (struct.error, KeyError, UnicodeDecodeError) as error:
            raise NotGguf(f"{path.name} has a damaged GGUF header") from error


class _Cursor:
    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = len(_MAGIC)

    def header(self) -> GgufHeader:
        _version, tensors, pairs = self._fixed("IQQ")
        values = {self._text(): self._value() for _ in range(pairs)}
        return GgufHeader(values, tuple(self._shape() for _ in range(tensors)))

    def _value(self) -> Scalar | None:
        (kind,) = self._fixed("I")
        if kind == _STRING:
            return self._text()
        if kind == _ARRAY:
            self._skip_array()
            return None
        value: Scalar = self._fixed(_CODES[kind])[0]
        return value

    def _skip_array(self) -> None:
        kind, length = self._fixed("IQ")
        if kind != _STRING:
            self._at += length * struct.calcsize(_CODES[kind])
            return
        for _ in range(length):
            (size_bytes,) = self._fixed("Q")
            self._at += size_bytes

    def _shape(self) -> tuple[int, ...]:
        self._text()
        (dimensions,) = self._fixed("I")
        shape = self._fixed(f"{dimensions}Q")
        self._fixed("IQ")  # element type and offset
        return shape

    def _text(self) -> str:
        (size_bytes,) = self._fixed("Q")
        (raw,) = self._fixed(f"{size_bytes}s")
        return raw.decode()

    def _fixed(self, codes: str) -> tuple[Any, ...]:
        layout = f"<{codes}"
        values = struct.unpack_from(layout, self._data, self._at)
        self._at += struct.calcsize(layout)
        return values
