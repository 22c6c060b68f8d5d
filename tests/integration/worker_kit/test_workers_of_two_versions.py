"""While an upgrade rolls, an old and a new worker share queues and events: nothing that one does not know is lost."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery
from nats.js import JetStreamContext

import kombu_jetstream
from contracts.events import EntryCreated, EntryRef
from contracts.identifiers import new_id
from support.kombu_jetstream.administration import as_operator, consumer_state, create_events, publish_events
from support.kombu_jetstream.worker import Ledger, Worker, until
from support.nats_server import NatsServer

APP = "support.worker_kit.skewed_tasks"
STREAM, DURABLE, SUBJECT = "SKEWED", "reader", "skewed.events"
DEADLINE_S = 60.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    with NatsServer(tmp_path / "nats") as running:
        create_events(running.url(), STREAM, DURABLE, SUBJECT, ack_wait_s=30)
        yield running


def _ref(revision: int) -> dict[str, object]:
    return EntryRef(journal="anna", entry_id=new_id(), revision=revision).model_dump(mode="json")


def _event(revision: int, **changes: object) -> dict[str, object]:
    ref = EntryRef.model_validate(_ref(revision))
    return {**json.loads(EntryCreated(data=ref).model_dump_json(exclude_none=True)), **changes}


async def _waiting(jetstream: JetStreamContext) -> list[str]:
    reader = await jetstream.pull_subscribe_bind(DURABLE, STREAM)
    found = [message for _ in range(2) for message in await reader.fetch(1, timeout=10)]
    return [json.loads(message.data)["id"] for message in found]


@pytest.mark.timeout(200)
def test_what_the_old_one_does_not_know_waits_for_the_new_one(server: NatsServer, tmp_path: Path) -> None:
    url = server.url("skewed")
    ledger = Ledger(tmp_path / "ledger.jsonl")

    def worker(version: str) -> Worker:
        environment = {"BROKER_URL": url, "LEDGER": str(ledger.path), "VERSION": version}
        return Worker(tmp_path, version, environment, concurrency=1, app=APP)

    kombu_jetstream.register()
    with worker("old") as old, Celery("client", broker=url, set_as_current=False) as client:
        more = _event(7, of_later="x", data={**_ref(7), "of_later": ["x"]})
        unknown, broken = _event(8, type="entry.moved.v1"), {"type": "entry.moved.v1"}
        unreadable = _event(9, data={"journal": "anna"})
        publish_events(url, f"{SUBJECT}.any", [unknown, broken, unreadable, more])
        client.send_task("skewed.later", ("a task more",), queue="tasks")
        client.send_task("skewed.note", ("an argument more", _ref(1), "more"), queue="tasks")
        client.send_task("skewed.note", ("a field more", {**_ref(2), "of_later": 1}), queue="tasks")
        client.send_task("skewed.note", ("a field less", {"journal": "anna"}), queue="tasks")

        # Fields that it does not know are nothing to it, and what waits stands in nobody's way.
        ledger.wait("ran", deadline_s=DEADLINE_S, name="event", version="old", revision=7)
        ledger.wait("ran", deadline_s=DEADLINE_S, name="a field more", version="old", revision=2)
        for line in ("task.unknown", "task.not_understood", "event.unknown", "event.rejected"):
            until(lambda line=line: line in old.text(), DEADLINE_S)

        with worker("new"):
            ledger.wait("ran", deadline_s=DEADLINE_S, name="a task more", version="new")
            ledger.wait("ran", deadline_s=DEADLINE_S, name="an argument more", version="new", more="more")
            ledger.wait("ran", deadline_s=DEADLINE_S, name="a field less", version="new")

    # Both events are still there for a worker that knows them; what was no event at all is not.
    until(lambda: sum(consumer_state(url, STREAM, DURABLE)[:2]) == 2)
    assert set(as_operator(url, _waiting)) == {unknown["id"], unreadable["id"]}
    assert len(ledger.lines("ran")) == 5
