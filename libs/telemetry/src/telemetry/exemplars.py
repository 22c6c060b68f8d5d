"""The last exemplar of each histogram bucket, kept in a file a process: prometheus_client drops them in prefork pools.

A file is a row of slots of one length, one a bucket, each written by one `pwrite` and guarded by a checksum: a reader
in another process takes no lock, and passes over a slot that is half written.
"""

import json
import os
import struct
import time
import zlib
from collections.abc import Iterable, Mapping
from itertools import count
from pathlib import Path
from typing import NamedTuple

from opentelemetry.trace import SpanContext
from prometheus_client.samples import Exemplar

#: When, value, trace id, span id, length of the key, key; then the checksum of all that.
_BODY = struct.Struct("<dd16s8sH210s")
_SUM = struct.Struct("<I")
SLOT_BYTES = _BODY.size + _SUM.size
_KEY_MAX_BYTES = 210
_PREFIX, _SUFFIX = "exemplars_", ".slots"


class Bucket(NamedTuple):
    """The sample that an exemplar stands beside."""

    name: str
    #: `le` among them; sorted.
    labels: tuple[tuple[str, str], ...]


class Record(NamedTuple):
    at_s: float
    value: float
    trace_id: bytes
    span_id: bytes

    def exemplar(self) -> Exemplar:
        return Exemplar({"trace_id": self.trace_id.hex(), "span_id": self.span_id.hex()}, self.value, self.at_s)


class ExemplarFile:
    """Written by one process; after a fork the child begins a file of its own."""

    def __init__(self, directory: Path, *, process: int | None = None) -> None:
        self._directory = directory
        self._process = process
        self._owner: int | None = None
        self._descriptor = -1

    def keep(self, bucket: Bucket, value: float, span: SpanContext) -> None:
        """Some microseconds. A bucket whose labels are longer than a slot has room for keeps none."""
        self.put(bucket, Record(time.time(), value, span.trace_id.to_bytes(16), span.span_id.to_bytes(8)))

    def put(self, bucket: Bucket, record: Record) -> None:
        if self._owner != os.getpid():
            self._begin()
        slot = self._slots.get(bucket)
        if slot is None:
            # No lock, which a fork could leave locked for ever: two threads at worst leave a slot empty.
            slot = self._slots.setdefault(bucket, (next(self._numbers), _key_of(bucket)))
        number, key = slot
        if len(key) <= _KEY_MAX_BYTES:
            body = _BODY.pack(*record, len(key), key)
            os.pwrite(self._descriptor, body + _SUM.pack(zlib.crc32(body)), number * SLOT_BYTES)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._owner, self._descriptor = None, -1

    def _begin(self) -> None:
        self.close()
        process = os.getpid() if self._process is None else self._process
        path = self._directory / f"{_PREFIX}{process}{_SUFFIX}"
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._slots: dict[Bucket, tuple[int, bytes]] = {}
        self._numbers = count()
        self._owner = os.getpid()


def files_of_processes(directory: Path) -> dict[int, Path]:
    paths = directory.glob(f"{_PREFIX}*{_SUFFIX}")
    return {int(path.name.removeprefix(_PREFIX).removesuffix(_SUFFIX)): path for path in paths}


def latest(paths: Iterable[Path]) -> dict[Bucket, Record]:
    """The youngest record of each bucket among all files. One that vanishes meanwhile is passed over."""
    found: dict[Bucket, Record] = {}
    for path in paths:
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue
        for bucket, record in _records(content):
            if bucket not in found or found[bucket].at_s < record.at_s:
                found[bucket] = record
    return found


def bucket_of(name: str, labels: Mapping[str, str]) -> Bucket:
    return Bucket(name, tuple(sorted(labels.items())))


def _records(content: bytes) -> Iterable[tuple[Bucket, Record]]:
    for begin in range(0, len(content) - SLOT_BYTES + 1, SLOT_BYTES):
        body = content[begin : begin + _BODY.size]
        (checksum,) = _SUM.unpack_from(content, begin + _BODY.size)
        if checksum != zlib.crc32(body):
            continue
        at_s, value, trace_id, span_id, length, key = _BODY.unpack(body)
        name, labels = json.loads(key[:length])
        yield bucket_of(name, labels), Record(at_s, value, trace_id, span_id)


def _key_of(bucket: Bucket) -> bytes:
    return json.dumps([bucket.name, dict(bucket.labels)], separators=(",", ":")).encode()
