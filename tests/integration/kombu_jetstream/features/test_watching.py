"""Those who watch workers and those who send on time: events, Flower, beat."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError

import pytest

from support.kombu_jetstream.site import APP, Site
from support.kombu_jetstream.worker import TESTS, until


@contextmanager
def celery_process(site: Site, *arguments: str, **settings: object) -> Iterator[Path]:
    """A `celery -A app ...` that runs meanwhile; gives its log."""
    log = site.directory / f"{arguments[0]}.log"
    environment = {**os.environ, **site.environment, "PYTHONPATH": str(TESTS)}
    environment["SETTINGS"] = json.dumps({**site.settings, **settings})
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", APP, *arguments], env=environment, stdout=output, stderr=output
        )
    try:
        yield log
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetched(url: str) -> bytes | None:
    """What an address answers, None while it does not."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read()
    except OSError:
        return None


def test_events_tell_of_sending_running_failing_and_of_the_worker(crew: Site) -> None:
    control = crew.client.control
    [[told_of]] = [answer.values() for answer in control.enable_events(reply=True, timeout=5, limit=1)]
    assert told_of == {"ok": "task events enabled"}
    crew.client.conf.task_send_sent_event = True
    seen: list[dict] = []
    with crew.client.connection_for_read() as connection:
        receiver = crew.client.events.Receiver(connection, handlers={"*": seen.append})
        with receiver.consumer_context() as (consuming, _, _):
            good, bad = crew.send("note", "good"), crew.send("fail", "bad")

            def told() -> bool:
                consuming.drain_events(timeout=20)
                kinds = {event["type"] for event in seen}
                return {"task-succeeded", "task-failed", "worker-heartbeat"} <= kinds

            until(told)
    of = {task.id: [event["type"] for event in seen if event.get("uuid") == task.id] for task in (good, bad)}
    assert sorted(of[good.id]) == sorted(["task-sent", "task-received", "task-started", "task-succeeded"])
    assert sorted(of[bad.id]) == sorted(["task-sent", "task-received", "task-started", "task-failed"])
    control.disable_events(reply=True, timeout=5, limit=1)


@pytest.mark.features
def test_flower_sees_worker_and_task(crew: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    at = f"http://127.0.0.1:{port}"
    arguments = ("flower", "--address=127.0.0.1", f"--port={port}", "--enable_events", "--purge_offline_workers=60")
    monkeypatch.setenv("FLOWER_UNAUTHENTICATED_API", "true")
    with celery_process(crew, *arguments):
        until(lambda: fetched(f"{at}/healthcheck"), 40)

        def task_seen() -> bool:
            crew.send("note", "in flower")
            time.sleep(0.2)
            return any(task["state"] == "SUCCESS" for task in json.loads(fetched(f"{at}/api/tasks") or b"{}").values())

        until(task_seen)
        workers = json.loads(until(lambda: fetched(f"{at}/api/workers?refresh=1")))
        assert [queue["name"] for queue in workers["crew@test"]["active_queues"]] == ["tasks"]
        assert b"flower_events_total" in (fetched(f"{at}/metrics") or b"")
        with pytest.raises(HTTPError, match="404"):
            # Flower looks into RabbitMQ and Redis only.
            urllib.request.urlopen(f"{at}/api/queues/length", timeout=5)


def test_beat_sends_each_schedule_at_its_own_pace(crew: Site) -> None:
    task = "support.kombu_jetstream.celery_app.note"
    schedule = {
        "often": {"task": task, "schedule": 0.4, "args": ["often"]},
        "seldom": {"task": task, "schedule": 1.0, "args": ["seldom"]},
    }
    with celery_process(crew, "beat", "-s", str(crew.directory / "beat"), beat_schedule=schedule):
        seldom = crew.ledger.wait("ran", 3, name="seldom")
    often = crew.ledger.lines("ran", name="often")
    assert 1.5 < seldom[2]["at"] - seldom[0]["at"] < 5
    assert len(often) > len(seldom)
