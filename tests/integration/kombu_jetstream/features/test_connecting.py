"""Servers that are not there yet, no longer, or somewhere else; and messages as large as they may be."""

import gc
import time
from collections.abc import Callable
from pathlib import Path

import kombu
import pytest
from kombu.exceptions import OperationalError

from kombu_jetstream.errors import MessageTooLarge
from support.kombu_jetstream.site import Site
from support.kombu_jetstream.worker import until
from support.nats_server import NatsServer

MakeSite = Callable[..., Site]


def test_a_worker_that_started_before_the_server_works_once_it_is_up(own_server: NatsServer, tmp_path: Path) -> None:
    site = Site(tmp_path, own_server.url("late"))
    own_server.kill()
    try:
        worker = site.worker("one", "-P", "solo", ready=False)
        until(lambda: "Cannot connect to" in worker.text())
        own_server.start()
        site.send("note", "late")
        site.ledger.wait("ran", name="late")
    finally:
        site.close()


@pytest.mark.features
def test_a_worker_told_not_to_retry_gives_up(own_server: NatsServer, tmp_path: Path) -> None:
    site = Site(tmp_path, own_server.url("none"))
    own_server.kill()
    worker = site.worker("one", "-P", "solo", ready=False, broker_connection_retry_on_startup=False)
    try:
        assert worker.wait_for_exit() != 0
        assert "broker_connection_retry_on_startup=False" in worker.text()
    finally:
        site.close()


@pytest.mark.parametrize("retry", [True, pytest.param(False, marks=pytest.mark.features)])
def test_sending_without_a_server_fails_within_the_retry_policy_and_names_it(
    own_server: NatsServer, tmp_path: Path, retry: bool
) -> None:
    own_server.kill()
    site = Site(tmp_path, own_server.url("down"))
    began_s = time.monotonic()
    policy = {"max_retries": 3, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1}
    with pytest.raises(OperationalError, match="no NATS server at nats"):
        site.send("note", "x", retry=retry, retry_policy=policy)
    # Without the policy kombu itself goes on for `broker_connection_timeout`, 4 s, as with any broker.
    assert time.monotonic() - began_s < 12


def test_sending_over_a_connection_that_was_lost_fails_after_publish_timeout_and_leaves_nothing_behind(
    own_server: NatsServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(tmp_path, own_server.url("lost"), options={"publish_timeout_s": 1.5})
    site.send("note", "kept")
    own_server.kill()
    began_s = time.monotonic()
    with pytest.raises(OperationalError, match=r"no stream confirmed a message on lost\.tasks\.tasks\.0 within 1\.5 s"):
        site.send("note", "x", retry=False)
    assert time.monotonic() - began_s < 5
    with pytest.raises(OperationalError, match="no NATS server at nats"):
        site.send("note", "x")
    own_server.start()
    site.send("note", "again")
    assert until(lambda: site.waiting() == 2)
    site.close()
    gc.collect()
    assert "Task was destroyed" not in caplog.text


def test_sending_goes_on_with_the_next_server_of_the_url(
    own_server: NatsServer, shared_server: NatsServer, tmp_path: Path, prefix: str
) -> None:
    dead = own_server.url(prefix)
    own_server.kill()
    site = Site(tmp_path, f"{dead};{shared_server.url(prefix)}")
    site.worker("one", "-P", "solo")
    try:
        site.send("note", "over there")
        site.ledger.wait("ran", name="over there")
    finally:
        site.close()


@pytest.mark.features
def test_celerys_heartbeat_setting_is_harmless(site: Site) -> None:
    worker = site.worker("one", "-P", "solo", broker_heartbeat=2)
    site.send("note", "x")
    site.ledger.wait("ran")
    assert "heartbeat" not in worker.text().lower()


def test_a_message_of_exactly_max_payload_passes_and_a_byte_more_is_refused(
    shared_server: NatsServer, prefix: str
) -> None:
    with kombu.Connection(shared_server.url(prefix)) as connection:
        queue = kombu.Queue("big")(connection.default_channel)
        queue.declare()
        producer = connection.Producer()
        with pytest.raises(MessageTooLarge) as refused:
            producer.publish(
                b"x" * 2**20, routing_key="big", content_type="application/data", content_encoding="binary"
            )
        over = refused.value.size_bytes - refused.value.limit_bytes
        assert 0 < over < 1000
        fits = 2**20 - over

        def send(size_bytes: int) -> None:
            producer.publish(
                b"x" * size_bytes, routing_key="big", content_type="application/data", content_encoding="binary"
            )

        send(fits)
        with pytest.raises(MessageTooLarge):
            send(fits + 1)
        message = queue.get(accept=["application/data"])
        assert len(message.body) == fits
        message.ack()


def test_a_task_beyond_max_payload_is_told_to_its_sender_at_once(crew: Site) -> None:
    began_s = time.monotonic()
    with pytest.raises(MessageTooLarge, match="pass a reference"):
        crew.send("note", "x" * 2**20)
    assert time.monotonic() - began_s < 2
    fits = "y" * (2**20 - 5000)
    crew.send("note", fits)
    crew.ledger.wait("ran", name=fits)
