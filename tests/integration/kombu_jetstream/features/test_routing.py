"""Which worker gets what: several queues, routes, topic exchanges, priorities, fast and slow workers."""

from collections import Counter

import pytest
from celery.exceptions import QueueNotFound
from kombu import Exchange, Queue

from support.kombu_jetstream.site import Site

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
