"""Requests to JetStream's administrative API, and its refusals as our errors."""

import asyncio
import json
import time
from typing import Any

import nats.errors
from nats.aio.client import Client

from kombu_jetstream.errors import ApiError, LinkClosed

STREAM_NOT_FOUND = 10059
CONSUMER_NOT_FOUND = 10014
CONSUMER_EXISTS = 10148
FILTER_NOT_UNIQUE = 10100
STREAM_NAME_IN_USE = 10058

RETRY_PAUSE_S = 0.1


class Api:
    """Lives on the io thread."""

    def __init__(self, client: Client, prefix: str, timeout_s: float, patience_s: float) -> None:
        self._client = client
        self._prefix = prefix
        self._timeout_s = timeout_s
        self._patience_s = patience_s

    def subject(self, verb: str) -> str:
        return f"{self._prefix}.{verb}"

    async def request(self, verb: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The answer to `<prefix>.<verb>`. Waits out a reconnect.

        Raises:
            ApiError: JetStream refused.
            LinkClosed: no answer came in time.
        """
        deadline_s = time.monotonic() + self._patience_s
        payload = json.dumps(body).encode() if body is not None else b""
        while True:
            try:
                answer = await self._client.request(self.subject(verb), payload, timeout=self._timeout_s)
            except nats.errors.ConnectionClosedError as error:
                raise LinkClosed(f"{verb}: the connection is closed") from error
            except (nats.errors.Error, OSError) as error:
                # Any request of ours may be repeated: what exists already, and what is gone, have codes of their own.
                if time.monotonic() >= deadline_s:
                    raise LinkClosed(f"{verb}: no answer from JetStream ({error!r})") from error
                await asyncio.sleep(RETRY_PAUSE_S)
                continue
            return _opened(verb, answer.data)

    async def stream_exists(self, stream: str) -> bool:
        try:
            await self.request(f"STREAM.INFO.{stream}")
        except ApiError as error:
            if error.err_code != STREAM_NOT_FOUND:
                raise
            return False
        return True

    async def purge(self, stream: str, subject: str) -> int:
        """How many messages were removed from `stream` under `subject`."""
        return (await self.request(f"STREAM.PURGE.{stream}", {"filter": subject}))["purged"]


def _opened(verb: str, data: bytes) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(data)
    error = answer.get("error")
    if error:
        raise ApiError(verb, error.get("code", 0), error.get("err_code", 0), error.get("description", ""))
    return answer
