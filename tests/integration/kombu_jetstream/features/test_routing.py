"""Which worker gets what: several queues, routes, topic exchanges, priorities, fast and slow workers."""

import time
from collections import Counter

import kombu
import pytest
from celery.exceptions import QueueNotFound
from kombu import Exchange, Queue

from support.kombu_jetstream.site import Site
from support.kombu_jetstream.worker import until
from support.nats_server import NatsServer

NOTE = "support.kombu_jetstream.celery_app.note"


def test_a_worker_of_several_queues_serves_them_all_and_no_other(site: Site) -> None:
    site.worker("one", "-Q", "a,b,c")
    for queue in ("a", "b", "c", "d"):
        for number in range(3):
            site.send("note", f"{queue}{number}", queue=queue)
    site.ledger.wait("ran", 9)
    assert Counter(line["name"][0] for line in site.ledger.lines("ran")) == {"a": 3, "b": 3, "c": 3}


def test_a_topic_exchange_routes_tasks_to_the_queues_whose_patterns_match(site: Site) -> None:
    news = Exchange("news", type="topic")
    queues = [Queue("sport", news, routing_key="news.*.sport"), Queue("all", news, routing_key="news.#")]
    site.client.conf.task_queues = queues
    with site.client.connection_for_write() as connection:
        for queue in queues:
            queue(connection.default_channel).declare()
    site.client.conf.task_routes = {NOTE: {"exchange": "news", "routing_key": "news.uk.sport"}}
    site.send("note", "to both")
    site.send("note", "to one", exchange="news", routing_key="news.fr")
    assert (site.waiting("sport"), site.waiting("all")) == (1, 2)
    site.worker("one", "-Q", "sport,all", "-P", "solo", task_queues=[])
    ran = site.ledger.wait("ran", 3)
    assert Counter(line["name"] for line in ran) == {"to both": 2, "to one": 1}


def test_a_queue_that_is_not_configured_may_be_refused(site: Site) -> None:
    with site.app(task_create_missing_queues=False) as strict, pytest.raises(QueueNotFound):
        strict.send_task(NOTE, args=("x",), queue="misspelt")


def test_a_busy_worker_takes_the_urgent_task_first(site: Site) -> None:
    site.worker("one", "-P", "solo", task_queue_max_priority=9)
    site.client.conf.task_queue_max_priority = 9
    site.send("work", "busy", 1.5)
    site.ledger.wait("began")
    for number in range(6):
        site.send("note", f"low {number}", priority=1)
    site.send("note", "urgent", priority=9)
    ran = site.ledger.wait("ran", 7)
    assert "urgent" in [line["name"] for line in ran[:2]]


def test_a_full_channel_hands_back_what_its_other_queues_brought(shared_server: NatsServer, prefix: str) -> None:
    held: list[kombu.Message] = []
    with kombu.Connection(shared_server.url(prefix)) as full, kombu.Connection(shared_server.url(prefix)) as idle:
        queues = [kombu.Queue(name)(full.default_channel) for name in ("a", "b", "c")]
        with kombu.Consumer(full.default_channel, queues, on_message=held.append, prefetch_count=1):
            for queue in queues:
                idle.Producer().publish(queue.name, routing_key=queue.name)
            full.drain_events(timeout=5)
            [first] = held
            for name in {"a", "b", "c"} - {first.payload}:
                elsewhere = kombu.Queue(name)(idle.default_channel)
                until(elsewhere.get, deadline_s=10).ack()
            first.ack()
            idle.Producer().publish("next", routing_key="c")
            full.drain_events(timeout=5)
            assert held[1].payload == "next"


@pytest.mark.features
@pytest.mark.parametrize("queues", ["a", "a,b,c"], ids=["one queue", "three queues"])
def test_a_fast_worker_takes_nearly_all_from_beside_a_slow_one(site: Site, queues: str) -> None:
    site.worker("slow", "-P", "solo", "-Q", queues, pace_s=3.0)
    site.worker("fast", "-Q", queues, pace_s=0.01)
    names = queues.split(",")
    began_s = time.time()
    for number in range(60):
        site.send("work_at_this_workers_pace", str(number), queue=names[number % len(names)])
    ended = site.ledger.wait("ended", 60, deadline_s=30)
    by = Counter(line["pace_s"] for line in ended)
    took_s = max(line["at"] for line in ended) - began_s
    assert by[3.0] == 1, by
    assert took_s < 3 + 2.5
