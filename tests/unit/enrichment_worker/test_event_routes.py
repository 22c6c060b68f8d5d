from uuid import UUID

import pytest

from contracts.events import (
    EnrichmentOrder,
    EnrichmentRef,
    EnrichmentRequested,
    EntryCreated,
    EntryEnriched,
    EntryErased,
    EntryRef,
    EntryRevised,
    JournalErased,
    JournalRef,
)
from contracts.identifiers import new_id
from enrichment_worker import routes
from enrichment_worker.routes import route


def ref(revision: int = 1) -> EntryRef:
    return EntryRef(journal="diary", entry_id=new_id(), revision=revision)


def test_waiting_events_become_one_embedding_task_and_a_mood_task_each() -> None:
    events = [EntryCreated(data=ref()), EntryRevised(data=ref(2)), EntryCreated(data=ref())]
    embed, *moods = route(events)
    assert embed.task == routes.EMBED
    assert [UUID(one["entry_id"]) for one in embed.args[0]] == [event.data.entry_id for event in events]
    assert [order.task for order in moods] == [routes.INFER_MOOD] * 3
    assert [order.args[0]["revision"] for order in moods] == [1, 2, 1]


def test_every_event_is_settled_by_the_orders_that_it_caused() -> None:
    events = [EntryCreated(data=ref()), EntryErased(data=ref()), EntryCreated(data=ref())]
    because = [set(order.because_of) for order in route(events)]
    assert set.union(*because) == {event.id for event in events}
    assert because[0] == {events[1].id}


def test_a_redelivered_event_orders_the_same_tasks_and_another_event_others() -> None:
    event, other = EntryCreated(data=ref()), EntryCreated(data=ref())
    first, second = ([order.task_id for order in route([event])] for _ in range(2))
    assert first == second
    assert not set(first) & {order.task_id for order in route([other])}
    assert len(set(first)) == 2


def test_erasures_come_first_and_need_no_model() -> None:
    erased, journal = EntryErased(data=ref()), JournalErased(data=JournalRef(journal="diary"))
    orders = route([EntryCreated(data=ref()), erased, journal])
    assert [order.task for order in orders[:2]] == [routes.ERASE_ENTRY, routes.ERASE_JOURNAL]
    assert orders[0].args == ("diary", str(erased.data.entry_id))
    assert orders[1].args == ("diary",)
    assert {order.queue for order in orders[:2]} == {routes.ERASE_QUEUE.name}
    assert not routes.ERASE_QUEUE.needs_model


@pytest.mark.parametrize(
    ("kinds", "tasks"),
    [
        (("mood",), [routes.INFER_MOOD]),
        (("embedding",), [routes.EMBED]),
        (("embedding", "mood"), [routes.EMBED, routes.INFER_MOOD]),
        ((), []),
    ],
)
def test_only_the_kinds_that_are_asked_for_are_made_again(kinds: tuple, tasks: list[str]) -> None:
    data = EnrichmentOrder(journal="diary", entry_id=new_id(), revision=3, kinds=kinds)
    assert [order.task for order in route([EnrichmentRequested(data=data)])] == tasks


def test_results_order_nothing() -> None:
    done = EnrichmentRef(journal="diary", entry_id=new_id(), revision=1, kind="mood")
    assert route([EntryEnriched(data=done)]) == []


def test_no_word_of_a_diary_can_be_in_an_order() -> None:
    for order in route([EntryCreated(data=ref())]):
        (given,) = order.args
        fields = given if isinstance(given, dict) else given[0]
        assert set(fields) == {"journal", "entry_id", "revision"}
