"""Users with the listed subjects only, on a server that denies everything else: what they can and cannot do."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace

import kombu
import nats
import pytest
from celery import Celery
from nats.aio.client import Client

import kombu_jetstream
from kombu_jetstream.errors import NotPermitted
from support.kombu_jetstream.administration import consumer_state, create_task_streams
from support.kombu_jetstream.queues import declared
from support.kombu_jetstream.round_trip import attempt
from support.kombu_jetstream.worker import Ledger, Worker, until
from support.nats_server import PASSWORD, USER, NatsServer

NOTE = "support.kombu_jetstream.celery_app.note"
PREFIXES = ("diary", "mail")
SENDING = {"create_streams": False, "declare_queues": False, "api_timeout_s": 1}


def inbox(user: str) -> str:
    return f"_INBOX_{user}"


def entry(user: str, allowed: kombu_jetstream.Permissions) -> str:
    lists = f"publish: {json.dumps(allowed.publish)}, subscribe: {json.dumps(allowed.subscribe)}"
    return f"{{user: {user}, password: pw, permissions: {{{lists}}}}}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    users = [f"{{user: {USER}, password: {PASSWORD}}}"]
    for prefix in PREFIXES:
        worker, sender, boss = f"{prefix}_worker", f"{prefix}_sender", f"{prefix}_boss"
        users += [
            entry(worker, kombu_jetstream.worker_permissions(prefix, inbox_prefix=inbox(worker))),
            entry(sender, kombu_jetstream.client_permissions(prefix, inbox_prefix=inbox(sender))),
            entry(
                boss,
                kombu_jetstream.client_permissions(prefix, inbox_prefix=inbox(boss), exchanges=True, control=True),
            ),
        ]
    lists = kombu_jetstream.worker_permissions("diary", inbox_prefix=inbox("diary_early"))
    before = tuple(subject for subject in lists.publish if "DIRECT" not in subject)
    users.append(entry("diary_early", replace(lists, publish=before)))
    with NatsServer(tmp_path_factory.mktemp("permissions"), authorization=f"users = [{', '.join(users)}]") as running:
        for prefix in PREFIXES:
            create_task_streams(running.url(), prefix)
        yield running


@pytest.fixture
def diary_worker(server: NatsServer, worker: Callable[..., Worker], ledger: Ledger) -> Iterator[Worker]:
    options = {"create_streams": False, "inbox_prefix": inbox("diary_worker"), "ack_wait_s": 2}
    yield worker(BROKER_URL=server.url("diary", "diary_worker", "pw"), TRANSPORT_OPTIONS=json.dumps(options))
    # A task writes that it ran before it is acked, and the worker is about to be killed.
    until(lambda: consumer_state(server.url(), "DIARY_TASKS", "tasks")[1] == 0)


@contextlib.contextmanager
def app_of(server: NatsServer, user: str) -> Iterator[Celery]:
    with Celery("client", broker=server.url("diary", user, "pw"), set_as_current=False) as app:
        app.conf.broker_transport_options = {**SENDING, "inbox_prefix": inbox(user)}
        app.conf.task_ignore_result = True
        yield app


def test_a_program_that_only_sends_tasks_sends_them_now_and_later_and_reads_none(
    server: NatsServer, diary_worker: Worker, ledger: Ledger
) -> None:
    with app_of(server, "diary_sender") as app:
        app.send_task(NOTE, args=("now",), queue="tasks")
        app.send_task(NOTE, args=("later",), queue="tasks", countdown=1.5)
        ledger.wait("ran", 2)
        app.send_task(NOTE, args=("kept",), queue="nobody")
        with app.connection() as connection, pytest.raises(NotPermitted, match=r"denied publish to .*DIARY"):
            kombu.Queue("nobody")(connection.default_channel).get()
    assert "denied" not in diary_worker.text()


def test_what_was_sent_before_any_worker_had_the_queue_waits_for_one(
    server: NatsServer, worker: Callable[..., Worker], ledger: Ledger
) -> None:
    with app_of(server, "diary_sender") as app:
        app.send_task(NOTE, args=("early",), queue="unheard")
    options = {"create_streams": False, "inbox_prefix": inbox("diary_worker"), "ack_wait_s": 2}
    url = server.url("diary", "diary_worker", "pw")
    with kombu.Connection(url, transport_options=options) as connection:
        assert kombu.Queue("unheard")(connection.default_channel).queue_declare().message_count == 1


def test_a_program_with_control_reaches_workers_and_exchanges_and_still_takes_no_task(
    server: NatsServer, diary_worker: Worker, ledger: Ledger
) -> None:
    with app_of(server, "diary_boss") as app:
        assert app.control.ping(timeout=3, limit=1)
        app.send_task(NOTE, args=("named",), exchange="tasks", routing_key="tasks")
        ledger.wait("ran", name="named")
        assert app.control.inspect(timeout=3, limit=1).active() == {"first@test": []}
    asyncio.run(forbidden(server, "diary_boss", task_requests("DIARY_TASKS")))


def test_nobody_reads_or_changes_what_is_anothers(server: NatsServer) -> None:
    streams = ("MAIL_TASKS", "MAIL_TRANSIENT")
    others = [
        *(subject for stream in streams for subject in task_requests(stream)),
        "mail.tasks.q.0", "mail.later.q.x", "mail.inbox.q", "mail.exchange.e.k",
        "$JS.ACK.MAIL_TASKS.q.1.1.1.1.0",
    ]  # fmt: skip
    anybodys = ["$JS.API.STREAM.LIST", "$JS.API.STREAM.NAMES", "$JS.API.INFO", "$JS.API.STREAM.CREATE.MINE"]
    for user in ("diary_worker", "diary_sender", "diary_boss"):
        asyncio.run(forbidden(server, user, [*others, *anybodys]))
    for stream in ("DIARY_TASKS", "DIARY_TRANSIENT"):
        changing = [
            f"$JS.API.STREAM.{verb}.{stream}" for verb in ("DELETE", "UPDATE", "PURGE", "MSG.DELETE", "MSG.GET")
        ]
        asyncio.run(forbidden(server, "diary_worker", [*changing, f"$JS.API.DIRECT.GET.{stream}"]))
    asyncio.run(forbidden(server, "diary_sender", task_requests("DIARY_TASKS") + task_requests("DIARY_TRANSIENT")))


def test_a_worker_notes_and_reads_lost_runs_and_no_task(server: NatsServer) -> None:
    options = {"create_streams": False, "inbox_prefix": inbox("diary_worker")}
    with kombu.Connection(server.url("diary", "diary_worker", "pw"), transport_options=options) as connection:
        queue = declared(connection, "noted")
        connection.Producer().publish("x", routing_key="noted")
        message = queue.get()
        message.note_runs(kombu_jetstream.Runs(3), 60)
        message.requeue()
        again = queue.get()
        assert again.earlier_runs == kombu_jetstream.Runs(3)
        again.ack()
    reading = [f"$JS.API.DIRECT.GET.DIARY_TASKS.{subject}" for subject in ("diary.tasks.q.0", "diary.later.q.x")]
    asyncio.run(forbidden(server, "diary_worker", reading))


def test_a_login_from_before_there_were_notes_is_told_what_it_lacks_and_waits_for_it_once(server: NatsServer) -> None:
    options = {"create_streams": False, "inbox_prefix": inbox("diary_early"), "api_timeout_s": 1}
    with kombu.Connection(server.url("diary", "diary_early", "pw"), transport_options=options) as connection:
        queue = declared(connection, "early")
        connection.Producer().publish("x", routing_key="early")
        queue.get().requeue()
        message = queue.get()
        told: list[NotPermitted] = []
        for _ in range(2):
            with pytest.raises(NotPermitted, match=r"DIRECT.*worker_permissions") as raised:
                _ = message.earlier_runs
            told.append(raised.value)
        assert told[0] is told[1]  # what the first question met, and no second one
        message.ack()


def test_nobody_listens_on_tasks_or_on_anothers_answers(server: NatsServer) -> None:
    for user in ("diary_worker", "diary_sender", "diary_boss"):
        heard = [f"{inbox('mail_worker')}.>", "_INBOX.>", "diary.>", "mail.>", "$JS.>", ">"]
        asyncio.run(forbidden(server, user, [], heard))


def test_an_inbox_that_the_user_may_not_listen_on_is_told_when_connecting(server: NatsServer) -> None:
    began_s = time.monotonic()
    with pytest.raises(NotPermitted, match=r"denied subscription to _INBOX\.>; allow <inbox_prefix>\.> and set"):
        attempt(server.url("diary", "diary_worker", "pw"), create_streams=False)
    assert time.monotonic() - began_s < 5


def test_a_queue_that_may_not_be_read_stops_its_consumer_with_the_reason(server: NatsServer) -> None:
    with kombu.Connection(server.url("diary")) as connection:
        kombu.Queue("q")(connection.default_channel).declare()
    options = {**SENDING, "inbox_prefix": inbox("diary_sender")}
    with kombu.Connection(server.url("diary", "diary_sender", "pw"), transport_options=options) as connection:
        consumer = kombu.Consumer(connection.default_channel, [kombu.Queue("q")], on_message=lambda _: None)
        consumer.consume()
        with pytest.raises(NotPermitted, match=r"denied publish to \$js\.api\.consumer\.msg\.next\.diary_tasks\.q"):
            connection.drain_events(timeout=10)


def test_streams_that_the_user_may_not_make_are_told_at_once(server: NatsServer) -> None:
    with pytest.raises(NotPermitted, match=r"STREAM\.INFO\.DIARY_TASKS; worker_permissions, client_permissions"):
        attempt(server.url("diary", "diary_worker", "pw"), inbox_prefix=inbox("diary_worker"), api_timeout_s=1)


def test_with_a_domain_only_the_api_is_elsewhere() -> None:
    for permissions in (
        kombu_jetstream.worker_permissions("diary", domain="hub", bound=[("EVENTS", "reader")], administer=True),
        kombu_jetstream.client_permissions("diary", domain="hub", exchanges=True, control=True),
        kombu_jetstream.monitor_permissions("diary", domain="hub", operate=True),
    ):
        here = [subject for subject in permissions.publish if subject.startswith("$JS.") and ".ACK." not in subject]
        assert here
        assert all(subject.startswith("$JS.hub.API.") for subject in here)


def test_the_worker_left_nothing_unsettled(server: NatsServer) -> None:
    until(lambda: consumer_state(server.url(), "DIARY_TASKS", "tasks")[:2] == (0, 0))


def task_requests(stream: str) -> list[str]:
    """The ways to get at a stream's messages."""
    return [
        f"$JS.API.CONSUMER.MSG.NEXT.{stream}.q",
        f"$JS.API.CONSUMER.CREATE.{stream}.mine",
        f"$JS.API.CONSUMER.DURABLE.CREATE.{stream}.mine",
        f"$JS.API.CONSUMER.DELETE.{stream}.q",
        f"$JS.API.STREAM.MSG.GET.{stream}",
        f"$JS.API.DIRECT.GET.{stream}",
        f"$JS.API.STREAM.DELETE.{stream}",
    ]


@contextlib.asynccontextmanager
async def logged_in(server: NatsServer, user: str, denied: list[str]) -> AsyncIterator[Client]:
    async def note(error: Exception) -> None:
        denied.append(str(error))

    url = server.url(user=user, password="pw").rpartition("/")[0]
    client = await nats.connect(url, error_cb=note, allow_reconnect=False)
    try:
        yield client
    finally:
        await client.close()


async def forbidden(server: NatsServer, user: str, published: list[str], heard: list[str] | None = None) -> None:
    """Each subject, tried by hand, is denied."""
    denied: list[str] = []
    async with logged_in(server, user, denied) as client:
        for subject in published:
            await client.publish(subject, b"{}")
        for subject in heard or []:
            await client.subscribe(subject)
        # Twice: the client's ping overtakes what it has not sent yet.
        await client.flush(5)
        await client.flush(5)
    wanted = {f'publish to "{subject.lower()}"' for subject in published}
    wanted |= {f'subscription to "{subject.lower()}"' for subject in heard or []}
    assert {one for one in wanted if not any(one in told for told in denied)} == set()
