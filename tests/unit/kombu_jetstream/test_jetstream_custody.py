"""What is held is kept, known again, and let go of when it was kept too late. No server."""

import asyncio
import time
from dataclasses import dataclass, field

import nats.errors
import pytest

from kombu_jetstream._connection.duty import keep_up
from kombu_jetstream._link.custody import IN_PROGRESS, Custody
from kombu_jetstream._link.settlements import ACK, Settlements, requeue_verdict
from kombu_jetstream._messages.receipt import Receipt

ACK_WAIT_S = 0.3


@dataclass
class Line:
    """As much of a NATS client as heartbeats and verdicts need."""

    is_connected: bool = True
    broken: bool = False
    sent: list[tuple[str, bytes]] = field(default_factory=list)

    async def publish(self, subject: str, payload: bytes, reply: str = "") -> None:
        if self.broken:
            raise nats.errors.ConnectionClosedError
        self.sent.append((subject, payload))

    async def flush(self) -> None:
        await asyncio.sleep(0)


def delivery(sequence: int, deliveries: int = 1) -> Receipt:
    return Receipt.parse(f"$JS.ACK.S.c.{deliveries}.{sequence}.{sequence}.1700000000.0")


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def custody(line: Line) -> Custody:
    return Custody(line, 0.0)


async def test_a_held_message_is_kept_for_longer_than_ack_wait(custody: Custody, line: Line) -> None:
    first = delivery(1)
    assert custody.take(first, 1.0)
    beating = asyncio.create_task(custody.beat_for_ever())
    await asyncio.sleep(2.0)
    beating.cancel()
    assert not custody.lapsed(first.tag)
    assert line.sent.count((first.tag, IN_PROGRESS)) >= 3


def test_a_second_delivery_of_a_held_message_is_not_taken(custody: Custody) -> None:
    assert custody.take(delivery(1), ACK_WAIT_S)
    assert not custody.take(delivery(1, deliveries=2), ACK_WAIT_S)
    assert len(custody) == 1


def test_what_nobody_kept_for_longer_than_ack_wait_has_lapsed_for_good(custody: Custody, line: Line) -> None:
    first = delivery(1)
    custody.take(first, ACK_WAIT_S)
    time.sleep(ACK_WAIT_S * 1.2)
    assert custody.lapsed(first.tag)
    asyncio.run(custody.beat_all())
    assert line.sent == [(first.tag, IN_PROGRESS)], "its task goes on, and nobody else may have it yet"
    assert custody.lapsed(first.tag)


def test_a_heartbeat_that_may_not_have_arrived_does_not_count(custody: Custody) -> None:
    first, second = delivery(1), delivery(2)
    custody.take(first, ACK_WAIT_S)
    custody.take(second, 60.0)
    custody.doubt(unheard_s=2.0)
    assert custody.lapsed(first.tag)
    assert not custody.lapsed(second.tag)


def test_what_is_read_after_a_standstill_longer_than_its_ack_wait_is_left_alone(custody: Custody) -> None:
    time.sleep(2.1)
    assert not custody.take(delivery(1), ACK_WAIT_S)
    assert custody.take(delivery(2), 60.0)


@pytest.mark.parametrize("how", ["disconnected", "broken"])
def test_without_a_connection_the_time_since_the_last_heartbeat_goes_on(custody: Custody, line: Line, how: str) -> None:
    first = delivery(1)
    custody.take(first, ACK_WAIT_S)
    line.is_connected, line.broken = how != "disconnected", how == "broken"
    time.sleep(ACK_WAIT_S * 1.2)
    asyncio.run(custody.beat_all())
    assert custody.lapsed(first.tag)


async def test_a_lapsed_message_is_acked_but_never_handed_back(custody: Custody, line: Line) -> None:
    settlements = Settlements(line, custody)
    done, unbegun, ours = delivery(1), delivery(2), delivery(3)
    custody.take(done, ACK_WAIT_S)
    custody.take(unbegun, ACK_WAIT_S)
    custody.take(ours, 60.0)
    await asyncio.sleep(ACK_WAIT_S * 1.2)
    settlements.settle(done.tag, ACK)
    settlements.settle(unbegun.tag, requeue_verdict())
    settlements.settle(ours.tag, requeue_verdict())
    await settlements.drain(0.01)
    assert line.sent == [(done.tag, ACK), (ours.tag, b"-NAK")]
    assert len(custody) == 0


async def test_a_duty_that_fails_begins_again(caplog: pytest.LogCaptureFixture) -> None:
    begun, again = [], asyncio.Event()

    async def work() -> None:
        begun.append(1)
        if len(begun) == 1:
            raise RuntimeError("surprise")
        again.set()
        await asyncio.Event().wait()

    duty = asyncio.create_task(keep_up(work))
    async with asyncio.timeout(5):
        await again.wait()
    duty.cancel()
    assert "surprise" in caplog.text
