"""Ids: time-ordered UUIDv7 for everything we make, the slug that names a journal, and numbers that count from 1."""

import os
import time
from typing import Annotated
from uuid import UUID, uuid5

from pydantic import Field, StringConstraints

#: Names a journal in URLs, subjects, keys and the index. Chosen by its owner.
JournalName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]

#: Of a revision, version or edition, as somebody asks for one. Integers of the database end there.
Ordinal = Annotated[int, Field(ge=1, le=2**31 - 1)]

_NAMESPACE = UUID("5f1f2c0a-8d0e-5c43-9a36-8a2d54b7c1d1")


def new_id() -> UUID:
    """A UUIDv7: 48 bits of unix milliseconds, then random bits.

    Source: https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7
    """
    milliseconds = time.time_ns() // 1_000_000
    rand = int.from_bytes(os.urandom(10))
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | (rand >> 68 & 0xFFF) << 64 | 0b10 << 62
    return UUID(int=value | rand & 0x3FFF_FFFF_FFFF_FFFF)


def derived_id(*parts: object) -> UUID:
    """The same id for the same parts, in every process: makes a redelivered event order the same work."""
    return uuid5(_NAMESPACE, "\x1f".join(str(part) for part in parts))
