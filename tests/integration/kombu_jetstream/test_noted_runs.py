"""What is noted of a message's earlier runs, on a real nats-server: whoever gets it next knows."""

import kombu
import pytest

from kombu_jetstream import Runs
from support.kombu_jetstream.administration import count_subjects
from support.kombu_jetstream.queues import Connect, declared, only
from support.kombu_jetstream.worker import until
from support.nats_server import NatsServer

KEEP_S = 60


def test_what_is_noted_is_known_at_the_next_delivery_and_of_no_other_message(connect: Connect) -> None:
    connection = connect()
    queue = declared(connection)
    for number in (1, 2):
        connection.Producer().publish(number, routing_key="q")
    first, second = queue.get(), queue.get()
    assert first.earlier_runs == second.earlier_runs == Runs()
    first.note_runs(Runs(2), KEEP_S)
    for message in (first, second):
        message.requeue()
    again = [queue.get() for _ in range(2)]
    assert {message.payload: message.earlier_runs for message in again} == {1: Runs(2), 2: Runs()}


@pytest.mark.parametrize("how", ["requeue", "requeue later", "close"])
def test_a_run_that_is_handed_back_has_ended(connect: Connect, how: str) -> None:
    connection, other = connect(), connect(api_timeout_s=3)
    connection.Producer().publish("x", routing_key="q")
    message = declared(connection).get()
    message.note_runs(Runs(1, unfinished=True), KEEP_S)
    match how:
        case "requeue":
            message.requeue()
        case "requeue later":
            message.requeue_after(0.1)
        case _:
            connection.release()
    assert until(declared(other).get).earlier_runs == Runs(1)


def test_a_run_of_which_nothing_is_heard_any_more_has_not(connect: Connect) -> None:
    # Heartbeats end at once: to the server it is a process that is gone.
    gone, other = connect(max_hold_s=0.1, ack_wait_s=1), connect(ack_wait_s=1)
    gone.Producer().publish("x", routing_key="q")
    held: kombu.Message = declared(gone).get()
    held.note_runs(Runs(1, unfinished=True), KEEP_S)
    assert until(declared(other).get).earlier_runs == Runs(1, unfinished=True)


def test_a_note_is_no_message_and_goes_by_its_age(connect: Connect, shared_server: NatsServer, prefix: str) -> None:
    connection = connect()
    queue = declared(connection)
    connection.Producer().publish("x", routing_key="q")
    message = queue.get()
    message.note_runs(Runs(1), 1)
    state = only(connection)
    assert (state.waiting, state.held, state.given_up) == (0, 1, 0)
    message.ack()
    assert queue.queue_declare(passive=True).message_count == 0
    until(lambda: count_subjects(shared_server.url(), f"{prefix.upper()}_TASKS", ">") == 0)
