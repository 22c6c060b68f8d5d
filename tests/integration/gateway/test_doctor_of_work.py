"""`gateway doctor` on what is to be done: who takes it, what waits, and what nobody does any more."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import nats
import pytest
from nats.js.errors import ServiceUnavailableError

from contracts.evidence import ReportEvidence, TaskEvidence
from contracts.topology import TASK_STREAM
from devstack.nats import NatsServer as OwnNatsServer
from devstack.nats import NatsUser
from devstack.permissions import GATEWAY, new_passwords, stack_users
from gateway.db.store import Store
from gateway.doctor.tasks import task_findings
from gateway.messaging.task_queues import TaskQueue
from gateway.service.create_entry import create_entry
from gateway.service.evidence import record_evidence
from support.backends.nats import NatsServer
from support.doctor import found, settings
from support.gateway_process import gateway_env, run_gateway
from support.gateway_store import Holder, draft


@pytest.mark.parametrize(
    ("waiting", "held", "oldest_s", "state", "says"),
    [
        (0, 0, 0.0, "ok", "0 tasks wait in 1 queues, none for long; 0 are worked on"),
        # Its worker's hands were full of another queue's tasks for a moment.
        (3, 0, 5.0, "ok", "3 tasks wait in 1 queues, none for long; 0 are worked on"),
        (3, 2, 500.0, "ok", "3 tasks wait in 1 queues, none for long; 2 are worked on"),
        (3, 0, 61.0, "fail", "nobody takes tasks of insights.report: 3 wait, the oldest for 61 s"),
        (9, 1, 1200.0, "warn", "the oldest of 9 tasks of insights.report waits for 20 min; 1 are worked on"),
    ],
)
def test_a_task_queue_is_judged_by_what_waits_and_by_who_takes_it(
    waiting: int, held: int, oldest_s: float, state: str, says: str
) -> None:
    (finding,) = task_findings([TaskQueue("insights.report", waiting, held, 0, oldest_s)])
    assert (finding.state, finding.says) == (state, says)
    assert ("insights-worker" in finding.remedy) == (state != "ok")


async def test_task_queues_are_looked_at_and_a_login_that_may_not_is_told(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.doctor.tasks._UNTAKEN_S", 0.0)
    monkeypatch.setattr("gateway.doctor.events._JETSTREAM_S", 0.5)
    passwords = new_passwords()
    mine = next(user for user in stack_users(passwords) if user.name == GATEWAY)
    lesser = replace(mine, name="before", publish=tuple(each for each in mine.publish if TASK_STREAM not in each))
    with OwnNatsServer(tmp_path / "nats", users=(mine, lesser, NatsUser("root", "root", (">",), (">",)))) as server:
        says = [line for _, line, _ in (await found(settings(database_url, server.url_of(GATEWAY))))["nats"]]
        assert says[-1].startswith("no worker has task queues here")
        client = await nats.connect(server.url_of("root"))
        try:
            jetstream = client.jetstream()
            await jetstream.add_stream(name=TASK_STREAM, subjects=["daybook.tasks.>"])
            await jetstream.add_consumer(TASK_STREAM, durable_name="enrichment=mood", ack_policy="explicit")
            await jetstream.publish("daybook.tasks.x.0", b"{}")
        finally:
            await client.close()
        by_check = await found(settings(database_url, server.url_of(GATEWAY)))
        assert by_check["nats"][-1][1].startswith("nobody takes tasks of enrichment=mood: 1 wait")
        state, line, remedy = (await found(settings(database_url, server.url_of("before"))))["nats"][-1]
        assert (state, line.partition(",")[0]) == ("warn", "this login may not look at the task queues")
        assert "deploy/nats/nats.conf" in remedy


async def test_what_jetstream_does_not_tell_hides_nothing_that_it_tells(
    database_url: str, nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise ServiceUnavailableError

    chosen = settings(database_url, nats_server.url)
    whole = [says for _, says, _ in (await found(chosen))["nats"]]
    for question in ("topology_faults", "event_backlogs", "task_queues"):
        with monkeypatch.context() as patched:
            patched.setattr(f"gateway.doctor.events.{question}", away)
            says = [line for _, line, _ in (await found(chosen))["nats"]]
        (missing,) = set(says).difference(whole)
        assert missing.endswith("(ServiceUnavailableError)")
        assert says[0] == whole[0], question


async def test_what_was_given_up_is_counted_and_listed_until_it_is_asked_for_again(
    database_url: str, store: Store, owner: Holder, nats_server: NatsServer
) -> None:
    entry = (await create_entry(store, owner.principal, "anna", draft())).entry
    async with store.connection() as connection:
        await connection.execute(
            "UPDATE enrichments SET state = 'failed', reason = 'model_missing' WHERE kind = 'mood'"
        )
        await connection.executemany(
            "INSERT INTO reflections (entry_id, version, revision, state, interactive, reason)"
            " VALUES ($1, $2, 1, 'failed', false, $3)",
            [(entry.id, 1, "internal_error"), (entry.id, 2, "invalid_answer")],
        )
        await connection.executemany(
            "INSERT INTO reports"
            " (id, journal, kind, first_day, last_day, time_zone, scheduled, state, reason, requested_at) VALUES"
            " (gen_random_uuid(), 'anna', 'weekly', '2026-03-02', '2026-03-08', 'UTC', false, 'failed', $1, $2)",
            [("internal_error", datetime(2026, 3, 10, tzinfo=UTC)), ("worker_lost", datetime(2026, 3, 11, tzinfo=UTC))],
        )
    by_check = await found(settings(database_url, nats_server.url))
    told = {says: remedy for _, says, remedy in by_check["database"] if "given up" in says}
    assert set(told) == {
        "1 of kind mood were given up: model_missing",
        "1 of kind reflection were given up: invalid_answer",
        "1 of kind report were given up: worker_lost",
    }
    assert all(remedy.startswith("`gateway given-up` lists them") for remedy in told.values())
    env = gateway_env(database_url, "nats://127.0.0.1:1")
    listed = run_gateway(env, "given-up").stdout
    assert {tuple(line.split("\t")[1:4]) for line in listed.splitlines()} == {
        ("mood", "model_missing", "anna"),
        ("reflection", "invalid_answer", "anna"),
        ("report", "worker_lost", "anna"),
    }
    assert listed.count(str(entry.id)) == 2
    assert run_gateway(env, "given-up", "--limit", "1").stdout == listed.partition("\n")[0] + "\n"


async def test_a_worker_whose_key_is_refused_is_told_by_its_silence(
    database_url: str, store: Store, owner: Holder, nats_server: NatsServer
) -> None:
    await create_entry(store, owner.principal, "anna", draft())
    chosen = settings(database_url, nats_server.url)

    async def told() -> list[tuple[str, str]]:
        lines = [(state, says) for state, says, _ in (await found(chosen))["database"] if "-worker" in says]
        # A slow machine makes more of them.
        return [(state, re.sub(r"\b2\d min", "20-odd min", says)) for state, says in lines]

    assert await told() == [], "it was asked just now"
    async with store.connection() as connection:
        await connection.execute("UPDATE enrichments SET updated_at = now() - interval '20 minutes'")
    silent = "results of an enrichment-worker are awaited for 20-odd min, and no report of its tasks came since"
    assert await told() == [("warn", silent)]
    now = datetime.now(UTC)
    await _report(store, owner, now - timedelta(minutes=30))
    assert await told() == [("warn", silent)]
    await _report(store, owner, now)
    ((state, says),) = await told()
    assert (state, says.partition(":")[0]) == ("ok", "the key of an enrichment-worker is accepted")


async def _report(store: Store, owner: Holder, ended_at: datetime) -> None:
    kind = TaskEvidence(
        task="enrichment.embed", tasks=1, busy_s=1.0, bridge_s=0.1, inference_s=0.5, tasks_with_inference=1
    )
    began_at = ended_at - timedelta(seconds=15)
    report = ReportEvidence(worker=uuid4(), sequence=1, began_at=began_at, ended_at=ended_at, kinds=(kind,))
    await record_evidence(store, owner.principal, report)
