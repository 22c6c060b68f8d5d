"""Celery's time limits and `run_async`, in real prefork workers, on asyncio and on uvloop."""

import pytest

from support.kombu_jetstream.worker import until
from support.scripted_ollama import MODEL, Answer, Pause, chat_lines, ndjson
from support.worker_kit.limited_site import LimitedSite

SILENT = Answer([Pause(60)], status=None)
STALLED = ndjson(chat_lines("half of an answer", model=MODEL)[0], end=[Pause(60)])


@pytest.mark.parametrize(("what", "answer"), [("embed", SILENT), ("chat", STALLED)], ids=["silent", "in an answer"])
def test_the_soft_limit_cancels_the_coroutine_and_the_child_goes_on(
    site: LimitedSite, what: str, answer: Answer
) -> None:
    before, limited, after, last = (f"{what} {when}" for when in ("before", "limited", "after", "last"))
    site.ask(before, what)
    site.ledger.wait("answered", name=before)
    connections = site.ollama.connections
    site.ollama.script(f"/api/{what}", answer)
    site.ask(limited, what, soft_limit_s=1.0)
    site.ledger.wait("limited", name=limited)
    assert site.words(limited) == ["asked", "cancelled", "cleaned up", "left", "limited"]
    # The model's server was told at once, so that it stops generating.
    assert site.ollama.requests(f"/api/{what}")[-1].abandoned.wait(5)
    for name in (after, last):
        site.ask(name, what)
        site.ledger.wait("answered", name=name)
    lines = [line for name in (before, limited, after, last) for line in site.ledger.lines("asked", name=name)]
    assert {line["loop"] for line in lines} == {site.loop}
    # One child, which lost the limited task's connection and no other.
    assert len({line["pid"] for line in lines}) == 1
    assert site.ollama.connections == connections + 1
    until(lambda: site.unacked() == 0)


def test_the_coroutines_own_deadline_comes_before_the_soft_limit(site: LimitedSite) -> None:
    site.ollama.script("/api/embed", SILENT)
    site.ask("late", deadline_s=0.5, soft_limit_s=5.0)
    site.ledger.wait("late", name="late")
    assert site.words("late") == ["asked", "cancelled", "cleaned up", "left", "late"]
    assert site.ollama.requests("/api/embed")[-1].abandoned.wait(5)
    until(lambda: site.unacked() == 0)


def test_the_hard_limit_ends_what_does_not_obey_and_the_task_comes_back(site: LimitedSite) -> None:
    site.refuse_to_end("stubborn", soft_limit_s=1.0, hard_limit_s=2.0)
    began = site.ledger.wait("began", 2, name="stubborn")
    site.ledger.wait("answered", name="stubborn")
    # It was asked to end by the soft limit, and by the hard one once more, before it was killed.
    words = site.words("stubborn")
    assert words[:2] == ["began", "cancelled"]
    assert [word for word in words if word != "cancelled"] == ["began", "began", "answered"]
    assert began[0]["pid"] != began[1]["pid"]
    until(lambda: site.unacked() == 0)
