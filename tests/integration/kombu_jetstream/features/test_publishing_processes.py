"""Tasks sent from wherever programs send them: threads, forks of every kind, an event loop's executor."""

import asyncio
import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor

import billiard

from support.kombu_jetstream.site import Site
from support.kombu_jetstream.worker import until

NOTE = "support.kombu_jetstream.celery_app.note"


def names(site: Site) -> list[str]:
    return sorted(line["name"] for line in site.ledger.lines("ran"))


def test_a_thread_pool_of_one_program_sends(crew: Site) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: crew.send("note", f"thread {number}"), range(40)))
    until(lambda: sum(name.startswith("thread") for name in names(crew)) == 40)


def test_a_program_that_sent_before_it_forked_sends_from_every_child(crew: Site) -> None:
    """As gunicorn does with `preload_app`."""
    crew.send("note", "preloaded")
    children = []
    for number in range(3):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                for turn in range(3):
                    crew.send("note", f"forked {number}.{turn}")
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
    crew.send("note", "parent")
    crew.ledger.wait("ran", name="parent")
    until(lambda: sum(name.startswith("forked") for name in names(crew)) == 9)


def send_from_process(site: Site, name: str) -> None:
    site.send("note", name)


def test_multiprocessing_and_billiard_children_send(crew: Site) -> None:
    crew.send("note", "first")
    for make in (multiprocessing.get_context("fork").Process, billiard.Process):
        child = make(target=send_from_process, args=(crew, f"by {make.__module__}"))
        child.start()
        child.join(20)
        assert child.exitcode == 0
        crew.ledger.wait("ran", name=f"by {make.__module__}")


def test_a_task_sends_from_threads_and_from_a_fork_of_its_own(crew: Site) -> None:
    crew.send("publish_from_threads", "by a task", 12)
    crew.send("publish_from_a_fork", "by a grandchild")
    crew.ledger.wait("ran", name="parent of by a grandchild")
    crew.ledger.wait("ran", name="by a grandchild")
    until(lambda: sum(name.startswith("by a task") for name in names(crew)) == 12)


async def test_a_program_with_an_event_loop_sends_from_its_executor(crew: Site) -> None:
    await asyncio.gather(*[asyncio.to_thread(crew.send, "note", f"executor {number}") for number in range(10)])
    await asyncio.to_thread(until, lambda: sum(name.startswith("executor") for name in names(crew)) == 10)
