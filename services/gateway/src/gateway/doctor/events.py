"""NATS: is it there, are its streams as declared, and does a worker of each kind read them and take its tasks."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator

import nats
from nats.aio.client import Client
from nats.errors import AuthorizationError, Error
from nats.js import JetStreamContext

from contracts.topology import STREAMS
from gateway.doctor.findings import Check, Finding, fail, ok, warn
from gateway.doctor.tasks import task_findings
from gateway.messaging.event_backlog import EventBacklog, event_backlogs
from gateway.messaging.task_queues import task_queues
from gateway.messaging.topology import topology_faults

_CONNECT_S = 5.0
_JETSTREAM_S = 3.0
#: Schedules, by which retries wait at the server.
_OLDEST = (2, 12)
_EVENT_AGE_S = 300.0
_FULL_SHARE = 0.9
_LEADER = "has the cluster a leader? See the log of nats-server"
_START = "start NATS, or correct host and port in GATEWAY_NATS_URL"


def events_check(url: str, *, replicas: int) -> Check:
    async def run() -> Iterable[Finding]:
        refusals: list[Exception] = []

        async def note(error: Exception) -> None:
            refusals.append(error)

        try:
            async with asyncio.timeout(_CONNECT_S):  # By itself the client would try for ever.
                client = await nats.connect(url, name="daybook-doctor", allow_reconnect=False, error_cb=note)
        except (Error, OSError, TimeoutError) as error:
            return [_unreachable([error, *refusals])]
        try:
            return [finding async for finding in _look(client, replicas)]
        finally:
            await client.close()

    return Check("nats", run, "see the log of nats-server", deadline_s=20.0)


def _unreachable(errors: list[Exception]) -> Finding:
    if any(isinstance(error, AuthorizationError) or "authorization" in str(error).lower() for error in errors):
        return fail("NATS refuses the login", "set the right user and password in GATEWAY_NATS_URL")
    return fail(f"NATS does not answer ({type(errors[0]).__name__})", _START)


async def _look(client: Client, replicas: int) -> AsyncGenerator[Finding]:
    version = client.connected_server_version
    says = f"nats-server {version.major}.{version.minor}.{version.patch}"
    if (version.major, version.minor) < _OLDEST:
        yield fail(says, "Daybook needs 2.12 or newer: older ones confirm a delayed task and never deliver it")
    else:
        yield ok(says)
    jetstream = client.jetstream(timeout=_JETSTREAM_S)
    try:
        account = await jetstream.account_info()
    except Error as error:
        yield fail(
            f"JetStream does not answer ({type(error).__name__})",
            "switch it on (`jetstream {}` in the server's configuration), and allow this login $JS.API.INFO",
        )
        return
    limit = account.limits.max_storage or -1
    if limit > 0 and account.storage > _FULL_SHARE * limit:
        yield warn(
            f"JetStream's storage is {account.storage / limit:.0%} full", "raise the account's limit, or free some"
        )
    async for finding in _streams(jetstream, replicas):
        yield finding
    try:
        queues = await task_queues(jetstream)
    except Error as error:
        yield warn(
            f"this login may not look at the task queues, or JetStream does not answer ({type(error).__name__})",
            "allow it what `gateway` may in deploy/nats/nats.conf",
        )
        return
    for finding in task_findings(queues):
        yield finding


async def _streams(jetstream: JetStreamContext, replicas: int) -> AsyncGenerator[Finding]:
    try:
        faults = await topology_faults(jetstream, replicas=replicas)
    except Error as error:
        yield fail(f"JetStream does not tell of its streams ({type(error).__name__})", _LEADER)
        return
    for fault in faults:
        yield fail(fault, "run `gateway topology`")
    if not faults:
        yield ok(f"streams and consumers are as declared ({', '.join(stream.name for stream in STREAMS)})")
    try:
        backlogs = await event_backlogs(jetstream)
    except Error as error:
        yield fail(f"JetStream does not tell who reads events ({type(error).__name__})", _LEADER)
        return
    for backlog in backlogs:
        for finding in _of_worker(backlog):
            yield finding


def _of_worker(backlog: EventBacklog) -> Iterator[Finding]:
    name = backlog.durable
    if backlog.open_pulls == 0 and backlog.held == 0:
        yield fail(
            f"no {name} reads events; {backlog.waiting} wait", f"start the {name}: what waits is done when it is there"
        )
    elif backlog.oldest_s > _EVENT_AGE_S:
        yield warn(
            f"{name} has not settled an event for {backlog.oldest_s:.0f} s ({backlog.waiting} wait)",
            f"see the log of the {name}; it may be cut off from the task queues",
        )
    else:
        yield ok(f"{name} reads events; {backlog.waiting} wait")
