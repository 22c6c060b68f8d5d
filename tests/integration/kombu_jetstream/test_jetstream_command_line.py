"""`python -m kombu_jetstream` as an operator uses it."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import kombu
import pytest

from kombu_jetstream.__main__ import main
from support.kombu_jetstream.administration import create_events
from support.nats_server import PASSWORD, NatsServer

OPTIONS = {"max_deliver": 1}

Output = pytest.CaptureFixture[str]


@pytest.fixture
def url(shared_server: NatsServer, prefix: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of a prefix with a message, a schedule and an undeclared queue; also where the command line looks for it."""
    url = shared_server.url(prefix)
    with kombu.Connection(url, transport_options=OPTIONS) as connection:
        queue = kombu.Queue("q")(connection.default_channel)
        queue.declare()
        producer = connection.Producer()
        producer.publish("poison", routing_key="q", headers={"id": "p", "task": "diary.poison"})
        producer.publish("good", routing_key="q")
        queue.get().requeue()
        eta = (datetime.now(UTC) + timedelta(seconds=500)).isoformat()
        producer.publish({}, routing_key="q", headers={"id": "x", "task": "diary.note", "eta": eta})
        producer.publish("x", routing_key="forgotten", delivery_mode=2)
    monkeypatch.setenv("KOMBU_JETSTREAM_URL", url)
    return url


@pytest.fixture
def lost(url: str) -> str:
    """The same, and the first message was given up."""
    with kombu.Connection(url, transport_options=OPTIONS) as connection:
        kombu.Queue("q")(connection.default_channel).get().ack()
    return url


def test_status_is_a_table_with_a_line_for_what_needs_somebody(lost: str, capsys: Output) -> None:
    assert main(["status"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["queue", "kind", "waiting", "held", "again", "oldest", "pulls", "later", "next", "due"]
    assert lines[1].split()[:4] == ["forgotten", "undeclared", "1", "0"]
    assert lines[2].startswith("q ")
    assert "in 8 min" in lines[2]
    assert lines[3] == "forgotten: nobody declared this queue; start a worker with -Q, or purge what was sent to it"
    assert "q: 1 message given up after max_deliver deliveries; see python -m kombu_jetstream given-up q" in lines[4]


def test_status_for_programs_is_json(url: str, shared_server: NatsServer, prefix: str, capsys: Output) -> None:
    create_events(shared_server.url(), f"{prefix}_E", "reader", f"{prefix}.v1")
    assert main(["status", url, "--json", "--bound", f"{prefix}_E/reader", "--transient"]) == 0
    told = {state["queue"]: state for state in json.loads(capsys.readouterr().out)}
    assert told["q"]["scheduled"] == 1
    assert datetime.fromisoformat(told["q"]["next_due"]) > datetime.now(UTC)
    assert told[f"{prefix}_E/reader"]["kind"] == "foreign"


def test_a_queue_whose_workers_may_hold_no_more_is_pointed_at(
    shared_server: NatsServer, prefix: str, capsys: Output
) -> None:
    with kombu.Connection(shared_server.url(prefix), transport_options={"max_ack_pending": 1}) as connection:
        queue = kombu.Queue("q")(connection.default_channel)
        queue.declare()
        for _ in range(2):
            connection.Producer().publish("x", routing_key="q")
        assert queue.get() is not None
        assert queue.get() is None
        assert main(["status", shared_server.url(prefix)]) == 0
    assert "q: as many messages are held as max_ack_pending allows" in capsys.readouterr().out


def test_schedules_are_listed_and_cancelled_by_id(url: str, capsys: Output) -> None:
    assert main(["schedules", "--queue", "q"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[1].split()[-2:] == ["x", "diary.note"]
    assert main(["cancel", "x"]) == 0
    assert capsys.readouterr().out == "1 message of task x taken away\n"
    assert main(["cancel", "x", url]) == 1
    assert capsys.readouterr().out == "0 messages of task x taken away\n"
    assert main(["schedules"]) == 0
    assert capsys.readouterr().out == "nothing is scheduled\n"
    assert main(["schedules", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_given_up_messages_are_listed_and_run_again(lost: str, capsys: Output) -> None:
    assert main(["given-up", "q"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[-2:] == ["p", "diary.poison"]
    assert main(["given-up", "q", lost, "--run-again"]) == 0
    assert capsys.readouterr().out == "1 message of queue q sent again\n"
    assert main(["given-up", "q", "--discard"]) == 0
    assert capsys.readouterr().out == "0 messages of queue q removed\n"
    assert main(["given-up", "q"]) == 0
    assert capsys.readouterr().out == "nothing was given up\n"


def test_given_up_messages_of_a_busy_queue_are_told_to_be_there(url: str, capsys: Output) -> None:
    with kombu.Connection(url, transport_options=OPTIONS) as connection:
        good = kombu.Queue("q")(connection.default_channel).get()
        assert main(["given-up", "q", "--run-again"]) == 0
        good.ack()
    captured = capsys.readouterr()
    assert captured.out == "0 messages of queue q sent again\n"
    assert captured.err.startswith("1 message of queue q given up, but 1 held: ")


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["status", "nats://u:s3cret@127.0.0.1:1/x"], 3, "no NATS server at nats://127.0.0.1:1"),
        (["status", "redis://u:s3cret@127.0.0.1:1/x"], 2, "the URL begins with nats://"),
        (["status", "", "--json"], 2, "$KOMBU_JETSTREAM_URL"),
        (["status", "nats://u:s3cret@h/x", "--options", "{"], 2, "no JSON"),
        (["status", "nats://u:s3cret@h/x", "--options", "[]"], 2, "no JSON object"),
        (["status", "nats://u:s3cret@h/x", "--options", '{"colour": 1}'], 2, "unknown option"),
    ],
)
def test_what_goes_wrong_is_one_line_without_secrets(
    arguments: list[str], status: int, told: str, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KOMBU_JETSTREAM_URL", raising=False)
    assert main(arguments) == status
    captured = capsys.readouterr()
    assert captured.out == ""
    assert told in captured.err
    assert "s3cret" not in captured.err
    assert captured.err.count("\n") == 1


def test_a_missing_stream_is_told_with_its_remedy(shared_server: NatsServer, capsys: Output) -> None:
    assert main(["status", shared_server.url("nobody")]) == 4
    told = capsys.readouterr().err
    assert "stream NOBODY_TASKS: stream not found; apply stream_specs(prefix)" in told
    assert PASSWORD not in told


def test_a_wrong_bound_is_a_matter_of_usage(capsys: Output) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["status", "--bound", "no-slash"])
    assert ended.value.code == 2
    assert "is not STREAM/DURABLE" in capsys.readouterr().err


def test_the_module_runs_as_a_program(url: str) -> None:
    environment = {**os.environ, "KOMBU_JETSTREAM_URL": url, "KOMBU_JETSTREAM_OPTIONS": '{"api_timeout_s": 5}'}
    command = [sys.executable, "-m", "kombu_jetstream", "status"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "forgotten" in done.stdout
