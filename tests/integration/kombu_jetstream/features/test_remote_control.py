"""Inspecting and commanding a worker, from Python and from Celery's own command line."""

import json
import re
import subprocess
import sys

import kombu
import pytest
from kombu.exceptions import ChannelError

from support.kombu_jetstream.site import APP, Site
from support.kombu_jetstream.worker import TESTS, until

NOTE = "support.kombu_jetstream.celery_app.note"


@pytest.fixture
def inspect(crew: Site):
    return crew.client.control.inspect(timeout=5, limit=1)


def only(answers: dict[str, object] | None) -> object:
    """The answer of the one worker there is."""
    assert answers is not None
    [answer] = answers.values()
    return answer


def celery(site: Site, *arguments: str, text: str = "") -> str:
    """What `celery -A app ...` prints."""
    done = subprocess.run(
        [sys.executable, "-m", "celery", "-A", APP, *arguments],
        env={"PATH": "", **site.environment, "PYTHONPATH": str(TESTS)},
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)


def test_active_and_reserved_are_what_is_unacked(crew: Site, inspect) -> None:
    sent = [crew.send("work", f"shown {number}", 30.0) for number in range(6)]
    until(lambda: len(only(inspect.active())) == 2)
    assert only(inspect.reserved()) == []
    assert crew.unacked() == 2
    assert crew.waiting() == 4
    crew.client.control.purge()
    crew.client.control.revoke([each.id for each in sent], terminate=True)
    until(lambda: crew.unacked() == 0)


def test_queues_tasks_and_counts_are_told(crew: Site, inspect) -> None:
    assert [queue["name"] for queue in only(inspect.active_queues())] == ["tasks"]
    assert NOTE in only(inspect.registered())
    before = only(inspect.stats())["total"].get(NOTE, 0)
    crew.send("note", "counted")
    crew.ledger.wait("ran", name="counted")
    stats = only(inspect.stats())
    assert stats["total"][NOTE] == before + 1
    assert stats["broker"]["transport"] == "nats"
    assert stats["prefetch_count"] == 2


def test_a_queue_is_added_to_a_running_worker_and_taken_away(crew: Site, inspect) -> None:
    crew.client.control.add_consumer("extra", reply=True, timeout=5, limit=1)
    crew.send("note", "by the extra queue", queue="extra")
    crew.ledger.wait("ran", name="by the extra queue")

    def consumed() -> set[str]:
        return {queue["name"] for queue in only(inspect.active_queues())}

    assert consumed() == {"tasks", "extra"}
    crew.client.control.cancel_consumer("extra", reply=True, timeout=5, limit=1)
    until(lambda: consumed() == {"tasks"})  # Celery answers first, and does it then
    crew.send("note", "nobody listens", queue="extra")
    crew.send("note", "still here")
    crew.ledger.wait("ran", name="still here")
    assert crew.ledger.lines("ran", name="nobody listens") == []
    crew.client.control.add_consumer("extra", reply=True, timeout=5, limit=1)
    crew.ledger.wait("ran", name="nobody listens")
    crew.client.control.cancel_consumer("extra", reply=True, timeout=5, limit=1)


@pytest.mark.features  # Celery starts the new children within five seconds
def test_the_pool_grows_and_takes_more_at_a_time(crew: Site, inspect) -> None:
    control = crew.client.control
    control.pool_grow(2, reply=True, timeout=5, limit=1)
    assert only(inspect.stats())["prefetch_count"] == 4
    until(lambda: len(only(inspect.stats())["pool"]["processes"]) == 4)
    for number in range(4):
        crew.send("work", f"grown {number}", 1.5)
    until(lambda: len(only(inspect.active())) == 4)
    until(lambda: crew.unacked() == 0)
    control.pool_shrink(2, reply=True, timeout=5, limit=1)
    assert only(inspect.stats())["prefetch_count"] == 2


def test_a_durable_queue_is_looked_at_without_being_made(crew: Site) -> None:
    with crew.client.connection_or_acquire() as connection:
        told = connection.default_channel.queue_declare("tasks", passive=True)
        crew.send("note", "x", queue="aside")
        aside = connection.default_channel.queue_declare("aside", passive=True)
    assert (told.queue, told.message_count) == ("tasks", 0)
    assert aside.message_count == 1


@pytest.mark.features
def test_celerys_command_line_works(crew: Site) -> None:
    assert "1 node online" in celery(crew, "status", "--timeout", "2")
    assert "pong" in celery(crew, "inspect", "ping", "--timeout", "2")
    assert NOTE in celery(crew, "inspect", "registered", "--timeout", "2", "--json")
    assert "tasks" in celery(crew, "list", "bindings")
    celery(crew, "call", NOTE, "--args", json.dumps(["by the command line"]))
    crew.ledger.wait("ran", name="by the command line")
    for number in range(3):
        crew.send("note", str(number), queue="purged")
    assert "Purged 3 messages from 1 known task queue" in celery(crew, "purge", "-f", "-Q", "purged")


@pytest.mark.features
def test_celery_amqp_looks_into_queues(crew: Site) -> None:
    for name in ("one", "two"):
        crew.send("note", name, queue="looked at")
    assert "2" in celery(crew, "amqp", "queue.declare", "looked at", "true", "true", "false")
    assert "one" in celery(crew, "amqp", "basic.get", "looked at", "true")
    assert "1 messages deleted" in celery(crew, "amqp", "queue.purge", "looked at")
    celery(crew, "amqp", "queue.delete", "looked at")


def test_a_program_may_ask_again_after_its_reply_queue_has_expired(crew: Site) -> None:
    with crew.client.connection_for_read() as asking, crew.client.connection_for_read() as looking:
        replies = kombu.Queue("replies", expires=1, auto_delete=True)(asking.default_channel)
        replies.declare()
        with looking.channel() as channel:

            def expired() -> bool:
                try:
                    channel.queue_declare("replies", passive=True)
                except ChannelError:
                    return True
                return False

            until(expired)
        replies.declare()
        asking.Producer().publish("answer", routing_key="replies")
        assert until(replies.get).payload == "answer"
