"""Requests to JetStream's administrative API, and its refusals as our errors."""

import asyncio
import json
import time
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from kombu_jetstream._connection.denials import check_denied
from kombu_jetstream._connection.refusals import STREAM_NOT_FOUND, may_pass, refusal
from kombu_jetstream._connection.server import offers_jetstream
from kombu_jetstream.errors import MAJORITY, ApiError, JetStreamUnavailable, LinkClosed

RETRY_PAUSE_S = 0.1
#: A server that does not run JetStream itself may reach one that does, which may be starting.
EARLY_S = 3.0


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
        """The answer to `<prefix>.<verb>`. Waits out a reconnect, and a cluster without a leader.

        Raises:
            ApiError: JetStream refused.
            NotPermitted, JetStreamUnavailable, LinkClosed: as `ask`.
        """
        deadline_s, pause_s = time.monotonic() + self._patience_s, RETRY_PAUSE_S
        while True:
            answer: dict[str, Any] = json.loads((await self.ask(verb, body)).data)
            if "error" not in answer:
                return answer
            refused = refusal(verb, answer["error"])
            if not may_pass(refused):
                raise refused
            if time.monotonic() >= deadline_s:
                raise JetStreamUnavailable(self.subject(verb), f"{refused}; {MAJORITY}") from refused
            await asyncio.sleep(pause_s)
            pause_s = min(1.0, pause_s * 1.5)

    async def ask(self, verb: str, body: dict[str, Any] | None = None) -> Msg:
        """As `request`, for what JetStream does not answer in JSON.

        Raises:
            NotPermitted: the server forbids it.
            JetStreamUnavailable: nobody is there to answer, or no answer came in time.
            LinkClosed: the connection is gone.
        """
        began_s = time.monotonic()
        payload = json.dumps(body).encode() if body is not None else b""
        while True:
            try:
                return await self._client.request(self.subject(verb), payload, timeout=self._timeout_s)
            except nats.errors.ConnectionClosedError as error:
                raise LinkClosed(f"{self.subject(verb)}: the connection to NATS is closed; connect again") from error
            except (nats.errors.Error, OSError) as error:
                check_denied(self._client, self.subject(verb))
                # Any request of ours may be repeated: what exists already, and what is gone, have codes of their own.
                if time.monotonic() - began_s >= self._patience_with(error):
                    raise self._silence(verb, error) from error
                await asyncio.sleep(RETRY_PAUSE_S)

    async def collect(self, verb: str, body: dict[str, Any]) -> list[Msg]:
        """All messages that answer one request, up to the status that ends them.

        Raises:
            JetStreamUnavailable: the end did not come in time.
        """
        subscription = await self._client.subscribe(self._client.new_inbox())
        messages: list[Msg] = []
        try:
            await self._client.publish(self.subject(verb), json.dumps(body).encode(), reply=subscription.subject)
            while (
                not (message := await subscription.next_msg(self._timeout_s)).headers or "Status" not in message.headers
            ):
                messages.append(message)
        except (nats.errors.Error, OSError) as error:
            check_denied(self._client, self.subject(verb))
            raise self._silence(verb, error) from error
        finally:
            await subscription.unsubscribe()
        return messages

    async def consumer_infos(self, stream: str) -> list[dict[str, Any]]:
        """What the server tells of every consumer of `stream`; it gives them out in pages of 256."""
        infos: list[dict[str, Any]] = []
        total = 1
        while len(infos) < total:
            page = await self.request(f"CONSUMER.LIST.{stream}", {"offset": len(infos)})
            found: list[dict[str, Any]] = page.get("consumers") or []
            infos += found
            # One removed in between leaves the last page empty.
            total = page["total"] if found else 0
        return infos

    async def stream_config(self, stream: str) -> dict[str, Any] | None:
        """None if there is no such stream."""
        try:
            return (await self.request(f"STREAM.INFO.{stream}"))["config"]
        except ApiError as error:
            if error.err_code != STREAM_NOT_FOUND:
                raise
            return None

    async def purge(self, stream: str, subject: str) -> int:
        """How many messages were removed from `stream` under `subject`."""
        return (await self.request(f"STREAM.PURGE.{stream}", {"filter": subject}))["purged"]

    def _patience_with(self, error: Exception) -> float:
        if isinstance(error, nats.errors.NoRespondersError) and not offers_jetstream(self._client):
            return min(self._patience_s, EARLY_S)
        return self._patience_s

    def _silence(self, verb: str, error: Exception) -> JetStreamUnavailable:
        if not isinstance(error, nats.errors.NoRespondersError):
            return JetStreamUnavailable(self.subject(verb), f"{error}; {MAJORITY}")
        off = "JetStream is off (`jetstream {}` in the server's configuration), not up yet, or not at option api_prefix"
        return JetStreamUnavailable(
            self.subject(verb), f"set allow_direct on the stream, or {off}" if "DIRECT" in verb else off
        )
