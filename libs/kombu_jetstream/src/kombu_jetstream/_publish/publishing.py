"""Publishing a message so that a stream has it, or the caller knows that it does not."""

import asyncio
import json
import time
from collections.abc import Mapping

import nats.errors
from nats.aio.client import Client

from kombu_jetstream._connection.counters import counters
from kombu_jetstream._connection.denials import check_denied
from kombu_jetstream._connection.refusals import may_pass, publish_refusal
from kombu_jetstream.errors import JetStreamUnavailable, LinkClosed, MessageTooLarge, PublishNotConfirmed

MESSAGE_ID = "Nats-Msg-Id"
#: The first attempt. A stream that syncs every message to disk answers in milliseconds, but what was sent over a
#: connection that broke is never answered. Each later attempt waits longer, for a server that is slow.
ATTEMPT_S = 1.0
RETRY_PAUSE_S = 0.1
NO_STREAM = "no stream takes it; apply stream_specs(prefix) if it was deleted, enable JetStream if that is off"


async def publish_confirmed(
    client: Client, subject: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float
) -> None:
    """Return when a stream has stored the message. Attempts go on, under one message id, until `timeout_s` is over.

    A lost confirmation is therefore not a second message: the stream knows the id (within its dedup window).

    Raises:
        MessageTooLarge: it would never fit.
        ApiError: the stream refused it.
        NotPermitted: the server forbids it.
        PublishNotConfirmed: nobody confirmed it in time; its cause is what the last attempt met.
        LinkClosed: the connection is gone.
    """
    check_size(client, body, headers)
    deadline_s, attempt_s = time.monotonic() + timeout_s, ATTEMPT_S
    met: Exception | None = None
    while (left_s := deadline_s - time.monotonic()) > 0:
        try:
            answer = await client.request(subject, body, timeout=min(attempt_s, left_s), headers=dict(headers))
        except nats.errors.ConnectionClosedError as error:
            raise LinkClosed("the connection to NATS is closed; connect again") from error
        except (nats.errors.Error, OSError) as error:
            # Disconnected, or JetStream is not up yet after a restart of the server.
            check_denied(client, subject)
            counters.publishes_repeated += 1
            if isinstance(error, nats.errors.NoRespondersError):
                met = JetStreamUnavailable(subject, NO_STREAM)
            elif met is None or left_s >= attempt_s:
                # An attempt that the deadline cut short tells less than the one before it.
                met = error
            attempt_s *= 1.5
            await asyncio.sleep(RETRY_PAUSE_S)
            continue
        told = json.loads(answer.data)
        if "error" not in told:
            counters.publishes_confirmed += 1
            return
        met = publish_refusal(subject, told)
        if not may_pass(met):
            raise met
        await asyncio.sleep(RETRY_PAUSE_S)
    raise PublishNotConfirmed(subject, timeout_s, met) from met


def check_size(client: Client, body: bytes, headers: Mapping[str, str]) -> None:
    """Refuse here what the server would answer by closing the connection.

    Raises:
        MessageTooLarge: body and headers exceed max_payload.
    """
    size_bytes = len(body) + 16 + sum(len(name.encode()) + len(value.encode()) + 4 for name, value in headers.items())
    if size_bytes > client.max_payload:
        raise MessageTooLarge(size_bytes, client.max_payload)
