"""Messages that were delivered as often as they may be: told, run again and discarded, on a real nats-server."""

import asyncio
import json
import threading
from collections.abc import Iterator

import kombu
import pytest

from kombu_jetstream import discard, given_up, run_again
from support.kombu_jetstream.administration import as_operator
from support.kombu_jetstream.queues import declared, give_up, only
from support.kombu_jetstream.worker import until
from support.nats_server import NatsServer


@pytest.fixture
def impatient(shared_server: NatsServer, prefix: str) -> Iterator[kombu.Connection]:
    """One delivery a message, no more."""
    options = {"max_deliver": 1, "ack_wait_s": 60}
    with kombu.Connection(shared_server.url(prefix), transport_options=options) as made:
        yield made


def test_messages_given_up_after_max_deliver_are_counted(impatient: kombu.Connection) -> None:
    queue = declared(impatient)
    for number in range(4):
        impatient.Producer().publish(number, routing_key="q")
    queue.get().requeue()
    queue.get().requeue()
    # The server gives a message up when the next one is asked for.
    third = until(queue.get)
    state = until(lambda: (found := only(impatient)).held == 1 and found)
    assert (state.given_up, state.waiting) == (2, 1), "counted while others are held"
    assert given_up(impatient, "q") == [], "and told apart from what is held later"
    third.ack()
    until(lambda: only(impatient).held == 0)
    assert [each.sequence for each in given_up(impatient, "q")] == [1, 2]
    assert (only(impatient).given_up, only(impatient).waiting) == (2, 1)


def test_a_task_given_up_is_told_by_name_and_runs_again_once(impatient: kombu.Connection) -> None:
    queue = declared(impatient, "odd name*")
    headers = {"id": "poison", "task": "diary.note"}
    impatient.Producer().publish({"n": 1}, routing_key="odd name*", headers=headers)
    give_up(impatient, queue)
    (told,) = given_up(impatient, "odd name*")
    assert (told.queue, told.task_id, told.task) == ("odd name*", "poison", "diary.note")
    assert run_again(impatient, "odd name*") == 1
    assert run_again(impatient, "odd name*") == 0
    again = until(queue.get)
    assert (again.payload, again.headers) == ({"n": 1}, headers)
    again.ack()
    until(lambda: (state := only(impatient)).held == state.waiting == state.given_up == 0)


def test_what_was_given_up_can_be_discarded_and_the_rest_stays(impatient: kombu.Connection) -> None:
    queue = declared(impatient)
    impatient.Producer().publish("poison", routing_key="q")
    give_up(impatient, queue)
    impatient.Producer().publish("good", routing_key="q")
    assert given_up(impatient, "another") == []
    assert discard(impatient, "q") == 1
    state = only(impatient)
    assert (state.given_up, state.waiting) == (0, 1)


def test_nothing_counts_as_given_up_while_a_queue_is_busy(connection: kombu.Connection) -> None:
    queue = declared(connection, max_priority=9)
    stop = threading.Event()

    def work() -> None:
        with connection.clone() as own:
            number = 0
            while not stop.is_set():
                own.Producer().publish(number := number + 1, routing_key="q", priority=number % 10)
                if number % 3 and (message := kombu.Queue("q")(own.default_channel).get()):
                    message.ack()

    thread = threading.Thread(target=work)
    thread.start()
    counts = {only(connection).given_up for _ in range(20)}
    stop.set()
    thread.join(20)
    assert counts == {0}
    assert queue.get() is not None


def test_the_server_tells_when_it_gives_a_message_up(
    impatient: kombu.Connection, shared_server: NatsServer, prefix: str
) -> None:
    queue = declared(impatient)
    impatient.Producer().publish("poison", routing_key="q")

    async def advisory(jetstream) -> bytes:
        subject = f"$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.{prefix.upper()}_TASKS.q"
        subscription = await jetstream._nc.subscribe(subject)
        await jetstream._nc.flush()
        await asyncio.to_thread(give_up, impatient, queue)
        return (await subscription.next_msg(10)).data

    told = json.loads(as_operator(shared_server.url(), advisory))
    assert (told["stream_seq"], told["deliveries"]) == (1, 1)
