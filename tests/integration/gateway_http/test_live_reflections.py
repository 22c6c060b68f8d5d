"""A reflection while it is written, over WebSocket and as server-sent events. Only the worker is played."""

import time

import httpx
import pytest
from httpx_sse import connect_sse

from contracts.api import RecordReflection
from contracts.identifiers import new_id
from support.http_gateway import HttpGateway
from support.live_reflections import DEADLINE_S, RESULT, TEXT, Asked, ask_for_reflection, heard, watching


@pytest.fixture
def asked(gateway: HttpGateway, writer: httpx.Client, journal: str, entries: str) -> Asked:
    return ask_for_reflection(gateway, writer, journal, entries)


def test_words_arrive_as_they_are_written_and_the_end_holds_all(gateway: HttpGateway, asked: Asked) -> None:
    with watching(gateway, asked.path, gateway.new_key("read")) as opened:
        asked.writes("You walked")
        assert heard(opened) == {"event": "written", "at": 0, "text": "You walked"}
        asked.writes("You walked home")
        assert heard(opened) == {"event": "written", "at": 10, "text": " home"}
        asked.writes(TEXT, questions=("What stayed?",))
        assert heard(opened)["at"] == 15
        assert heard(opened) == {"event": "questions", "questions": ["What stayed?"]}
        asked.ends()
        last = heard(opened)
        assert (last["event"], last["reflection"]["state"]) == ("ended", "done")
        assert last["reflection"]["result"]["text"] == TEXT
        with pytest.raises(Exception, match="1000"):
            opened.recv(timeout=DEADLINE_S)


def test_who_comes_late_gets_what_is_there_then_the_rest(gateway: HttpGateway, asked: Asked) -> None:
    asked.writes("You walked home in the rain.")
    with watching(gateway, asked.path, gateway.new_key("read")) as opened:
        assert heard(opened) == {"event": "written", "at": 0, "text": "You walked home in the rain."}
        asked.ends()
        assert heard(opened)["event"] == "ended"
    with watching(gateway, asked.path, gateway.new_key("read")) as opened:
        assert heard(opened)["reflection"]["result"]["text"] == TEXT, "who comes after the end gets it at once"


def test_another_attempt_starts_over_and_says_so(gateway: HttpGateway, asked: Asked) -> None:
    with watching(gateway, asked.path, gateway.new_key("read")) as opened:
        asked.writes("You ran")
        assert heard(opened)["text"] == "You ran"
        asked.writes("You walked", run=new_id())
        assert heard(opened) == {"event": "restarted"}
        assert heard(opened) == {"event": "written", "at": 0, "text": "You walked"}


def test_who_watches_is_told_when_an_attempt_failed_and_when_the_next_one_begins(
    gateway: HttpGateway, asked: Asked
) -> None:
    with watching(gateway, asked.path, gateway.new_key("read")) as opened:
        asked.writes("You ran")
        assert heard(opened)["text"] == "You ran"
        asked.fails(in_s=120)
        assert heard(opened) == {"event": "restarted"}, "what was written is gone"
        told = heard(opened)
        assert told | {"in_s": 0} == {"event": "retrying", "in_s": 0, "attempt": 1, "reason": "model_unreachable"}
        assert 100 < told["in_s"] <= 120
        # Over the other way in, and late: of the time to wait, what is left.
        gateway.board._clock = lambda: time.monotonic() + 50
        try:
            with gateway.client("read") as reader, connect_sse(reader, "GET", asked.path) as source:
                late = next(source.iter_sse())
        finally:
            gateway.board._clock = time.monotonic
        assert late.event == "retrying"
        assert 50 < late.json()["in_s"] <= 70
        asked.writes("You walked", run=new_id())
        assert heard(opened) == {"event": "written", "at": 0, "text": "You walked"}, "nothing is to be thrown away"


def test_an_attempt_of_which_only_the_end_is_heard_starts_over_too(gateway: HttpGateway, asked: Asked) -> None:
    with watching(gateway, asked.path, gateway.new_key("read")) as opened:
        asked.writes("You ran")
        assert heard(opened)["text"] == "You ran"
        asked.ends()
        assert heard(opened) == {"event": "restarted"}
        assert heard(opened)["reflection"]["result"]["text"] == TEXT


def test_an_end_that_was_not_heard_is_found(gateway: HttpGateway, asked: Asked) -> None:
    with watching(gateway, asked.path, gateway.new_key("read")) as opened:
        asked.writes("You walked")
        assert heard(opened)["event"] == "written"
        report = {"journal": asked.journal, "entry_id": asked.entry_id, "version": 1, "revision": 1, "result": RESULT}
        gateway.run(asked._record(RecordReflection.model_validate(report)))
        assert heard(opened)["event"] == "ended"


def test_the_same_events_come_as_server_sent_events(gateway: HttpGateway, asked: Asked) -> None:
    asked.writes("You walked")
    with gateway.client("read") as reader, connect_sse(reader, "GET", asked.path) as source:
        events = source.iter_sse()
        first = next(events)
        assert (first.event, first.json()["text"]) == ("written", "You walked")
        asked.ends()
        rest = list(events)
    assert rest[-1].event == "ended"
    assert rest[-1].json()["reflection"]["result"]["text"] == TEXT


def test_a_browser_offers_its_key_as_a_subprotocol(gateway: HttpGateway, asked: Asked) -> None:
    asked.ends()
    offered = ["daybook.v1", f"daybook.key.{gateway.new_key('read')}"]
    with watching(gateway, asked.path, None, subprotocols=offered) as opened:
        assert opened.subprotocol == "daybook.v1"
        assert heard(opened)["event"] == "ended"
