"""How long a stream's messages have waited, by when they were stored. Nothing else is read of them."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError


async def oldest_s(jetstream: JetStreamContext, stream: str, after: int, subjects: Iterable[str]) -> float:
    """Seconds since the first message behind sequence `after` on any of `subjects` was stored; 0 where there is none.

    Raises:
        nats.errors.Error: JetStream did not answer, or refused.
    """
    times = await asyncio.gather(*(_stored_at(jetstream, stream, after + 1, subject) for subject in subjects))
    stored = [time for time in times if time is not None]
    return max(0.0, (datetime.now(UTC) - min(stored)).total_seconds()) if stored else 0.0


async def _stored_at(jetstream: JetStreamContext, stream: str, sequence: int, subject: str) -> datetime | None:
    """When the first message from `sequence` on came on `subject`."""
    try:
        return (await jetstream.get_msg(stream, seq=sequence, subject=subject, next=True)).time
    except NotFoundError:  # Taken since, or never there.
        return None
