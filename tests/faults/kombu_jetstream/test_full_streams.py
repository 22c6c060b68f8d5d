"""No room left: the publisher is told at once and why, and what was confirmed before is there."""

import logging
import time
from pathlib import Path

import kombu
import pytest

from kombu_jetstream.errors import ApiError, PublishNotConfirmed, TransportError
from support.kombu_jetstream.administration import create_task_streams
from support.kombu_jetstream.worker import until
from support.nats_server import NatsServer

BODY = "x" * 40_000
AT_ONCE_S = 3.0


def test_a_full_stream_that_refuses_new_messages_is_told_with_its_remedy_and_keeps_the_rest(server: NatsServer) -> None:
    # The server has no schedules on a stream that refuses.
    create_task_streams(server.url(), "full", max_bytes=300_000, discard="new", allow_msg_schedules=False)
    with kombu.Connection(server.url("full")) as connection:
        confirmed, error, took_s = _fill(connection)
        assert isinstance(error, ApiError)
        assert "FULL_TASKS: maximum bytes exceeded; the stream is full: consume or purge" in str(error)
        assert took_s < AT_ONCE_S
        assert _drain(connection) == confirmed
        # There is room again.
        connection.Producer().publish("after", routing_key="full")


def test_a_full_store_is_told_with_its_remedy_and_keeps_the_rest(tmp_path: Path) -> None:
    with (
        NatsServer(tmp_path / "small", storage="max_file_store: 500KB") as small,
        kombu.Connection(small.url("full")) as connection,
    ):
        confirmed, error, took_s = _fill(connection)
        assert isinstance(error, ApiError)
        assert "insufficient resources; raise JetStream's" in str(error)
        assert took_s < AT_ONCE_S
        small.restart()
        assert _drain(connection) == confirmed


@pytest.mark.embedded_only("nats", "the size of its files is limited from outside")
def test_a_disk_that_takes_no_more_confirms_nothing_and_keeps_what_it_confirmed(server: NatsServer) -> None:
    with kombu.Connection(server.url("full"), transport_options={"publish_timeout_s": 1.5}) as connection:
        kombu.Queue("full")(connection.default_channel).declare()
        server.limit_files(500_000)
        confirmed, error, _ = _fill(connection)
        assert isinstance(error, PublishNotConfirmed)
        # A server that could not write wants to be started again, with room.
        server.restart()
        assert _drain(connection)[: len(confirmed)] == confirmed


def test_a_task_stream_that_would_drop_confirmed_tasks_is_warned_of(
    server: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    create_task_streams(server.url(), "lossy", max_bytes=300_000, max_age=600_000_000_000)
    caplog.set_level(logging.WARNING, "kombu_jetstream")
    with kombu.Connection(server.url("lossy")) as connection:
        connection.connect()
    assert "stream LOSSY_TASKS drops confirmed tasks at its limit (max_bytes, max_age): remove the limit" in caplog.text


def _fill(connection: kombu.Connection) -> tuple[list[str], TransportError, float]:
    """(what was confirmed, the error that ended it, how long the last publish took)."""
    queue = kombu.Queue("full")(connection.default_channel)
    queue.declare()
    producer, confirmed = connection.Producer(), list[str]()
    while True:
        name, began_s = f"{len(confirmed)} {BODY}", time.monotonic()
        try:
            producer.publish(name, routing_key="full", serializer="raw", content_encoding="utf-8")
        except TransportError as error:
            return confirmed, error, time.monotonic() - began_s
        confirmed.append(name)
        assert len(confirmed) < 100


def _drain(connection: kombu.Connection) -> list[str]:
    queue = kombu.Queue("full")(connection.default_channel)

    def take() -> str | None:
        message = queue.get()
        if message is None:
            return None
        message.ack()
        return message.payload

    # What was not confirmed may be there as well: nobody was told that it is not.
    first = until(take)
    return [first, *iter(take, None)]
