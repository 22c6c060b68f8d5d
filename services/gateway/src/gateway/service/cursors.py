"""Cursors: where a page ended, opaque to clients."""

import base64
import binascii
import json
from datetime import datetime
from uuid import UUID

from gateway.domain.entries import Entry
from gateway.domain.errors import CursorInvalid

_MAX_CHARS = 200


def cursor_after(entry: Entry) -> str:
    return cursor_at(entry.written_at, entry.id)


def cursor_at(written_at: datetime, entry_id: UUID) -> str:
    text = json.dumps([written_at.isoformat(), entry_id.hex])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def parse_cursor(cursor: str) -> tuple[datetime, UUID]:
    """`written_at` and id of the last entry before.

    Raises:
        CursorInvalid: not a cursor of ours.
    """
    if len(cursor) > _MAX_CHARS:
        raise CursorInvalid
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        written_at_text, entry_id = json.loads(raw)
        written_at = datetime.fromisoformat(written_at_text)
        position = written_at, UUID(entry_id)
    except (binascii.Error, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise CursorInvalid from error
    if written_at.tzinfo is None:
        raise CursorInvalid
    return position
