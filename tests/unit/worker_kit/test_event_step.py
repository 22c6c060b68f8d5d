"""What becomes of events whose tasks cannot be sent: the step, on a real timer, with a broker that refuses."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery
from kombu.asynchronous.hub import Hub
from kombu.exceptions import OperationalError

from contracts.events import DomainEvent, EntryCreated, EntryErased, EntryRef
from contracts.identifiers import derived_id, new_id
from kombu_jetstream.errors import LinkClosed, NotPermitted
from support.eventually import wait_until
from support.log_lines import log_lines
from worker_kit import EventStepConfig, Order, install_event_step

RETRY_S, BACK_S = 7.0, 70.0


class Delivery:
    """A message that carries an event, and its verdict."""

    def __init__(self, event: DomainEvent, deliveries: int) -> None:
        self.body = event.model_dump_json()
        self.delivery_info = {"deliveries": deliveries}
        self.verdict: object = None

    @property
    def acknowledged(self) -> bool:
        return self.verdict is not None

    def ack(self) -> None:
        assert not self.acknowledged
        self.verdict = "ack"

    def requeue_after(self, delay_s: float) -> None:
        assert not self.acknowledged
        self.verdict = delay_s


class Broker:
    """Takes tasks, and says whether any wait, unless it has a fault."""

    def __init__(self) -> None:
        self.sending_faults: dict[str, Exception] = {}
        self.asking_fault: Exception | None = None
        self.sent: list[str] = []
        self.default_channel = self
        self.connection_errors = self.channel_errors = (OSError,)

    def send_task(self, name: str, **_options: object) -> None:
        if name in self.sending_faults:
            raise self.sending_faults[name]
        self.sent.append(name)

    def queue_declare(self, _queue: str, *, passive: bool) -> Any:
        assert passive
        if self.asking_fault is not None:
            raise self.asking_fault
        return SimpleNamespace(message_count=0)


class Site:
    """The step of a service with one queue, on the hub whose timers it uses."""

    def __init__(self) -> None:
        self.hub = Hub()
        self.broker = Broker()
        self.route_fault: Exception | None = None
        app = Celery("events", broker="memory://", set_as_current=False)
        gathering = EventStepConfig(
            stream="S",
            durable="d",
            route=self._route,
            gather_s=0.01,
            batch_queue="tasks",
            retry_s=RETRY_S,
            back_s=BACK_S,
        )
        install_event_step(app, gathering)
        (step,) = app.steps["consumer"]
        self._step = step(SimpleNamespace(timer=self.hub.timer, connection=self.broker, app=self.broker))

    def _route(self, events: Sequence[DomainEvent]) -> list[Order]:
        if self.route_fault is not None:
            raise self.route_fault
        tasks = ["embed" if isinstance(event, EntryCreated) else "erase" for event in events]
        return [
            Order(task, "tasks", (), derived_id(task, event.id), (event.id,))
            for task, event in zip(tasks, events, strict=True)
        ]

    def deliver(self, kind: type[EntryCreated | EntryErased] = EntryCreated, *, deliveries: int = 1) -> Delivery:
        delivery = Delivery(kind(data=EntryRef(journal="anna", entry_id=new_id(), revision=1)), deliveries)
        self._step.on_message(delivery)
        return delivery

    def settled(self, deliveries: Sequence[Delivery]) -> bool:
        """As far as the timers bring it."""
        self.hub.fire_timers()
        return all(delivery.acknowledged for delivery in deliveries)


@pytest.fixture
def site() -> Site:
    return Site()


def test_an_order_that_is_refused_gives_back_its_own_events_for_longer_each_time(site: Site) -> None:
    site.broker.sending_faults = {"erase": NotPermitted("publish", "tasks.erase")}
    erased = [site.deliver(EntryErased, deliveries=count) for count in (1, 2, 4, 5, 99)]
    created = site.deliver()
    with log_lines() as lines:
        wait_until(lambda: site.settled([*erased, created]))
    assert [delivery.verdict for delivery in erased] == [BACK_S * times for times in (1, 2, 8, 8, 8)]
    assert (created.verdict, site.broker.sent) == ("ack", ["embed"])
    told = [(line["task"], line["error"], line["level"]) for line in lines.of("event.not_ordered")]
    assert told == [("erase", "NotPermitted", "error")] * 5
    site.broker.sending_faults = {}
    taken = site.deliver(EntryErased)
    wait_until(lambda: site.settled([taken]))
    assert (taken.verdict, site.broker.sent) == ("ack", ["embed", "erase"])


@pytest.mark.parametrize("fault", [OSError(), LinkClosed(), OperationalError()], ids=repr)
def test_events_come_again_soon_where_the_broker_is_away(site: Site, fault: Exception) -> None:
    site.broker.sending_faults = {"embed": fault}
    unsent = site.deliver(deliveries=3)
    wait_until(lambda: site.settled([unsent]))
    assert unsent.verdict == RETRY_S


def test_events_of_which_nobody_knows_what_to_do_are_given_back(site: Site) -> None:
    site.route_fault = LookupError("elderflower")
    odd = site.deliver()
    with log_lines() as lines:
        wait_until(lambda: site.settled([odd]))
    assert odd.verdict == BACK_S
    (failed,) = lines.of("event.batch_failed")
    assert (failed["error"], failed["events"]) == ("LookupError", 1)
    assert "elderflower" not in lines.text


def test_one_that_cannot_be_given_back_keeps_no_other(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(_delay_s: float) -> None:
        raise OSError

    site.route_fault = LookupError()
    stuck, other = site.deliver(), site.deliver()
    monkeypatch.setattr(stuck, "requeue_after", closed)
    wait_until(lambda: site.settled([other]))
    assert (stuck.verdict, other.verdict) == (None, BACK_S)


def test_events_do_not_wait_for_a_queue_that_may_not_be_asked_about(site: Site) -> None:
    site.broker.asking_fault = NotPermitted("publish", "$JS.API.CONSUMER.INFO.TASKS")
    taken = site.deliver()
    wait_until(lambda: site.settled([taken]))
    assert taken.verdict == "ack"
