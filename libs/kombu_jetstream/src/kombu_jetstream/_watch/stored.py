"""Messages at rest in a stream, found by subject without a consumer: nothing is delivered, held or changed."""

import asyncio
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kombu_jetstream._connection.api import Api
from kombu_jetstream._connection.refusals import NO_MESSAGE
from kombu_jetstream.errors import ApiError

#: How many messages are asked for at once, each with its body.
BATCH = 64

BEYOND = 1_000_000_000


@dataclass(frozen=True)
class Stored:
    """A message, where it rests and since when."""

    subject: str
    sequence: int
    stored_at: datetime
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Subjects:
    """Messages under each subject, and the server's clock when it counted."""

    counts: dict[str, int]
    at: datetime


class Store:
    """One stream. Lives on the io thread."""

    def __init__(self, api: Api, stream: str) -> None:
        self._api = api
        self._stream = stream

    async def subjects(self, matching: str) -> Subjects:
        """How many messages rest under each subject. The server gives out pages of 100,000."""
        found: dict[str, int] = {}
        at = datetime.min.replace(tzinfo=UTC)
        total = 1
        while len(found) < total:
            body = {"subjects_filter": matching, "offset": len(found)}
            page = await self._api.request(f"STREAM.INFO.{self._stream}", body)
            more: dict[str, int] = page["state"].get("subjects") or {}
            found |= more
            total = page["total"] if more else 0
            at = datetime.fromisoformat(page["ts"])
        return Subjects(found, at)

    async def first(self, filters: Sequence[str], sequence: int) -> Stored | None:
        """The first message at or after `sequence` that one of `filters` matches."""
        found = [stored for each in filters if (stored := await self._first(each, sequence)) is not None]
        return min(found, key=lambda stored: stored.sequence, default=None)

    async def up_to(self, filters: Sequence[str], last: int, limit: int) -> list[Stored]:
        """The first `limit` messages up to sequence `last`."""
        found: list[Stored] = []
        while len(found) < limit:
            stored = await self.first(filters, found[-1].sequence + 1 if found else 1)
            if stored is None or stored.sequence > last:
                break
            found.append(stored)
        return found

    async def left(self, filters: Sequence[str], last: int, limit: int, after_s: float) -> list[Stored]:
        """As `up_to`, of messages that are still there `after_s` later.

        Replicas remove an acknowledged message a little after its consumer counts it as settled.
        """
        found = await self.up_to(filters, last, limit)
        if not found:
            return []
        await asyncio.sleep(after_s)
        still = {stored.sequence for stored in await self.up_to(filters, last, limit)}
        return [stored for stored in found if stored.sequence in still]

    async def count_subjects(self, matching: str) -> int:
        """How many subjects hold messages, none of them named: from a page beyond the last."""
        body = {"subjects_filter": matching, "offset": BEYOND}
        return (await self._api.request(f"STREAM.INFO.{self._stream}", body)).get("total", 0)

    async def last(self, subjects: list[str]) -> dict[str, dict[str, str]]:
        """The headers of the last message of each subject; subjects without one are left out."""
        found: dict[str, dict[str, str]] = {}
        for start in range(0, len(subjects), BATCH):
            body = {"multi_last": subjects[start : start + BATCH]}
            for message in await self._api.collect(f"DIRECT.GET.{self._stream}", body):
                headers = message.headers or {}
                found[headers["Nats-Subject"]] = headers
        for subject in [each for each in subjects if each not in found]:
            # Any replica answers a direct get, also one that has not heard of it. The leader has.
            if (stored := await self._get({"last_by_subj": subject})) is not None:
                found[subject] = stored.headers
        return found

    async def _first(self, matching: str, sequence: int) -> Stored | None:
        return await self._get({"seq": max(1, sequence), "next_by_subj": matching})

    async def _get(self, body: dict[str, Any]) -> Stored | None:
        try:
            message = (await self._api.request(f"STREAM.MSG.GET.{self._stream}", body))["message"]
        except ApiError as error:
            if error.err_code != NO_MESSAGE:
                raise
            return None
        return Stored(
            message["subject"],
            message["seq"],
            datetime.fromisoformat(message["time"]),
            _headers(b64decode(message.get("hdrs", ""))),
            b64decode(message.get("data", "")),
        )


def _headers(block: bytes) -> dict[str, str]:
    """The headers of a message; the block's first line is the protocol's version."""
    lines = [line.partition(":") for line in block.decode().split("\r\n")[1:] if line]
    return {name: value.strip() for name, _, value in lines}
